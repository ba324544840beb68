package growth

import (
	"math"
	"strings"
	"testing"
)

// A limit hides how large a value would have become: what is concluded is what
// the values below it show, and the bound holds on all of them.
func TestConcludeWithALimit(t *testing.T) {
	for _, tt := range []struct {
		name     string
		f        func(x float64) float64
		n        int
		limit    float64
		censored string
		class    Class
		equation string
		shape    string
	}{
		{"exponential", func(x float64) float64 { return 0.001 * math.Exp(0.1*x) }, 120, 60, "10 points", Exponential, "0.001*exp(0.1*x0)", "exp(0.1*x0)"},
		{"square", func(x float64) float64 { return 0.2 * x * x }, 40, 100, "18 points", Polynomial, "0.2*x0**2", "x0^2"},
		{"line", func(x float64) float64 { return 3*x + 1 }, 40, 61, "21 points", Linear, "3*x0 + 1", "x0"},
		{"logarithm", func(x float64) float64 { return 3 * math.Log(x) }, 60, 9, "40 points", Unknown, "3*log(x0)", "log(x0)"},
	} {
		s := along(tt.n, func(x float64) float64 { return math.Min(tt.f(x), tt.limit) })
		s.Limit = tt.limit
		a := Analyze(s, Options{})
		eq := StudyEquation(parse(t, tt.equation), s)
		if !eq.Used || eq.R2 < 0.999 {
			t.Errorf("%s: the equation is used %t, R2 %g: %s", tt.name, eq.Used, eq.R2, eq.Reason)
		}
		for _, q := range []*Equation{nil, &eq} {
			c := Conclude(s, a, q)
			if c.Class != tt.class || c.Shape.IsZero() || caret(c.Shape) != tt.shape {
				t.Errorf("%s: %s, %s", tt.name, c.Class, c.Bound.Text)
			}
			above(t, c.Bound.Text, s)
			if b := c.Bound.At(1) + c.Bound.At(float64(tt.n)); b > 1.01*(tt.f(1)+tt.f(float64(tt.n))) {
				t.Errorf("%s: the bound %s is far above the curve", tt.name, c.Bound.Text)
			}
			d := c.Verification.Data
			if d == nil || d.Dominates == nil || !*d.Dominates || tt.class != Unknown && (d.Least == nil || !*d.Least) || *d.TightnessAtXmax > 1.1 {
				t.Errorf("%s: %+v", tt.name, d)
			}
			want := tt.censored + " at the limit of " + number(tt.limit) + ": their true values are larger"
			if notes := strings.Join(c.Verification.Notes, "\n"); !strings.Contains(notes, want) {
				t.Errorf("%s: no %q in %q", tt.name, want, notes)
			}
		}
		if v := Judge(parse(t, tt.equation), tt.class, s, a, &eq); !v.Accepted {
			t.Errorf("%s: its own equation is rejected: %s", tt.name, v.Objection)
		}
	}
}
