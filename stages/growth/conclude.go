package growth

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/concluder/concluder/stages/expr"
)

// Conclude gives class and bound from an analysis and, where there is one, the
// equation (nil for none). It always succeeds for a series with a point; the
// bound holds on every point.
func Conclude(s Series, a *Analysis, eq *Equation) Conclusion {
	c := Conclusion{Class: a.Class, Source: SourceData, Equation: eq, Confidence: a.Confidence, Basis: a.Basis, Reasoning: a.Reasoning}
	c.Verification = Verification{Parsed: true, Notes: append([]string{}, a.Notes...)}
	if eq != nil && eq.Used && eq.Class == a.Class && a.Class != Unknown {
		c.Source = SourceBoth
	}
	c.Verification.ClassConflict = conflict(a, eq)
	level := func(why string) Conclusion {
		c.Bound = Ceiling(s)
		yes, one := true, 1.0
		c.Verification.Data = &DataCheck{Dominates: &yes, Coverage: &one, BindingPoints: c.Bound.Binding}
		c.Verification.Notes = append(c.Verification.Notes, "the bound is the largest value: "+why)
		c.Verification.explainLevel(eq)
		return c
	}
	if a.BelowQuantum || a.extreme {
		return level(a.Basis)
	}
	if a.Class == Unknown && !s.rises() {
		return level("the values do not rise with the sizes beyond chance")
	}
	best, ok := chooseShape(s, a, eq)
	switch {
	case !ok:
		return level("no shape grows over these sizes and can be scaled to them")
	case a.Class == Unknown && best.Flat:
		return level("no shape explains how the values rise")
	}
	c.Shape, c.Bound = best.Bound.Shape, best.Bound
	c.Bound.relax(s)
	c.Verification.Data, c.Verification.Equation = best.data, best.equation
	if a.Class != Unknown && best.objection != "" {
		c.Verification.Notes = append(c.Verification.Notes, "no shape passes every check; this one is the best of those that fail: "+best.objection)
	}
	c.Verification.explain(&c.Bound, best.missed, a.Class)
	as := Asymptotic(c.Shape)
	if eq != nil && eq.Used {
		c.Verification.Notes = append(c.Verification.Notes, between(c.Bound, eq, s))
	}
	if a.Class != Unknown {
		if n := smallerFails(s, a, c.Bound, as); n != "" {
			c.Verification.Notes = append(c.Verification.Notes, n)
		}
	}
	return c
}

// Sources of a class.
const (
	SourceData = "data" // the points decided
	SourceBoth = "both" // points and equation agree
)

// A candidate is a shape with its envelope and how it fares on the points and
// against the equation.
type candidate struct {
	Bound
	data      *DataCheck
	equation  *EquationCheck
	missed    Interval
	objection string // of Judge; "" where it accepts
	sum       float64
}

// chooseShape picks the shape of the bound among the candidates of the
// concluded class: the first that Judge accepts. Where it accepts none, and for
// unknown, it is the one that misses least of the growth and then the one whose
// envelope is least. It fails where no candidate has an envelope: x0 itself has
// none over sizes that are negative or all equal.
func chooseShape(s Series, a *Analysis, eq *Equation) (candidate, bool) {
	var all []candidate
	out := s.censored()
	for _, g := range candidates(s, a, eq) {
		v, missed := judge(g, "", s, a, eq)
		if v.Verification.Data == nil {
			continue
		}
		k := candidate{v.Bound, v.Verification.Data, v.Verification.Equation, missed, v.Objection, 0}
		whole := 1.0
		k.data.Coverage = &whole // of the envelope
		if a.Class != Unknown && v.Accepted {
			return k, true
		}
		for i := range s.X {
			if out == nil || !out[i] {
				k.sum += v.Bound.height(i)
			}
		}
		all = append(all, k)
	}
	if len(all) == 0 {
		return candidate{}, false
	}
	return slices.MinFunc(all, func(x, y candidate) int {
		if p, q := x.penalty(a.Class), y.penalty(a.Class); p != q {
			return p - q
		}
		return cmp.Compare(x.sum, y.sum)
	}), true
}

// penalty orders candidates: a flat envelope or a missed trend tells against
// one. An envelope of unknown class claims not to be least, and may be steeper.
func (c candidate) penalty(class Class) int {
	p := 0
	if c.missed.rises() || class != Unknown && c.missed.falls() {
		p++
	}
	if c.Flat {
		p += 2
	}
	return p
}

// candidates are shapes of the concluded class, in order of preference: the
// equation's, plain ones, those of the fits. For unknown they are of any
// class.
func candidates(s Series, a *Analysis, eq *Equation) []expr.Expr {
	var out []expr.Expr
	add := func(g expr.Expr) {
		if g.IsZero() || slices.ContainsFunc(out, g.Equal) {
			return
		}
		if a.Class == Unknown || Asymptotic(g).Class == a.Class {
			out = append(out, g)
		}
	}
	x := expr.Var()
	if eq != nil && eq.Used {
		add(eq.asymptote.Shape)
	}
	if a.Class == Linear {
		add(x)
	}
	if a.Winner != nil {
		add(a.Winner.shape())
	}
	for _, f := range a.Fits {
		if (f.Class == a.Class || a.Class == Unknown) && f.Family != ConstantFamily {
			add(f.shape())
		}
	}
	switch a.Class {
	case Unknown:
		add(expr.Log(x))
		add(powerShape(0.5))
	case Polynomial:
		for _, p := range []float64{1.5, 2, 3} {
			add(powerShape(p))
		}
	case Exponential:
		// Rates at which the largest size stands e^3 to e^12 above the origin.
		for _, k := range []float64{3, 6, 12} {
			add(expr.Exp(expr.Mul(expr.Num(rounded(k/s.X[len(s.X)-1], 2)), x)))
		}
	}
	// The last resort, whatever the class.
	if a.Class == Unknown || len(out) == 0 {
		if !slices.ContainsFunc(out, x.Equal) {
			out = append(out, x)
		}
	}
	return out
}

// smallerFails tries the next smaller shape of the class and says how it
// fails: the sign that the bound's shape is the least.
func smallerFails(s Series, a *Analysis, b Bound, as Asymptote) string {
	var g expr.Expr
	x := expr.Var()
	switch {
	case as.Class == Linear:
		g = expr.Call(expr.OpSqrt, x)
	case as.Class == Polynomial && !math.IsNaN(as.Degree):
		p := math.Ceil(as.Degree*2-1.01) / 2 // the next lower half
		if p < 1 {
			p = 1
		}
		g = powerShape(p)
	case as.Class == Exponential:
		g = powerShape(math.Max(1, math.Round(2*a.Exponent.Low)/2))
	default:
		return ""
	}
	v, err := evaluate(g, s.X)
	if err != nil {
		return ""
	}
	missed, ok := trend(s, v, a.offset(s), a.Resolution)
	if !ok {
		return ""
	}
	if missed.Low > 0 {
		return fmt.Sprintf("the next smaller shape, %s, is too slow: y/(%s) rises like x0^%.2f (95 %% interval %.2f to %.2f)", caret(g), caret(g), missed.Value, missed.Low, missed.High)
	}
	return fmt.Sprintf("the next smaller shape, %s, cannot be ruled out: y/(%s) goes like x0^%.2f (95 %% interval %.2f to %.2f)", caret(g), caret(g), missed.Value, missed.Low, missed.High)
}
