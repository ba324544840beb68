package stages

import (
	"bytes"
	"fmt"
	"os"
	pathpkg "path"
	"path/filepath"
	"strings"
)

// A NoMeasurementsError says that a folder holds nothing to draft a pipeline
// file from, and why what it does hold is no measurements.
type NoMeasurementsError struct {
	Dir   string
	Files int      // that were there, hidden ones and results left aside
	Seen  []string // the most likely groups of them, each with what it lacks
}

func (e *NoMeasurementsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no measurements in %s, nor in the folders below it: expected a .json, .csv or .tsv file for each instance, of records with two numbers such as {\"size\": 100, \"seconds\": 0.2}", e.Dir)
	for _, s := range e.Seen {
		b.WriteString("\n  " + s)
	}
	seen := "1 file was"
	if e.Files != 1 {
		seen = fmt.Sprintf("%d files were", e.Files)
	}
	fmt.Fprintf(&b, "\n  %s looked at, at most %d folders deep; what is hidden, and results of a run, are left out", seen, draftDepth)
	return b.String()
}

// lacks says why a group of files is no measurements, of which it opens a few.
func (g fileGroup) lacks(dir string, files []string) string {
	pattern := pathpkg.Join(g.folder, "*"+g.ext)
	if len(files) == 1 {
		pattern = ""
	}
	samples := spread(files)
	why := ""
	for _, f := range samples {
		fields, err := numberFields(dir, f)
		switch {
		case err != nil:
			why = err.Error()
		case len(fields) == 0:
			why = f + ": no field is a number in most of its records"
		case len(fields) == 1:
			why = fmt.Sprintf("%s: %q alone is a number in most of its records", f, fields[0])
		default:
			continue // alone it would do
		}
		break
	}
	switch {
	case why == "":
		return fmt.Sprintf("%s: no two fields are numbers in most of the files", pattern)
	case pattern == "":
		return why
	}
	return fmt.Sprintf("%s, %d files: %s", pattern, len(files), why)
}

// numberFields returns the fields of a file below dir that are usable numbers
// in most of its records. The error says why it holds no records.
func numberFields(dir, file string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, cause(err))
	}
	switch {
	case isHallOfFame(data):
		return nil, fmt.Errorf("%s: these are PySR's equations", file)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, fmt.Errorf("%s: the file is empty", file)
	}
	records, err := readRecords(file, data)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("%s: it has no records", file)
	}
	var fields []string
	for _, name := range fieldNames(records) {
		usable := 0
		for _, r := range records {
			if _, why := number(r.fields, name); why == "" {
				usable++
			}
		}
		if name != "" && 2*usable > len(records) {
			fields = append(fields, name)
		}
	}
	return fields, nil
}
