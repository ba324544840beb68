package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// An object is the JSON object of an answer: its known fields by their own
// names.
type object struct {
	fields  map[string]json.RawMessage
	repairs []string
}

// fieldNames are the fields of an answer, each with the other names that
// models, and earlier prompts, gave it, best first.
var fieldNames = []struct {
	name    string
	aliases []string
}{
	{"type_of_equation", []string{"type_of_equation", "growth_class", "class", "type"}},
	{"upper_bound", []string{"upper_bound", "llm_upper_bound", "least_upper_bound", "bound"}},
	{"complexity", []string{"complexity", "llm_complexity"}},
	{"reasoning", []string{"reasoning", "explanation", "thinking"}},
	{"confidence", []string{"confidence", "llm_confidence"}},
}

var errDuplicate = errors.New("duplicate key")

// findObject finds the one object in a model's text. mend allows repairs, which
// is only right where the model ended by itself: of a text that was cut, a
// mended formula may be a valid wrong one.
func findObject(s string, mend bool) (object, Verdict, string) {
	s, repairs := strip(s)
	o, rest, err := decodeObject(s)
	switch {
	case err == nil && strings.TrimSpace(rest) == "":
		o.repairs = repairs
		return o, "", ""
	case errors.Is(err, errDuplicate):
		return object{}, DuplicateKeys, err.Error()
	}
	strictErr := err
	if err == nil {
		strictErr = errors.New("there is more text after the JSON object")
	}
	// A text that begins as an object and breaks is one object that is
	// broken: what looks like an object inside it is part of a string.
	if err != nil && mend && strings.HasPrefix(s, "{") {
		if o, v, detail := mendObject(s); v != NotJSON {
			if v == "" {
				o.repairs = append(append(repairs, o.repairs...), fmt.Sprintf("the JSON is mended: %v", strictErr))
			}
			return o, v, detail
		} else if detail != "" {
			return object{}, v, detail
		}
	}
	// Objects among other text. One that lacks what an answer must have does
	// not count beside one that has it.
	found, dup := objectsIn(s)
	if dup != nil {
		return object{}, DuplicateKeys, dup.Error()
	}
	if whole := slices.DeleteFunc(slices.Clone(found), func(o object) bool { return !o.whole() }); len(whole) > 0 {
		found = whole
	}
	switch len(found) {
	case 0:
		return object{}, NotJSON, fmt.Sprintf("the answer is not a JSON object: %v", strictErr)
	case 1:
		found[0].repairs = append(repairs, "the text around the JSON object is left out")
		return found[0], "", ""
	}
	return object{}, TwoObjects, fmt.Sprintf("the answer holds %d different JSON objects; exactly one is expected", len(found))
}

// whole reports whether o has what an answer must have.
func (o object) whole() bool {
	return o.fields["type_of_equation"] != nil && o.fields["upper_bound"] != nil
}

var fence = regexp.MustCompile("(?s)^```[A-Za-z0-9_-]*[ \t]*\r?\n(.*?)\r?\n?[ \t]*```$")

// strip takes off what models put around JSON: a byte order mark, what they
// thought aloud, a code fence.
func strip(s string) (string, []string) {
	var repairs []string
	s = strings.TrimSpace(strings.TrimPrefix(s, "\ufeff"))
	// Chat templates swallow the opening tag, so the closing one decides.
	if i := strings.LastIndex(s, "</think>"); i >= 0 {
		s = strings.TrimSpace(s[i+len("</think>"):])
		repairs = append(repairs, "what the model thought aloud is left out")
	}
	if m := fence.FindStringSubmatch(s); m != nil {
		s = strings.TrimSpace(m[1])
		repairs = append(repairs, "a code fence is taken off")
	}
	return s, repairs
}

// decodeObject decodes the object at the start of s strictly and returns what
// follows it. A known field given twice with different values is errDuplicate.
func decodeObject(s string) (object, string, error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	t, err := d.Token()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return object{}, "", err
	}
	if t != json.Delim('{') {
		return object{}, "", fmt.Errorf("it begins with %v, not with {", t)
	}
	all := map[string]json.RawMessage{}
	var dup error
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return object{}, "", err
		}
		name, _ := t.(string)
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return object{}, "", err
		}
		if old, ok := all[name]; ok && !sameJSON(old, v) && known(name) {
			dup = fmt.Errorf("%w: %q is given twice, with different values", errDuplicate, name)
		}
		all[name] = v
	}
	if _, err := d.Token(); err != nil {
		return object{}, "", err
	}
	if dup != nil {
		return object{}, "", dup
	}
	return named(all), s[d.InputOffset():], nil
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

func known(name string) bool {
	for _, f := range fieldNames {
		for _, a := range f.aliases {
			if a == name {
				return true
			}
		}
	}
	return false
}

// named picks the known fields under their own names.
func named(all map[string]json.RawMessage) object {
	o := object{fields: map[string]json.RawMessage{}}
	for _, f := range fieldNames {
		for _, a := range f.aliases {
			if v, ok := all[a]; ok {
				o.fields[f.name] = v
				break
			}
		}
	}
	return o
}

// objectsIn returns the different objects in s that hold a known field, and
// skips over each one, so that nested ones do not count.
func objectsIn(s string) (found []object, dup error) {
	for i := 0; i < len(s); {
		at := strings.IndexByte(s[i:], '{')
		if at < 0 {
			break
		}
		i += at
		o, rest, err := decodeObject(s[i:])
		if errors.Is(err, errDuplicate) {
			return nil, err
		}
		if err != nil || len(o.fields) == 0 {
			i++
			continue
		}
		i = len(s) - len(rest)
		same := false
		for _, f := range found {
			same = same || equalFields(f, o)
		}
		if !same {
			found = append(found, o)
		}
	}
	return found, nil
}

func equalFields(a, b object) bool {
	if len(a.fields) != len(b.fields) {
		return false
	}
	for k, v := range a.fields {
		w, ok := b.fields[k]
		if !ok || !sameJSON(v, w) {
			return false
		}
	}
	return true
}
