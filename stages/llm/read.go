package llm

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/concluder/concluder/stages/expr"
)

// ReaderVersion stands beside every verdict in the journal. It changes when the
// same answer may be read differently; reading old answers anew costs nothing.
const ReaderVersion = "1"

// mostRungs is how many rungs a reading passes at most, the verification included.
const mostRungs = 13

// A reading is one answer, taken through the ladder up to the first rung that
// fails.
type reading struct {
	envelope
	rungs   []Rung
	verdict Verdict
	detail  string
	answer  Answer
}

func (r *reading) pass(name, note string) { r.rungs = append(r.rungs, Rung{name, true, note}) }

func (r *reading) fail(name string, v Verdict, detail string) {
	r.rungs = append(r.rungs, Rung{name, false, detail})
	r.verdict, r.detail = v, detail
}

// read takes a complete 2xx response through the ladder. sent is the size of
// the prompt in bytes, variable the name that the question used.
func read(o *opened, sent int, variable string) reading {
	r := reading{envelope: o.envelope, rungs: make([]Rung, 0, mostRungs)}
	v, detail := o.verdict, o.detail
	switch v {
	case BadContentType:
		r.fail("content type", v, detail)
		return r
	case "", NoChoices:
		r.pass("content type", "")
		r.pass("envelope", "")
	default:
		r.fail("envelope", v, detail)
		return r
	}
	if v == NoChoices {
		r.fail("choices", v, detail)
		return r
	}
	r.pass("choices", strconv.Itoa(o.choices))
	if !r.ended(sent) {
		return r
	}
	fields, ok := r.json()
	if !ok {
		return r
	}
	if !r.fields(fields) {
		return r
	}
	if !r.bound(variable) {
		return r
	}
	r.verdict = Accepted
	return r
}

// ended looks at how the model ended and at what it left.
func (r *reading) ended(sent int) bool {
	switch {
	case r.finish == "content_filter":
		r.fail("finish reason", ContentFilter, "the server withheld the answer: finish_reason is content_filter")
		return false
	case r.refusal != "":
		r.fail("refusal", Refusal, "the model refused: "+clip(oneLine(r.refusal), 200))
		return false
	}
	r.pass("finish reason", cmp.Or(r.finish, "none given"))
	if strings.TrimSpace(r.text) == "" {
		switch {
		case r.finish == "length":
			r.fail("text", Truncated, "the token cap was used up before any text came")
		case r.reasoning != "":
			r.fail("text", Empty, "there is reasoning but no answer")
		default:
			r.fail("text", Empty, "the answer is empty")
		}
		return false
	}
	r.pass("text", fmt.Sprintf("%d bytes", len(r.text)))
	// A server that cuts the prompt at its context size says so nowhere but
	// in the count. No tokenizer takes 40 bytes for one token.
	if r.hasUsage && r.usage.Input > 0 && r.usage.Input < sent/40 {
		r.fail("prompt tokens", PromptCut, fmt.Sprintf("the server counted %d prompt tokens for a prompt of %d bytes: it must have cut the prompt; give it a larger context", r.usage.Input, sent))
		return false
	}
	r.pass("prompt tokens", "")
	if what := degenerate(r.text); what != "" {
		r.fail("degeneracy", Degenerate, what)
		return false
	}
	r.pass("degeneracy", "")
	return true
}

// json finds the one JSON object of the answer.
func (r *reading) json() (object, bool) {
	// Some servers never say why the model ended.
	o, v, detail := findObject(r.text, r.finish == "stop" || r.finish == "")
	if v == "" {
		r.pass("json", strings.Join(o.repairs, "; "))
		r.answer.Repairs = append(r.answer.Repairs, o.repairs...)
		return o, true
	}
	switch {
	case r.finish == "length":
		v, detail = Truncated, "the answer was cut at the token cap"
	case v == NotJSON && refuses(r.text):
		v, detail = Refusal, "the model refused: "+clip(oneLine(r.text), 200)
	case v == NotJSON && echoes(r.text):
		v, detail = Echo, "the answer gives back the instructions"
	case v == NotJSON && r.finish == "":
		detail += "; the server gave no finish reason and may have broken it off"
	}
	r.fail("json", v, detail)
	return object{}, false
}

// refuses recognises the usual openings of a refusal in plain text.
func refuses(s string) bool {
	s = strings.ToLower(strings.ReplaceAll(clip(strings.TrimSpace(s), 80), "’", "'"))
	for _, p := range []string{"i'm sorry", "i am sorry", "sorry,", "i can't", "i cannot", "i'm unable", "i am unable", "i won't", "as an ai"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// bound reads the formula.
func (r *reading) bound(variable string) bool {
	a := &r.answer
	if strings.TrimSpace(a.UpperBound) == "" {
		// Only "unknown" may come without: the caller's envelope stands in.
		r.pass("bound", "none, as the class is unknown")
		return true
	}
	// Not TrimSpace: it would take off the form feed of \frac, and hide that
	// the formula is damaged.
	src := strings.TrimRight(strings.TrimLeft(a.UpperBound, " \n"), " \n\r\t")
	if i := strings.IndexFunc(src, func(c rune) bool { return c < ' ' || c == 0x7f }); i >= 0 {
		r.fail("bound characters", ControlCharacter, fmt.Sprintf("upper_bound holds the control character %q, as \\f of \\frac does when a backslash is not doubled; use no LaTeX and no backslashes", src[i]))
		return false
	}
	if what := degenerateFormula(src); what != "" {
		r.fail("bound characters", Degenerate, what)
		return false
	}
	r.pass("bound characters", "")
	got, err := expr.Parse(src, expr.Prose)
	if err != nil {
		v := UnparsableBound
		var syn *expr.SyntaxError
		if errors.As(err, &syn) && strings.Contains(syn.Msg, "second variable") {
			v = TwoVariables
		}
		r.fail("bound grammar", v, fmt.Sprintf("upper_bound %q does not read: %v", clip(src, 200), err))
		return false
	}
	for _, m := range got.Repairs {
		a.Repairs = append(a.Repairs, "upper_bound, "+m.String())
	}
	r.pass("bound grammar", got.Expr.String())
	if got.Variable != "" && got.Variable != variable && !usualVariable(got.Variable) {
		r.fail("bound variable", WrongVariable, fmt.Sprintf("upper_bound uses %q; the variable is %s", clip(got.Variable, 40), variable))
		return false
	}
	if constant(got.Expr) {
		if a.TypeOfEquation != "unknown" {
			r.fail("bound variable", Trivial, fmt.Sprintf("upper_bound %q is constant, which is no bound of %s growth; it must depend on %s", clip(src, 80), a.TypeOfEquation, variable))
			return false
		}
		r.pass("bound variable", "constant, as the class is unknown")
	} else {
		r.pass("bound variable", got.Variable)
	}
	a.Bound = got.Expr
	return true
}

// constant reports whether a formula has the same value everywhere, as
// 5.24*x0^0 has.
func constant(e expr.Expr) bool {
	if !e.HasVar() {
		return true
	}
	first := e.Float(1)
	for _, x := range []float64{2, 3, 10, 1e3, 1e6} {
		if !(e.Float(x) == first) {
			return false
		}
	}
	return true
}

// usualVariable reports the names that models give the one variable of a
// formula: any of these is taken for it, where it stands alone.
func usualVariable(name string) bool {
	switch strings.ToLower(strings.NewReplacer("_", "", "{", "", "}", "", "₀", "0").Replace(name)) {
	case "x", "x0", "n", "k":
		return true
	}
	return false
}
