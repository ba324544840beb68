package growth

import (
	"math"
	"math/rand"
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

// randomConstant returns an expression without the variable.
func randomConstant(rng *rand.Rand, depth int) expr.Expr {
	if depth <= 1 || rng.Intn(6) == 0 {
		return expr.Num(math.Round(rng.NormFloat64()*300) / 100)
	}
	arg := func() expr.Expr { return randomConstant(rng, depth-1) }
	switch rng.Intn(9) {
	case 0, 1:
		return expr.Add(arg(), arg())
	case 2:
		return expr.Sub(arg(), arg())
	case 3:
		return expr.Mul(arg(), arg())
	case 4:
		return expr.Div(arg(), arg())
	case 5:
		return expr.Exp(arg())
	case 6:
		return expr.Log(arg())
	case 7:
		return expr.Call(expr.OpSqrt, arg())
	}
	return expr.Pow(arg(), arg())
}

// Constants keep their value through every normalisation, and write themselves
// as an expression of that value.
func TestConstantsKeepTheirValue(t *testing.T) {
	rng := rand.New(rand.NewSource(31))
	checked := 0
	for range 4000 {
		e := randomConstant(rng, 5)
		want, err := e.EvalBig(1, 64)
		if err != nil {
			continue
		}
		s := newGrowthScale(4, stepBudget)
		a, err := s.expand(e)
		if err != nil {
			if w, _ := want.Float64(); math.Abs(w) < 1e100 && math.Abs(w) > 1e-100 {
				t.Logf("%s: %v", e, err)
			}
			continue
		}
		w, _ := want.Float64()
		if len(a.terms) == 0 {
			if w != 0 {
				t.Fatalf("%s is %g, not zero", e, w)
			}
			continue
		}
		if len(a.terms) != 1 || len(a.terms[0].m) != 0 || a.rest != nil {
			t.Fatalf("%s is no constant: %+v", e, a)
		}
		c := a.terms[0].c
		checked++
		if got := s.float(c); !sameRatio(got, w) {
			t.Fatalf("%s is %g, got %g", e, w, got)
		}
		if v, err := s.sign(c); err != nil || v != want.Sign() {
			t.Fatalf("%s is %g, got the sign %d, %v", e, w, v, err)
		}
		written, err := c.expression().EvalBig(1, 64)
		if err != nil {
			t.Fatalf("%s is written %s: %v", e, c.expression(), err)
		}
		if got, _ := written.Float64(); !sameRatio(got, w) {
			t.Fatalf("%s is %g, written %s it is %g", e, w, c.expression(), got)
		}
	}
	if checked < 1500 {
		t.Errorf("only %d constants were checked", checked)
	}
}

// Constants that are equal for a reason are zero without any digits.
func TestEqualConstantsCancel(t *testing.T) {
	for _, src := range []string{
		"exp(2.5) - exp(2.5)",
		"exp(2)*exp(3) - exp(5)",
		"exp(2.5)**2 - exp(5)",
		"sqrt(3)*sqrt(3) - 3",
		"2**0.3*2**0.7 - 2",
		"log(3**0.5) - 0.5*log(3)",
		"exp(3*log(2)) - 8",
		"(exp(1) + pi)*2 - 2*pi - 2*E",
		"(log(2) + log(3)) - (log(3) + log(2))",
		"1/(2*exp(3)) - 0.5*exp(-3)",
		"log(exp(2)*5) - 2 - log(5)",
		"factorial(5) - 120",
		"gamma(1) - 1",
	} {
		s := newGrowthScale(4, stepBudget)
		a, err := s.expand(read(t, src))
		if err != nil || !a.exactZero() || len(s.assumptions) > 0 {
			t.Errorf("%s: got %+v, %v, assuming %q", src, a, err, s.assumptions)
		}
	}
}
