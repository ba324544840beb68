package stages

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An equationText is an equation as a file has it, before it is parsed.
type equationText struct {
	text    string
	leading *string // the file's own leading term, where it has one
	pysr    bool    // written by PySR, whose powers of bare negative numbers read differently
}

// readEquation reads a JSON object with "equation", a JSON string, plain text,
// or PySR's hall_of_fame.csv, of which sel picks a row. The name is only for
// messages.
func readEquation(name string, data []byte, sel string) (equationText, error) {
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	switch {
	case !utf8.Valid(data):
		return equationText{}, fmt.Errorf("%s: not UTF-8 text", name)
	case len(data) == 0:
		return equationText{}, fmt.Errorf("%s: the file is empty: expected an equation", name)
	case data[0] == '{':
		return equationObject(name, data)
	case data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return equationText{}, jsonError(name, data, err)
		}
		return checkedEquation(name, equationText{text: s})
	case isHallOfFame(data):
		return hallOfFame(name, data, sel)
	}
	return checkedEquation(name, equationText{text: string(data)})
}

func checkedEquation(name string, e equationText) (equationText, error) {
	e.text = strings.TrimSpace(e.text)
	if e.text == "" {
		return e, fmt.Errorf("%s: the equation is empty", name)
	}
	return e, nil
}

func equationObject(name string, data []byte) (equationText, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return equationText{}, jsonError(name, data, err)
	}
	var e equationText
	raw, ok := fields["equation"]
	if !ok {
		return e, fmt.Errorf("%s: no field \"equation\"", name)
	}
	// A bare number is a constant equation.
	var number json.Number
	if err := json.Unmarshal(raw, &e.text); err != nil {
		if err := json.Unmarshal(raw, &number); err != nil {
			return e, fmt.Errorf("%s: \"equation\" is not a string: %s", name, raw)
		}
		e.text = number.String()
	}
	if raw, ok := fields["leading_term"]; ok {
		var s string
		if json.Unmarshal(raw, &s) == nil && strings.TrimSpace(s) != "" {
			e.leading = &s
		}
	}
	return checkedEquation(name, e)
}

// jsonError says where the JSON text is broken. A decoder that reads value by
// value counts from other places, so the whole text is read once more.
func jsonError(name string, data []byte, err error) error {
	var whole any
	var syn *json.SyntaxError
	if again := json.Unmarshal(data, &whole); errors.As(again, &syn) {
		err = syn
		if syn.Offset >= int64(len(data)) {
			line, col := position(data, int64(len(data)))
			return fmt.Errorf("%s:%d:%d: not valid JSON: the file ends in the middle of a value; was it cut off?", name, line, col)
		}
		line, col := position(data, syn.Offset-1)
		return fmt.Errorf("%s:%d:%d: not valid JSON: %w", name, line, col, err)
	}
	return fmt.Errorf("%s: not valid JSON: %w", name, err)
}

func isHallOfFame(data []byte) bool {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	low := bytes.ToLower(first)
	return bytes.Contains(low, []byte("complexity")) && bytes.Contains(low, []byte("equation"))
}

// A fameRow is one row of a hall of fame: the best equation of its complexity.
type fameRow struct {
	complexity int
	loss       float64
	equation   string
	score      float64
}

// hallOfFame picks a row as PySR's model_selection does: "accuracy" the least
// loss, "score" the steepest fall of log loss per unit of complexity, "best"
// the highest score among rows whose loss is within 1.5 of the least.
func hallOfFame(name string, data []byte, sel string) (equationText, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.TrimLeadingSpace = true
	all, err := r.ReadAll()
	if err != nil {
		return equationText{}, fmt.Errorf("%s: %w", name, err)
	}
	column := map[string]int{}
	for i, h := range all[0] {
		column[strings.ToLower(strings.TrimSpace(h))] = i
	}
	if _, ok := column["loss"]; !ok {
		if i, ok := column["mse"]; ok {
			column["loss"] = i // the name before PySR 0.9
		}
	}
	for _, want := range []string{"complexity", "loss", "equation"} {
		if _, ok := column[want]; !ok {
			return equationText{}, fmt.Errorf("%s:1: no column %q: expected a hall of fame with complexity, loss and equation", name, want)
		}
	}
	var rows []fameRow
	for i, rec := range all[1:] {
		row := fameRow{equation: strings.TrimSpace(rec[column["equation"]])}
		if row.complexity, err = strconv.Atoi(strings.TrimSpace(rec[column["complexity"]])); err != nil {
			return equationText{}, fmt.Errorf("%s:%d: complexity is %q, not a whole number", name, i+2, rec[column["complexity"]])
		}
		if row.loss, err = strconv.ParseFloat(strings.TrimSpace(rec[column["loss"]]), 64); err != nil {
			return equationText{}, fmt.Errorf("%s:%d: loss is %q, not a number", name, i+2, rec[column["loss"]])
		}
		if math.IsNaN(row.loss) || row.equation == "" {
			continue
		}
		if n := len(rows); n > 0 {
			row.score = math.Inf(1)
			if prev := rows[n-1]; row.loss > 0 && row.complexity != prev.complexity {
				row.score = -math.Log(row.loss/prev.loss) / float64(row.complexity-prev.complexity)
			}
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return equationText{}, fmt.Errorf("%s: the hall of fame has no usable row", name)
	}
	return checkedEquation(name, equationText{text: selectRow(rows, sel).equation, pysr: true})
}

func selectRow(rows []fameRow, sel string) fameRow {
	least := rows[0]
	for _, r := range rows {
		if r.loss < least.loss {
			least = r
		}
	}
	if sel == "accuracy" {
		return least
	}
	best, found := least, false
	for _, r := range rows {
		if sel == "best" && r.loss > 1.5*least.loss {
			continue
		}
		if !found || r.score > best.score {
			best, found = r, true
		}
	}
	return best
}
