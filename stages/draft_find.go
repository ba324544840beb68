package stages

import (
	"bytes"
	"cmp"
	"io/fs"
	"maps"
	"os"
	pathpkg "path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/concluder/concluder/stages/expr"
)

// A found is what a folder holds that a pipeline file can be drafted from.
type found struct {
	folder, ext  string // of the measurements: "data/times", ".json"; folder is slash-separated, "." for the folder itself
	instances    int
	x, y         string
	fields       []string // of the measurements, whose values are numbers
	equation     string   // a path with instanceMark; "" where there is none
	otherFolders []string // with measurements too
}

// instanceMark stands for the instance's name in a path.
const instanceMark = "${instance}"

// How much of a folder is looked at: deep enough for data/times/*.json and
// results/INSTANCE/file, wide enough for a large data set, and bounded, since
// somebody will try it in a home folder.
const (
	draftDepth   = 4
	draftFiles   = 500_000
	draftSamples = 5
)

// A fileGroup is files of one folder and one extension.
type fileGroup struct{ folder, ext string }

// findMeasurements looks for the folder with the most measurement files of one
// extension.
func findMeasurements(dir string) (*found, error) {
	files, err := listFiles(dir)
	if err != nil {
		return nil, err
	}
	members := map[fileGroup][]string{}
	for _, f := range files {
		switch ext := pathpkg.Ext(f); strings.ToLower(ext) {
		case ".json", ".csv", ".tsv":
			g := fileGroup{pathpkg.Dir(f), ext}
			members[g] = append(members[g], f)
		}
	}
	var groups []fileGroup
	for g := range members {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b fileGroup) int {
		return cmp.Or(len(members[b])-len(members[a]), cmp.Compare(a.folder, b.folder), cmp.Compare(a.ext, b.ext))
	})
	var best *found
	for _, g := range groups {
		fields := commonNumbers(dir, spread(members[g]))
		if len(fields) < 2 {
			continue
		}
		if best != nil {
			if f := g.folder + "/*" + g.ext; len(best.otherFolders) < draftSamples {
				best.otherFolders = append(best.otherFolders, f)
			}
			continue
		}
		best = &found{folder: g.folder, ext: g.ext, instances: len(members[g]), fields: fields}
		best.x, best.y = sizeAndCost(fields)
	}
	if best == nil {
		none := &NoMeasurementsError{Dir: dir, Files: len(files)}
		for _, g := range groups[:min(len(groups), draftSamples)] {
			none.Seen = append(none.Seen, g.lacks(dir, members[g]))
		}
		return nil, none
	}
	best.findEquation(dir, files, members[fileGroup{best.folder, best.ext}])
	return best, nil
}

// listFiles returns the paths of all files in a folder, slash-separated and
// sorted, but for hidden ones and for folders of results.
func listFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if p == dir {
				return err
			}
			return nil // a folder that may not be read holds nothing for us
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case rel == ".":
		case strings.HasPrefix(d.Name(), "."), d.IsDir() && strings.Count(rel, "/") >= draftDepth:
			if d.IsDir() {
				return filepath.SkipDir
			}
		case d.IsDir():
			if _, err := os.Lstat(filepath.Join(p, ".concluder-owner")); err == nil {
				return filepath.SkipDir
			}
		case d.Type().IsRegular():
			files = append(files, rel)
			if len(files) >= draftFiles {
				return filepath.SkipAll
			}
		}
		return nil
	})
	return files, err
}

// spread picks a few of many, evenly.
func spread(all []string) []string {
	if len(all) <= draftSamples {
		return all
	}
	picked := make([]string, draftSamples)
	for i := range picked {
		picked[i] = all[i*(len(all)-1)/(draftSamples-1)]
	}
	return picked
}

// commonNumbers returns the fields that most of some files have in most of
// their records, as numbers, sorted: nil unless most of the files are
// measurements.
func commonNumbers(dir string, files []string) []string {
	counts := map[string]int{}
	for _, f := range files {
		fields, _ := numberFields(dir, f) // what is no measurements has none
		for _, name := range fields {
			counts[name]++
		}
	}
	var fields []string
	for name, n := range counts {
		if 2*n > len(files) {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}

// readRecords reads the records of a file of measurements, whatever fields
// they have.
func readRecords(name string, data []byte) ([]record, error) {
	m := new(measurements)
	data = m.text(data)
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		return m.json(name, data)
	}
	return m.table(name, data)
}

// Words that fields for costs and for sizes have in their names.
var (
	costWords = []string{"time", "second", "duration", "elapsed", "runtime", "cost", "cpu", "memory", "bytes", "steps", "latency", "ms"}
	sizeWords = []string{"size", "length", "count", "number", "num", "vars", "clauses", "nodes", "depth", "bound", "width", "input", "n", "k", "x"}
)

// sizeAndCost guesses which of some fields is the size and which the cost that
// grows with it. Where the names say nothing the first two stand in.
func sizeAndCost(fields []string) (x, y string) {
	score := func(name string, words []string) int {
		low := strings.ToLower(name)
		for i, w := range words {
			if low == w || len(w) > 2 && strings.Contains(low, w) || strings.HasSuffix(low, "_"+w) {
				return len(words) - i
			}
		}
		return 0
	}
	best := func(words []string, not string) string {
		name, most := "", -1
		for _, f := range fields {
			if s := score(f, words); f != not && s > most {
				name, most = f, s
			}
		}
		return name
	}
	if y = best(costWords, ""); score(y, costWords) == 0 {
		return fields[0], fields[1]
	}
	return best(sizeWords, y), y
}

// findEquation looks for files beside the measurements that hold an equation
// for each instance, in a place that follows from the instance's name.
func (f *found) findEquation(dir string, files, measurements []string) {
	own := pathpkg.Join(f.folder, instanceMark+f.ext)
	counts := map[string]int{}
	samples := spread(measurements)
	for _, m := range samples {
		name := strings.TrimSuffix(pathpkg.Base(m), f.ext)
		for _, file := range files {
			if p, ok := placeOf(file, name); ok && p != own && isEquation(filepath.Join(dir, filepath.FromSlash(file))) {
				counts[p]++
			}
		}
	}
	most := 0
	for _, p := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[p]; n > most && 2*n > len(samples) {
			f.equation, most = p, n
		}
	}
}

// placeOf is a file's path with the mark in place of the instance's name,
// where one of its folders is called so, or it is, whatever its extension.
func placeOf(file, instance string) (string, bool) {
	parts := strings.Split(file, "/")
	marked := false
	for i, p := range parts {
		last := i == len(parts)-1
		switch {
		case p == instance:
			parts[i], marked = instanceMark, true
		case last && strings.TrimSuffix(p, pathpkg.Ext(p)) == instance:
			parts[i], marked = instanceMark+pathpkg.Ext(p), true
		}
	}
	return strings.Join(parts, "/"), marked
}

// isEquation reports whether a file holds an equation. Of plain text only .txt
// files count: a table of numbers reads as a sum as well.
func isEquation(file string) bool {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".json", ".csv", ".txt":
	default:
		return false
	}
	info, err := os.Stat(file)
	if err != nil || info.Size() > 1<<20 {
		return false
	}
	data, err := os.ReadFile(file)
	if err != nil || strings.EqualFold(filepath.Ext(file), ".csv") && !isHallOfFame(data) {
		return false
	}
	text, err := readEquation(file, data, "best")
	if err != nil {
		return false
	}
	dialect := expr.Sympy
	if text.pysr {
		dialect = expr.PySR
	}
	_, err = expr.Parse(text.text, dialect)
	return err == nil
}
