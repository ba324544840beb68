package expr

import (
	"errors"
	"math"
	"math/rand"
	"testing"

	"github.com/concluder/concluder/stages/expr/ball"
)

func TestSimplify(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		// regression's detours, exactly
		{"x0 - x0*0.9999994", "6e-7*x0"},
		{"-0.07109138*x0 + x0*0.071091644", "2.64e-7*x0"},
		{"x0*3.5e-7 - (x0 - (x0 + 0.76))", "3.5e-7*x0 + 0.76"},
		{"(x0*(-308.76974) - (x0*(-309.76974) + x0))*0.8994003 + 11.23436", "11.23436"},
		{"x0*x0*5.295081e-12", "5.295081e-12*x0**2"},
		{"1*x0**1 + 0*x0", "x0"},
		{"x0 - x0", "0"},
		{"-x0 + x0 + x0**2.5*3e-9", "3e-9*x0**2.5"},
		{"(x0*4.5e-7)**2", "2.025e-13*x0**2"},
		{"(x0*4.5e-7)**2.5", "4.5e-7**2.5*x0**2.5"},
		{"exp(x0 - (x0 - 3.5))", "exp(3.5)"},
		{"exp(x0 - x0)", "1"},
		// numbers
		{"1/3 + 1/6", "0.5"},
		{"1/3*x0", "x0/3"},
		{"2/3*x0", "2*x0/3"},
		{"x0/4", "0.25*x0"},
		{"-1/3", "-1/3"},
		{"10**(-7)*x0", "1e-7*x0"},
		{"2**0.5*2**0.5", "2"},
		{"10**10**10", "10**10000000000"},
		{"5.6e-10097*x0", "5.6e-10097*x0"},
		{"0.1 + 0.2", "0.3"},
		// powers
		{"x0*x0**0.5", "x0**1.5"},
		{"x0**2/x0", "x0"},
		{"x0/x0", "1"},
		{"(x0**2)**0.5", "x0"}, // x0 is positive
		{"((x0 - 5)**2)**0.5", "sqrt((x0 - 5)**2)"},
		{"((x0 - 5)**3)**0.5", "(x0 - 5)**1.5"},
		{"(x0 - 5)**0.5*(x0 - 5)**1.5", "(x0 - 5)**2"},
		{"(x0 + 1)*(x0 + 1)", "(x0 + 1)**2"},
		{"(1 + x0)*(x0 + 1)", "(1 + x0)**2"},
		{"sqrt(x0)*sqrt(x0)", "x0"},
		{"x0**x0*x0", "x0**(x0 + 1)"},
		{"(-2)**0.5", "sqrt(-2)"},
		{"(-2)**3", "-8"},
		{"0**x0", "0**x0"},
		{"x0**0", "1"},
		// exponentials and logarithms
		{"exp(x0)*exp(2*x0)", "exp(3*x0)"},
		{"exp(x0)**0.5", "exp(0.5*x0)"},
		{"E**x0", "exp(x0)"},
		{"E*E", "exp(2)"},
		{"log(exp(x0))", "x0"},
		{"exp(log(x0))", "x0"},
		{"log(E)", "1"},
		{"log(1)", "0"},
		{"Abs(x0)", "x0"},
		{"Abs(-3)", "3"},
		{"Abs(x0 - 5)", "Abs(x0 - 5)"},
		// what is left alone
		{"x0*(x0 + 3)", "x0*(x0 + 3)"},
		{"2*(x0 + 3)", "2*x0 + 6"},
		{"sin(x0 + x0)", "sin(2*x0)"},
		{"Max(x0, 2*x0)", "Max(x0, 2*x0)"},
	} {
		got := Simplify(parse(t, c.src)).String()
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.src, got, c.want)
		}
	}
}

// The simplified form has the same value wherever the original has one, and
// simplifying again changes nothing.
func TestSimplifyKeepsTheValue(t *testing.T) {
	rng := rand.New(rand.NewSource(11))
	compared := 0
	for range 2000 {
		e := randomExpr(rng, 6, true)
		s := Simplify(e)
		if again := Simplify(s); again.String() != s.String() {
			t.Fatalf("%s becomes %s, then %s", e, s, again)
		}
		if r, err := Parse(s.String(), Sympy); err != nil || !r.Expr.Equal(s) {
			t.Fatalf("%s becomes %s, which does not read back: %v", e, s, err)
		}
		for range 2 {
			x := math.Exp(rng.Float64()*10 - 2)
			want, err := e.EvalBig(x, 70)
			if err != nil {
				continue
			}
			got, err := s.EvalBig(x, 70)
			if errors.Is(err, ball.ErrWide) {
				continue
			}
			if err != nil {
				t.Fatalf("%s becomes %s: at %g the first is %g, the second %v", e, s, x, want, err)
			}
			compared++
			if off := relative(got, want); off > 0x1p-69 {
				t.Fatalf("%s becomes %s: at %g the first is %.30g, the second %.30g", e, s, x, want, got)
			}
		}
	}
	if compared < 1000 {
		t.Errorf("only %d values were compared", compared)
	}
}

func TestPrintingReadsBack(t *testing.T) {
	rng := rand.New(rand.NewSource(12))
	for range 20000 {
		e := randomExpr(rng, 7, true)
		text := e.String()
		r, err := Parse(text, Sympy)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !r.Expr.Equal(e) || len(r.Repairs) > 0 || len(r.Alternatives) > 0 {
			t.Fatalf("%s reads as %s, with repairs %v", text, r.Expr, r.Repairs)
		}
	}
}
