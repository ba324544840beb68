package growth

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// An equation rejects a bound only where the points can tell their orders
// apart; whether it does or not, the reason shows in what they differ.
func TestJudgeAgainstTheEquation(t *testing.T) {
	power := func(p, noise float64) Series {
		r := rand.New(rand.NewPCG(2, 2))
		return along(60, func(x float64) float64 { return 3e-3 * math.Pow(x, p) * math.Exp(noise*r.NormFloat64()) })
	}
	exponential := along(60, func(x float64) float64 { return math.Exp(0.1 * x) })
	few := power(2, 0.12)
	few.X, few.Y = few.X[:12], few.Y[:12]
	for _, tt := range []struct {
		s               Series
		equation, bound string
		check           string
		reason          []string
	}{
		{power(2.05, 0.05), "3e-3*x0**2.054", "x0**2.05", "", []string{"x0^2.054", "x0^2.05;", "less than the points can tell"}},
		{power(2.01, 0.05), "3e-3*x0**2.015", "x0**2.01", "", []string{"x0^2.015", "x0^2.01;"}},
		{power(3, 0.05), "3e-3*x0**3.005", "x0**3", "", []string{"x0^3.005", "x0^3;"}},
		{power(3, 0), "3e-3*x0**3.005", "x0**3", "", []string{"x0^3.005", "x0^3;"}},
		{few, "3e-3*x0**2.06", "x0**2", "", []string{"x0^2.06", "x0^2;"}},
		// The data tell these apart.
		{power(2, 0.01), "3e-3*x0**2", "x0**1.8", CheckEquation, []string{"x0^2", "x0^1.8"}},
		{exponential, "exp(0.1*x0)", "exp(0.1001*x0)", "", []string{"exp(0.1*x0)", "exp(0.1001*x0)"}},
		// Far beyond the points the equation is cubic; they bear the square out.
		{power(2, 0.01), "3e-3*x0**2 + 1e-9*x0**3", "x0**2", "", []string{"x0^3", "x0^2"}},
	} {
		a := Analyze(tt.s, Options{})
		eq := StudyEquation(parse(t, tt.equation), tt.s)
		if !eq.Used || eq.Class != a.Class {
			t.Fatalf("%s: %+v, points %s", tt.equation, eq, a.Class)
		}
		v := Judge(parse(t, tt.bound), "", tt.s, a, &eq)
		if v.Check != tt.check || v.Accepted != (tt.check == "") {
			t.Errorf("%s over %s: %q, %s", tt.bound, tt.equation, v.Check, v.Objection)
		}
		q := v.Verification.Equation
		if q == nil || q.Dominates == nil {
			t.Errorf("%s over %s: %+v", tt.bound, tt.equation, q)
			continue
		}
		for _, want := range tt.reason {
			if !strings.Contains(q.Reason, want) {
				t.Errorf("%s over %s: no %q in %q", tt.bound, tt.equation, want, q.Reason)
			}
		}
	}
}
