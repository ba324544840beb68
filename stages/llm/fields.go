package llm

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// fields checks the object against the schema and fills the answer.
func (r *reading) fields(o object) bool {
	a := &r.answer
	bad := func(format string, args ...any) bool {
		r.fail("fields", BadSchema, fmt.Sprintf(format, args...))
		return false
	}
	raw, ok := o.fields["type_of_equation"]
	if !ok {
		return bad("type_of_equation is missing")
	}
	given := text(raw)
	if a.TypeOfEquation, ok = growthClass(given); !ok {
		return bad("type_of_equation is %s; expected linear, polynomial, exponential or unknown", clip(string(raw), 80))
	}
	if given != a.TypeOfEquation {
		a.Repairs = append(a.Repairs, fmt.Sprintf("type_of_equation %q is taken for %s", clip(given, 80), a.TypeOfEquation))
	}
	raw, ok = o.fields["upper_bound"]
	switch {
	case !ok || string(raw) == "null":
		if a.TypeOfEquation != "unknown" {
			return bad("upper_bound is missing")
		}
	default:
		if a.UpperBound, ok = stringOrNumber(raw); !ok {
			return bad("upper_bound is %s; expected a string with a formula", clip(string(raw), 80))
		}
		if none := strings.ToLower(strings.TrimSpace(a.UpperBound)); none == "" || none == "none" || none == "n/a" || none == "unknown" || none == "null" {
			if a.TypeOfEquation != "unknown" {
				return bad("upper_bound is %q; expected a formula", a.UpperBound)
			}
			a.UpperBound = ""
		}
	}
	// The rest is for people: an answer does not fail for it.
	a.Complexity, _ = stringOrNumber(o.fields["complexity"])
	a.Reasoning = text(o.fields["reasoning"])
	if raw, ok := o.fields["confidence"]; ok && string(raw) != "null" {
		a.Confidence, ok = confidence(raw)
		if !ok {
			a.Repairs = append(a.Repairs, fmt.Sprintf("confidence %s is not a number from 0 to 1 and is left out", clip(string(raw), 40)))
		}
	}
	r.pass("fields", "")
	return true
}

func stringOrNumber(raw json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil && len(raw) > 0 && raw[0] == '"' {
		return s, true
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil && len(raw) > 0 && raw[0] != '"' && string(raw) != "null" {
		return string(n), true
	}
	return "", false
}

// growthClass takes a class by its name, or by a word that can only mean it.
func growthClass(s string) (string, bool) {
	word := strings.ToLower(strings.TrimSpace(s))
	if i := strings.IndexAny(word, " (,;:/-"); i > 0 {
		word = word[:i]
	}
	switch word {
	case "linear", "polynomial", "exponential", "unknown":
		return word, true
	case "quadratic", "cubic", "quartic":
		return "polynomial", true
	}
	return "", false
}

func confidence(raw json.RawMessage) (*float64, bool) {
	s := strings.TrimSpace(text(raw))
	percent := strings.HasSuffix(s, "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, "%")), 64)
	if percent {
		f /= 100
	}
	if err != nil || math.IsNaN(f) || f < 0 || f > 1 {
		return nil, false
	}
	return &f, true
}
