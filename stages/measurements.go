package stages

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// measurements are the usable points of a file.
type measurements struct {
	points [][2]float64
	notes  []string
	header []string // of a table
}

// A record is one measurement as the file has it.
type record struct {
	label  string // for people: `"11"`, `item 3`, `line 7`
	fields map[string]any
}

// readMeasurements reads a JSON object of objects, a JSON array of objects, or
// CSV or TSV with a header. It keeps the records whose x and y are finite and
// not negative, and notes every other one. The name is only for messages.
func readMeasurements(name string, data []byte, x, y string) (*measurements, error) {
	m := new(measurements)
	data = m.text(data)
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: not UTF-8 text: expected JSON, CSV or TSV", name)
	}
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		return nil, fmt.Errorf("%s: the file is empty: expected JSON, CSV or TSV with %q and %q", name, x, y)
	}
	var (
		records []record
		err     error
	)
	switch trimmed[0] {
	case '{', '[':
		records, err = m.json(name, data)
	default:
		records, err = m.table(name, data)
		if err == nil {
			err = m.hasColumns(name, x, y)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := m.pick(name, records, x, y); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *measurements) note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}

// text drops a byte order mark.
func (m *measurements) text(data []byte) []byte {
	if rest, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); ok {
		m.note("dropped a byte order mark")
		return rest
	}
	return data
}

// json reads both JSON forms, in the order of the file.
func (m *measurements) json(name string, data []byte) ([]record, error) {
	if fixed, n := nullNonFinite(data); n > 0 {
		m.note("read %d NaN or Infinity, which JSON does not have, as missing", n)
		data = fixed
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	fail := func(err error) error { return jsonError(name, data, err) }
	open, err := dec.Token()
	if err != nil {
		return nil, fail(err)
	}
	var records []record
	seen := map[string]int{}
	for i := 1; dec.More(); i++ {
		label := fmt.Sprintf("item %d", i)
		if open == json.Delim('{') {
			key, err := dec.Token()
			if err != nil {
				return nil, fail(err)
			}
			label = strconv.Quote(key.(string))
		}
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil, fail(err)
		}
		fields, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: %s is %s: expected an object such as {\"x\": 1, \"y\": 2}", name, label, jsonKind(v))
		}
		if at, dup := seen[label]; dup {
			m.note("%s stands twice; the last one counts", label)
			records[at].fields = fields
			continue
		}
		seen[label] = len(records)
		records = append(records, record{label, fields})
	}
	if _, err := dec.Token(); err != nil {
		return nil, fail(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		line, col := position(data, dec.InputOffset())
		return nil, fmt.Errorf("%s:%d:%d: something stands after the end of the JSON value", name, line, col)
	}
	return records, nil
}

// table reads CSV, TSV or semicolon-separated text with a header.
func (m *measurements) table(name string, data []byte) ([]record, error) {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	comma := ','
	for _, c := range []rune{'\t', ';'} {
		if bytes.ContainsRune(first, c) && !bytes.ContainsRune(first, ',') || strings.HasSuffix(name, ".tsv") && c == '\t' {
			comma = c
			break
		}
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = comma, -1, comma != '\t'
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	seen := map[string]bool{}
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
		if seen[header[i]] {
			return nil, fmt.Errorf("%s:1: two columns are named %q: name each column once", name, header[i])
		}
		seen[header[i]] = true
	}
	m.header = header
	var records []record
	for {
		row, err := r.Read()
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := r.FieldPos(0)
		if len(row) > len(header) {
			return nil, fmt.Errorf("%s:%d: %d fields where the header names %d", name, line, len(row), len(header))
		}
		fields := map[string]any{}
		for i, f := range row {
			fields[header[i]] = strings.TrimSpace(f)
		}
		records = append(records, record{fmt.Sprintf("line %d", line), fields})
	}
}

// hasColumns refuses a table, or a text that only looks like one, without the
// columns asked for: also where no row follows the header.
func (m *measurements) hasColumns(name string, columns ...string) error {
	for _, c := range columns {
		if !slices.Contains(m.header, c) {
			return fmt.Errorf("%s: the header has no column %q: it has %s", name, c, quoteAll(m.header))
		}
	}
	return nil
}

// pick turns records into points. A record without a usable x and y is dropped
// with a note; a file in which no record has the column is an error, since
// then the column's name is wrong.
func (m *measurements) pick(name string, records []record, x, y string) error {
	for _, column := range []string{x, y} {
		if len(records) > 0 && !anyHas(records, column) {
			return fmt.Errorf("%s: no record has %q: its fields are %s", name, column, quoteAll(fieldNames(records)))
		}
	}
	const shown = 5
	dropped := map[string][]string{}
	var reasons []string
	for _, r := range records {
		px, why := number(r.fields, x)
		py, whyY := number(r.fields, y)
		if why == "" {
			why = whyY
		}
		if why != "" {
			if dropped[why] == nil {
				reasons = append(reasons, why)
			}
			dropped[why] = append(dropped[why], r.label)
			continue
		}
		m.points = append(m.points, [2]float64{px, py})
	}
	for _, why := range reasons {
		labels, more := dropped[why], ""
		if len(labels) > shown {
			more = fmt.Sprintf(" and %d more", len(labels)-shown)
			labels = labels[:shown]
		}
		m.note("dropped %s%s: %s", strings.Join(labels, ", "), more, why)
	}
	sort.SliceStable(m.points, func(i, j int) bool {
		a, b := m.points[i], m.points[j]
		return a[0] < b[0] || a[0] == b[0] && a[1] < b[1]
	})
	return nil
}

// number reads a field; why says why it is not usable.
func number(fields map[string]any, name string) (v float64, why string) {
	raw, ok := fields[name]
	if !ok || raw == nil || raw == "" {
		return 0, fmt.Sprintf("%s is missing", name)
	}
	var text string
	switch t := raw.(type) {
	case json.Number:
		text = t.String()
	case string:
		text = strings.TrimSpace(t)
	default:
		return 0, fmt.Sprintf("%s is %s, not a number", name, jsonKind(raw))
	}
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && v == 0 || err == nil && v == 0:
		return 0, "" // too small for a float64 is as good as 0, and -0 is 0
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, fmt.Sprintf("%s is not a number", name)
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, fmt.Sprintf("%s is not finite", name)
	case v < 0:
		return 0, fmt.Sprintf("%s is negative", name)
	}
	return v, ""
}

func anyHas(records []record, field string) bool {
	for _, r := range records {
		if _, ok := r.fields[field]; ok {
			return true
		}
	}
	return false
}

func fieldNames(records []record) []string {
	set := map[string]bool{}
	for _, r := range records {
		for f := range r.fields {
			set[f] = true
		}
	}
	names := make([]string, 0, len(set))
	for f := range set {
		names = append(names, f)
	}
	sort.Strings(names)
	return names
}

func quoteAll(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = strconv.Quote(n)
	}
	return strings.Join(q, ", ")
}

func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a bool"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}

// position is the line and column, both from 1, of a byte offset.
func position(data []byte, at int64) (line, col int) {
	at = min(max(at, 0), int64(len(data)))
	before := data[:at]
	line = bytes.Count(before, []byte("\n")) + 1
	col = utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return line, col
}

// nullNonFinite replaces the NaN, Infinity and -Infinity that Python's json
// module writes outside strings by null.
func nullNonFinite(data []byte) ([]byte, int) {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data, 0
	}
	var out bytes.Buffer
	n, inString := 0, false
	for i := 0; i < len(data); {
		c := data[i]
		if inString {
			if c == '\\' && i+1 < len(data) {
				out.WriteByte(c)
				i++
				c = data[i]
			} else if c == '"' {
				inString = false
			}
		} else {
			token := 0
			for _, t := range []string{"NaN", "-Infinity", "Infinity"} {
				if bytes.HasPrefix(data[i:], []byte(t)) {
					token = len(t)
					break
				}
			}
			if token > 0 {
				out.WriteString("null")
				i += token
				n++
				continue
			}
			inString = c == '"'
		}
		out.WriteByte(c)
		i++
	}
	return out.Bytes(), n
}
