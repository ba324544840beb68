package growth

import (
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

func FuzzCompare(f *testing.F) {
	for _, p := range [][2]string{
		{"x0", "x0**2"}, {"exp(exp(x0 + 1/x0))", "exp(exp(x0))"}, {"x0 - x0*0.9999994", "x0"}, {"log(log(x0))", "x0**0.001"},
		{"factorial(x0)", "x0**x0"}, {"sin(x0)*x0", "floor(x0)"}, {"10**10**10*x0", "5e-9999*x0**2"}, {"(x0 + 1)**1.5 - x0**1.5", "sqrt(x0)"},
		{"sqrt(2)*sqrt(3)*x0 - sqrt(6)*x0", "1"}, {"Max(x0, 3)**Min(x0, 0.5)", "Abs(x0 - 5)"}, {"tanh(x0) - 1", "exp(-2*x0)"},
		{"atan(x0) - pi/2", "erf(1/x0)"}, {"exp(x0)/(1 - 1/x0) - exp(x0)", "exp(x0)/x0"}, {"gamma(exp(x0))", "exp(exp(x0))"},
		{"x0**(x0**0.059)*1.6e-13", "exp(x0**0.06)"}, {"1.12**(1.26**(x0**0.16 - 1.07) + 3.36)", "exp(x0**0.2)"},
	} {
		f.Add(p[0], p[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		left, err := expr.Parse(a, expr.Auto)
		if err != nil {
			return
		}
		right, err := expr.Parse(b, expr.Auto)
		if err != nil {
			return
		}
		var fg, gf Comparison
		if !timely(func() { fg = Compare(left.Expr, right.Expr) }) {
			t.Fatalf("%s beside %s takes too long", left.Expr, right.Expr)
		}
		gf = Compare(right.Expr, left.Expr)
		if fg.Order != Unresolved && gf.Order != Unresolved && ((fg.Order == Smaller) != (gf.Order == Larger) || (fg.Order == Same) != (gf.Order == Same)) {
			t.Fatalf("%s beside %s is %v, the other way round %v", left.Expr, right.Expr, fg.Order, gf.Order)
		}
		var as Asymptote
		if !timely(func() { as = Asymptotic(left.Expr) }) {
			t.Fatalf("%s takes too long", left.Expr)
		}
		if (as.Fine == FineUnresolved || as.Fine == FineOscillating) != as.Leading.IsZero() {
			t.Fatalf("%s: %+v", left.Expr, as)
		}
		if as.Sign != 0 {
			if c := Compare(left.Expr, as.Shape); c.Order != Same && c.Order != Unresolved {
				t.Fatalf("%s has the shape %s, but is %v beside it", left.Expr, as.Shape, c.Order)
			}
		}
	})
}
