package growth

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func quadratic() Series {
	r := rand.New(rand.NewPCG(2, 2))
	var s Series
	for i := 1; i <= 60; i++ {
		x := 1000 * float64(i)
		s.X = append(s.X, x)
		s.Y = append(s.Y, math.Round(100*(0.2+3e-8*x*x*math.Exp(0.05*r.NormFloat64())))/100)
	}
	return s
}

func TestJudge(t *testing.T) {
	s := quadratic()
	a := Analyze(s, Options{})
	if a.Class != Polynomial {
		t.Fatalf("a quadratic is %s: %s", a.Class, a.Reasoning)
	}
	eq := StudyEquation(parse(t, "3e-8*x0**2 + 0.2"), s)
	if !eq.Used || eq.Class != Polynomial {
		t.Fatalf("equation: %+v", eq)
	}
	for _, tt := range []struct {
		bound     string
		claimed   Class
		check     string
		objection string
	}{
		{"x0**2", Polynomial, "", ""},
		{"4e-8*x0**2 + x0 + 1", Polynomial, "", ""},
		{"x0**2", "", "", ""},
		{"x0**2.2", Polynomial, "", ""}, // an exponent may be rounded up
		{"17", Polynomial, CheckTrivial, "does not depend"},
		{"0.9**x0", Exponential, CheckTrivial, "does not grow"},
		{"-x0**2", Polynomial, CheckTrivial, "negative"},
		{"x0**2", Linear, CheckClass, "must agree"},
		{"x0", Linear, CheckSlow, "too slowly"},
		{"x0**3", Polynomial, CheckLoose, "too fast"},
		{"exp(0.001*x0)", Exponential, CheckLoose, "too fast"},
		{"sqrt(70000 - x0)", "", CheckTrivial, ""},
		{"x0**2*log(x0)", Polynomial, CheckEquation, "not a least"},
	} {
		v := Judge(parse(t, tt.bound), tt.claimed, s, a, &eq)
		if v.Check != tt.check || v.Accepted != (tt.check == "") || !strings.Contains(v.Objection, tt.objection) {
			t.Errorf("%s as %q: %q, %q", tt.bound, tt.claimed, v.Check, v.Objection)
		}
		if v.Accepted {
			above(t, v.Bound.Text, s)
			if d := v.Verification.Data; d == nil || d.Dominates == nil || !*d.Dominates || d.Least == nil || !*d.Least {
				t.Errorf("%s: data check %+v", tt.bound, d)
			}
		}
	}
	if v := Judge(parse(t, "x0**2"), Polynomial, s, a, nil); !v.Accepted || v.Verification.Equation != nil {
		t.Errorf("without an equation: %+v", v)
	}
}

// The points overrule an equation of another order: then only the conflict is
// reported.
func TestJudgeAgainstAnEquationThePointsDeny(t *testing.T) {
	s := quadratic()
	a := Analyze(s, Options{})
	eq := StudyEquation(parse(t, "2*exp(7e-5*x0) - 1"), s)
	if !eq.Used || eq.Class != Exponential {
		t.Fatalf("equation: %+v", eq)
	}
	v := Judge(parse(t, "x0**2"), Polynomial, s, a, &eq)
	if !v.Accepted || !v.Verification.ClassConflict || v.Verification.Equation.Dominates == nil || *v.Verification.Equation.Dominates {
		t.Errorf("%+v, equation %+v", v, v.Verification.Equation)
	}
}

func TestStudyEquation(t *testing.T) {
	s := quadratic()
	for text, reason := range map[string]string{
		"3e-8*x0**2":                 "",
		"(x0 - x0*0.9999994)*0.05 ":  "no better than a constant",
		"42.5":                       "constant",
		"200 - 1/x0":                 "no better",
		"40*sin(x0)":                 "no better",
		"3.1e-8*x0**2 - 1e-14*x0**3": "negative for large",
		"log(x0 - 30000)":            "no value at",
		"3.1e-8*x0**2 + 0*x0":        "",
	} {
		q := StudyEquation(parse(t, text), s)
		if q.Used != (reason == "") || !strings.Contains(q.Reason, reason) {
			t.Errorf("%s: used %t, %q", text, q.Used, q.Reason)
		}
	}
}

func TestConcludeAgreesWithItself(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 12))
	for _, tr := range truths {
		s := tr.draw(r, 60, 0.05)
		a := Analyze(s, Options{})
		c := Conclude(s, a, nil)
		above(t, c.Bound.Text, s)
		if c.Class != Unknown {
			if got := Asymptotic(c.Shape).Class; got != c.Class {
				t.Errorf("%s: concluded %s with the shape %s, which is %s", tr.name, c.Class, c.Shape, got)
			}
			if v := Judge(c.Shape, c.Class, s, a, nil); !v.Accepted {
				t.Errorf("%s: its own shape %s is rejected: %s", tr.name, c.Shape, v.Objection)
			}
		}
		if _, err := json.Marshal(c.Verification); err != nil {
			t.Errorf("%s: %v", tr.name, err)
		}
		if a.Winner == nil {
			t.Errorf("%s: no winner", tr.name)
			continue
		}
		eq := StudyEquation(a.Winner.Formula, s)
		if c.Class != Unknown && (!eq.Used || eq.Class != c.Class) {
			t.Errorf("%s: the winning family as equation, %s, is used %t as %s (%s), concluded %s", tr.name, a.Winner.Formula, eq.Used, eq.Class, eq.Reason, c.Class)
		}
	}
}

func TestProveAbove(t *testing.T) {
	for _, tt := range []struct {
		bound, f string
		lo, hi   float64
		want     Proof
	}{
		{"x0**2 + 1", "x0**2", 1, 1e6, Undecided}, // equal to the last digit far out
		{"1.02*x0**2 + 1", "x0**2", 1, 1e6, Above},
		{"x0", "log(x0)", 1, 1e9, Above},
		{"1e3*x0", "x0**2", 1, 1e6, Crossed},
		{"100", "50 + 60*sin(x0)", 0, 100, Crossed},
		{"111", "50 + 60*sin(x0)", 0, 100, Above},
		{"exp(x0)", "1 + x0", 1, 500, Above},
		{"x0", "log(x0 - 3)", 1, 9, Undecided}, // not defined everywhere
	} {
		got, at := ProveAbove(parse(t, tt.bound), parse(t, tt.f), tt.lo, tt.hi)
		if got != tt.want {
			t.Errorf("%s over %s: %v, want %v", tt.bound, tt.f, got, tt.want)
		}
		if got == Crossed && parse(t, tt.bound).Float(at) >= parse(t, tt.f).Float(at) {
			t.Errorf("%s over %s: not crossed at %g", tt.bound, tt.f, at)
		}
	}
}
