package growth

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// along gives the values of f at 1 to n.
func along(n int, f func(x float64) float64) Series {
	var s Series
	for i := 1; i <= n; i++ {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, f(float64(i)))
	}
	return s
}

// Exponents are printed plain where the points allow it, and only there.
func TestPlainExponents(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	noisy := func(scatter float64, f func(float64) float64) func(float64) float64 {
		return func(x float64) float64 { return f(x) * math.Exp(scatter*r.NormFloat64()) }
	}
	power := func(p float64) func(float64) float64 {
		return func(x float64) float64 { return math.Pow(x, p) }
	}
	for _, tt := range []struct {
		name           string
		s              Series
		formula, shape string // formula ends so, shape is so
	}{
		{"n^2", along(60, power(2)), "x0**2", "x0^2"},
		{"n^3", along(60, power(3)), "x0**3", "x0^3"},
		{"n^1.5", along(60, power(1.5)), "x0**1.5", "x0^1.5"},
		{"long n^2", along(1000, power(2)), "x0**2", "x0^2"},
		{"n^2, 5 % noise", along(80, noisy(0.05, power(2))), "x0**2", "x0^2"},
		{"n^2.2", along(60, power(2.2)), "x0**2.2", "x0^2.2"},
		{"n^2.05", along(60, power(2.05)), "x0**2.05", "x0^2.05"},
		{"n log n", along(60, func(x float64) float64 { return x * math.Log(x) }), "x0*log(x0)", "x0*log(x0)"},
		{"3n", along(60, func(x float64) float64 { return 3 * x }), "3*x0", "x0"},
		{"2n + 1", along(60, func(x float64) float64 { return 2*x + 1 }), "2*x0 + 1", "x0"},
		{"2^n", along(40, math.Exp2), "exp(0.693147*x0)", "exp(0.693147*x0)"},
		{"200 + exp(.1n)", along(90, func(x float64) float64 { return 200 + math.Exp(0.1*x) }), "exp(0.1*x0) + 200", "exp(0.1*x0)"},
		{"exp(.05n), 3 % noise", along(120, noisy(0.03, func(x float64) float64 { return math.Exp(.05 * x) })), "*x0)", "*x0)"},
	} {
		for _, resamples := range []int{0, -1} {
			a := Analyze(tt.s, Options{Resamples: resamples})
			c := Conclude(tt.s, a, nil)
			if got := a.Winner.Formula.String(); !strings.HasSuffix(got, tt.formula) {
				t.Errorf("%s: the winner is %s (%s), want …%s", tt.name, got, a.Winner.Family, tt.formula)
			}
			if got := caret(c.Shape); !strings.HasSuffix(got, tt.shape) {
				t.Errorf("%s: the shape is %s, want …%s", tt.name, got, tt.shape)
			}
		}
	}
}
