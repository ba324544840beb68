package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// digits is how many significant digits of a coefficient are printed.
const digits = 6

// round keeps the digits that are printed, so that the equation in the file is
// the one that was judged.
func round(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return v // NaN or infinite: for the caller to refuse
	}
	return r
}

// String prints e as sympy does.
func (e equation) String() string {
	terms := make([]string, len(e))
	for i, t := range e {
		terms[i] = t.String()
	}
	return strings.Join(terms, " + ")
}

func (t term) String() string {
	c := number(t.coefficient)
	switch t.shape.kind {
	case constant:
		return c
	case x1:
		return c + "*x0"
	case xlog:
		return c + "*x0*log(x0)"
	case x2:
		return c + "*x0**2"
	case x3:
		return c + "*x0**3"
	case power:
		return c + "*x0**" + number(t.shape.parameter)
	default:
		return c + "*exp(" + number(t.shape.parameter) + "*x0)"
	}
}

// number prints a positive float as sympy does: a point always, an exponent
// without leading zeros below a ten-thousandth.
func number(v float64) string {
	if v >= 1e-4 {
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	return mantissa + "e-" + strings.TrimLeft(exponent, "-0")
}

// write stores what was measured and fitted under dir.
func write(dir, name string, points []point, fitted equation) error {
	var table bytes.Buffer
	for i, p := range points {
		entry, err := json.Marshal(p)
		if err != nil {
			return err
		}
		separator := ",\n"
		if i == 0 {
			separator = "{\n"
		}
		fmt.Fprintf(&table, "%s\"%d\": %s", separator, i+1, entry)
	}
	table.WriteString("\n}\n")
	if err := writeFile(filepath.Join(dir, "measurements", name+".json"), table.Bytes()); err != nil {
		return err
	}

	text, err := json.MarshalIndent(map[string]string{
		"equation":     fitted.String(),
		"leading_term": fitted[0].String(),
	}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "equations", name, name+".json"), append(text, '\n'))
}

// writeLabels stores the true class of every subject, measured or not.
func writeLabels(dir string, all []subject) error {
	lines := make([]string, len(all))
	for i, s := range all {
		lines[i] = fmt.Sprintf("%s,%s,T\n", s.name, s.label)
	}
	slices.Sort(lines)
	return writeFile(filepath.Join(dir, "labels.csv"), []byte("instance_name,label,confident\n"+strings.Join(lines, "")))
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
