package growth

import (
	"math"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

func TestAsymptotic(t *testing.T) {
	for _, c := range []struct {
		src     string
		text    string
		class   Class
		leading string
		shape   string
	}{
		// every class
		{"5", "constant", Unknown, "5", "1"},
		{"x0 - x0", "constant, zero", Unknown, "0", "1"},
		{"3*log(x0)**2 + 5", "logarithmic", Unknown, "3*log(x0)**2", "log(x0)**2"},
		{"log(log(x0))", "logarithmic", Unknown, "log(log(x0))", "log(log(x0))"},
		{"x0**0.38", "sublinear, degree 0.38", Unknown, "x0**0.38", "x0**0.38"},
		{"x0/log(x0)", "sublinear, degree 1 with a logarithmic factor", Linear, "x0*log(x0)**(-1)", "x0*log(x0)**(-1)"},
		{"exp(sqrt(log(x0)))", "sublinear, slower than any power of x", Unknown, "exp(log(x0)**0.5)", "exp(log(x0)**0.5)"},
		{"x0**0.93", "sublinear, degree 0.93", Linear, "x0**0.93", "x0**0.93"},
		{"3.4e-7*x0 + 0.76", "linear", Linear, "3.4e-7*x0", "x0"},
		{"2*x0*log(x0) + x0", "linearithmic", Linear, "2*x0*log(x0)", "x0*log(x0)"},
		{"x0**1.07", "polynomial, degree 1.07", Linear, "x0**1.07", "x0**1.07"},
		{"x0**1.15", "polynomial, degree 1.15", Linear, "x0**1.15", "x0**1.15"},
		{"x0**1.16", "polynomial, degree 1.16", Polynomial, "x0**1.16", "x0**1.16"},
		{"x0**2 + x0", "polynomial, degree 2", Polynomial, "x0**2", "x0**2"},
		{"4*x0**2*log(x0)", "polynomial, degree 2 with a logarithmic factor", Polynomial, "4*x0**2*log(x0)", "x0**2*log(x0)"},
		{"exp(log(x0)**2)", "quasi-polynomial, log grows as (log x)^2", Exponential, "exp(log(x0)**2)", "exp(log(x0)**2)"},
		{"x0**log(log(x0))", "quasi-polynomial, log grows as (log x)^1", Exponential, "exp(log(x0)*log(log(x0)))", "exp(log(x0)*log(log(x0)))"},
		{"exp(x0**0.18 - 9)", "stretched exponential, log grows as x^0.18", Exponential, "0.00012340980408668*exp(x0**0.18)", "exp(x0**0.18)"},
		{"x0**(x0**0.05)", "stretched exponential, log grows as x^0.05 with a slower factor", Exponential, "exp(x0**0.05*log(x0))", "exp(x0**0.05*log(x0))"},
		{"exp(5.8e-5*x0 + 1.3)", "exponential", Exponential, "3.66929666761924*exp(5.8e-5*x0)", "exp(5.8e-5*x0)"},
		{"1.05**x0", "exponential", Exponential, "1.05**x0", "1.05**x0"},
		{"factorial(x0)", "factorial-like", Exponential, "2.506628274631*x0**0.5*exp(x0*log(x0) - x0)", "x0**0.5*exp(x0*log(x0) - x0)"},
		{"x0**x0", "factorial-like", Exponential, "exp(x0*log(x0))", "exp(x0*log(x0))"},
		{"exp(x0**1.5)", "super-exponential, log grows as x^1.5", Exponential, "exp(x0**1.5)", "exp(x0**1.5)"},
		{"exp(x0*log(x0)**2)", "super-exponential, log grows as x^1 with a slower factor", Exponential, "exp(x0*log(x0)**2)", "exp(x0*log(x0)**2)"},
		{"exp(exp(x0**0.16))", "double exponential, log log grows as x^0.16", Exponential, "exp(exp(x0**0.16))", "exp(exp(x0**0.16))"},
		{"exp(exp(exp(x0)))", "double exponential", Exponential, "exp(exp(exp(x0)))", "exp(exp(exp(x0)))"},
		{"0.9**x0", "decreasing", Unknown, "0.9**x0", "0.9**x0"},
		{"1/x0 + exp(-x0)", "decreasing", Unknown, "x0**(-1)", "x0**(-1)"},
		{"x0*sin(x0)", "oscillating", Unknown, "", ""},

		{"exp(100000000)*x0", "linear", Linear, "exp(100000000)*x0", "x0"},

		// what regression writes
		{"x0 - x0*0.9999994 + 12.5", "linear", Linear, "6e-7*x0", "x0"},
		{"(x0*(-308.76974) - (x0*(-309.76974) + x0))*0.8994003 + 11.23436", "constant", Unknown, "11.23436", "1"},
		{"exp(-x0**0.196 + x0**0.211 - x0 + x0)", "stretched exponential, log grows as x^0.211", Exponential, "exp(x0**0.211 - x0**0.196)", "exp(x0**0.211 - x0**0.196)"},
		{"-x0**3 + 27.8*x0**2", "polynomial, degree 3, negative", Polynomial, "-x0**3", "x0**3"},
		{"exp(-exp(-x0**29))", "constant", Unknown, "1", "1"},
		{"x0**2*exp(x0**(-264.0593))", "polynomial, degree 2", Polynomial, "x0**2", "x0**2"},
		{"2.4e-7*x0*exp(x0**0.13188298)", "stretched exponential, log grows as x^0.1319", Exponential, "2.4e-7*x0*exp(x0**0.13188298)", "x0*exp(x0**0.13188298)"},
		{"exp(x0*(-1.0000013) + x0 - 2.1651874)**(-1.1562597)", "exponential", Exponential, "12.2254388634558*exp(1.50313761e-6*x0)", "exp(1.50313761e-6*x0)"},
		{"2*x0 + sin(x0)", "linear", Linear, "2*x0", "x0"},
	} {
		a := Asymptotic(read(t, c.src))
		if a.Text != c.text || a.Class != c.class || a.Leading.String() != c.leading || a.Shape.String() != c.shape {
			t.Errorf("%s:\n got %q, %s, leading %s, shape %s %s\nwant %q, %s, leading %s, shape %s", c.src, a.Text, a.Class, a.Leading, a.Shape, a.Reason, c.text, c.class, c.leading, c.shape)
		}
	}
}

func TestAsymptoticSaysWhatIsDoubtful(t *testing.T) {
	for _, c := range []struct{ src, note string }{
		{"-179.7251*x0 + x0*179.72513", "uncertain by 35 %"},
		{"-8.2745*x0 + x0*8.2745001 + 3", "were the doubtful coefficients zero, the growth would be constant"},
		{"-8.2745*x0 + x0*8.27450 + 3", "terms cancel exactly as written"},
	} {
		a := Asymptotic(read(t, c.src))
		if got := strings.Join(a.Notes, "; "); !strings.Contains(got, c.note) {
			t.Errorf("%s: %q says nothing of %q", c.src, got, c.note)
		}
	}
	a := Asymptotic(read(t, "-8.2745*x0 + x0*8.2745001 + 3"))
	if a.Fine != FineLinear || a.Variant == nil || a.Variant.Fine != FineConstant {
		t.Errorf("got %+v", a)
	}
	if a := Asymptotic(read(t, "2.5*x0 - 1.5*x0 + 3")); len(a.Notes) > 0 || a.Variant != nil {
		t.Errorf("a plain difference is called doubtful: %q", a.Notes)
	}
}

func TestAsymptoticUnresolved(t *testing.T) {
	for _, c := range []struct{ src, reason string }{
		{"log(5 - x0)", "the logarithm of a number that is negative for large x"},
		{"(5 - x0)**0.5", "a number that is negative for large x has a broken exponent"},
		{"(0.5 - x0)**x0", "a number that is negative for large x has an exponent that varies"},
		{"1/(x0 - x0)", "a division by zero for large x"},
		{"sin(x0)**2 + cos(x0)**2", "an oscillating part leads"},
		{"exp(floor(x0))", "what floor or ceiling leaves decides"},
		{"gamma(-x0)", "the gamma function of an argument that tends to minus infinity"},
		{"log(x0*(sqrt(x0 + 1) - sqrt(x0)) - 1/(sqrt(1 + 1/x0) + 1)*sqrt(x0))", "more arithmetic than is allowed"},
	} {
		a := Asymptotic(read(t, c.src))
		if a.Fine != FineUnresolved || a.Class != Unknown || !strings.Contains(a.Reason, c.reason) || !a.Shape.IsZero() || !a.Leading.IsZero() {
			t.Errorf("%s: got %q (%s), want unresolved: %s", c.src, a.Text, a.Reason, c.reason)
		}
	}
	if a := Asymptotic(expr.Expr{}); a.Fine != FineUnresolved || a.Reason == "" {
		t.Errorf("no expression: got %+v", a)
	}
	if _, ok := Shape(expr.Expr{}); ok {
		t.Error("no expression has a shape")
	}
}

// The leading term is asymptotically equal to the expression, and the shape has
// its order: by the comparator itself, which the oracle has tested.
func TestLeadingTermsHaveTheirOrder(t *testing.T) {
	for _, p := range oracle(t) {
		e := read(t, p.F)
		a := Asymptotic(e)
		if a.Shape.IsZero() || a.Sign == 0 {
			continue
		}
		if c := Compare(e, a.Leading); c.Order != Same || math.Abs(c.Ratio-1) > 1e-13 {
			t.Errorf("%s beside its leading term %s: %v, ratio %v", e, a.Leading, c.Order, c.Ratio)
		}
		if c := Compare(e, a.Shape); c.Order != Same {
			t.Errorf("%s beside its shape %s: %v", e, a.Shape, c.Order)
		}
		if again := Asymptotic(a.Shape); again.Shape.String() != a.Shape.String() || again.Fine != a.Fine {
			t.Errorf("the shape %s of %s has the shape %s", a.Shape, e, again.Shape)
		}
	}
}

func TestPracticalClassIsTotal(t *testing.T) {
	for _, f := range []Fine{FineConstant, FineLogarithmic, FineSublinear, FineLinear, FineLinearithmic, FinePolynomial, FineQuasi, FineStretched, FineExponential, FineFactorial, FineSuper, FineDouble, FineDecreasing, FineOscillating, FineUnresolved, "something else"} {
		switch PracticalClass(f, 2) {
		case Linear, Polynomial, Exponential, Unknown:
		default:
			t.Errorf("%s has the practical class %q", f, PracticalClass(f, 2))
		}
	}
}

func BenchmarkAsymptotic(b *testing.B) {
	for _, c := range []struct{ name, src string }{
		{"linear", "x0*(-0.16295765) + x0*0.04639972 - (-0.116558276)*x0 - 1*1.0 + 0.4259266"},
		{"power", "x0**1.6065722*9.651436e-11"},
		{"stretched", "exp(x0**0.18420449 - x0 + x0 - 11.190794)"},
		{"nested", "exp(exp(0.21627864*(x0**0.15578444 - x0 + x0)))*0.5481537"},
	} {
		e := read(b, c.src)
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				Asymptotic(e)
			}
		})
	}
}
