package expr

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// limit is the longest that one text may take.
const limit = 100 * time.Millisecond

// within runs f and reports whether it stayed under the limit; a machine that
// is busy gets two more tries.
func within(f func()) bool {
	for range 3 {
		start := time.Now()
		f()
		if time.Since(start) < limit {
			return true
		}
	}
	return false
}

func FuzzParse(f *testing.F) {
	for _, c := range readings {
		f.Add(c.src, uint8(c.dialect))
	}
	for _, c := range mistakes {
		if len(c.src) < 100 {
			f.Add(c.src, uint8(c.dialect))
		}
	}
	f.Fuzz(func(t *testing.T, src string, dialect uint8) {
		d := Dialect(dialect % uint8(len(dialectNames)))
		var r Reading
		var err error
		if !within(func() { r, err = Parse(src, d) }) {
			t.Fatalf("%s: %q takes too long to read", d, src)
		}
		if err != nil {
			var e *SyntaxError
			if !errors.As(err, &e) || e.Pos < 0 || e.Pos > len(src) || e.Msg == "" {
				t.Fatalf("%s: %q: %#v is no good error", d, src, err)
			}
			e.Caret()
			return
		}
		for _, one := range append(r.Alternatives, r) {
			checkReading(t, src, one)
		}
	})
}

func checkReading(t *testing.T, src string, r Reading) {
	for _, m := range r.Repairs {
		found := strings.TrimSuffix(m.Found, "…")
		if m.Pos < 0 || m.Pos > len(src) || !strings.HasPrefix(src[m.Pos:], found) {
			t.Fatalf("%q: repair %+v does not stand at its position", src, m)
		}
	}
	e := r.Expr
	if e.IsZero() {
		t.Fatalf("%q reads as nothing", src)
	}
	roundTrip(t, e)
	var s Expr
	if !within(func() { s = Simplify(e) }) {
		t.Fatalf("%s takes too long to simplify", e)
	}
	roundTrip(t, s)
	xs := []float64{0.5, 3, 1e4, 1e9}
	got := make([]float64, len(xs))
	if !within(func() { e.EvalAll(got, xs) }) {
		t.Fatalf("%s takes too long to evaluate", e)
	}
	for i, x := range xs {
		if want := e.Float(x); got[i] != want && (got[i] == got[i] || want == want) {
			t.Fatalf("%s at %g: %g in bulk, %g alone", e, x, got[i], want)
		}
		e.Eval(x)
		e.EvalFloat32(x)
		e.Interval(x, 2*x)
	}
}

func roundTrip(t *testing.T, e Expr) {
	text := e.String()
	if len(text) > maxSource {
		return
	}
	back, err := Parse(text, Sympy)
	if err != nil {
		t.Fatalf("%s does not read back: %v", text, err)
	}
	if !back.Expr.Equal(e) || back.Expr.String() != text || len(back.Repairs) > 0 {
		t.Fatalf("%s reads back as %s, with repairs %v", text, back.Expr, back.Repairs)
	}
}
