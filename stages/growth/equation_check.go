package growth

import (
	"fmt"
	"math"

	"github.com/concluder/concluder/stages/expr"
)

// indistinct is the slope of the ratio of two orders on log x that no fitted
// exponent is good for, however little the points scatter: a tenth over a
// decade.
const indistinct = 0.05

// againstEquation compares a formula with the equation beyond all bounds. The
// second result is the check's verdict on the formula: false where its order is
// another one and the points of s, which its shape misses by missed, bear the
// equation out and can tell the two apart.
func againstEquation(f expr.Expr, as Asymptote, eq *Equation, s Series, a *Analysis, missed Interval) (*EquationCheck, bool) {
	if !eq.Used {
		return &EquationCheck{Reason: eq.Reason}, true
	}
	yes, no := true, false
	c := Compare(eq.Expr, f)
	reason := fmt.Sprintf("the equation goes like %s, the bound like %s", caret(eq.Leading), caret(as.Leading))
	q := &EquationCheck{Reason: reason}
	switch c.Order {
	case Same:
		return &EquationCheck{Dominates: &yes, Least: &yes}, true
	case Larger:
		q.Dominates = &no
	case Smaller:
		q.Dominates, q.Least = &yes, &no
		if up := as.Degree - eq.asymptote.Degree; as.Class == eq.Class && as.Fine == eq.asymptote.Fine && up > 0 && up <= tolerance {
			q.Least = &yes
			q.Reason += ", its exponent rounded up"
			return q, true
		}
	default:
		q.Reason = "the orders of bound and equation could not be compared: " + c.Reason
		return q, true
	}
	if a.Class != eq.Class {
		return q, true // the points do not bear the equation out
	}
	v, err := evaluate(eq.asymptote.Shape, s.X)
	if err != nil {
		return q, false
	}
	if t, ok := trend(s, v, a.offset(s), a.Resolution); ok && (t.rises() || t.falls()) {
		q.Reason += fmt.Sprintf("; the points do not bear the equation's order out: y/(%s) goes like x0^%.2f (95 %% interval %.2f to %.2f)", caret(eq.asymptote.Shape), t.Value, t.Low, t.High)
		return q, true
	}
	apart, ok := parting(as.Shape, eq, v, s, a)
	blur := math.Max(indistinct, math.Max(missed.High-missed.Value, missed.Value-missed.Low))
	if ok && math.Abs(apart) <= blur {
		q.Reason += fmt.Sprintf("; over the measured range they part like x0^%.2g, less than the points can tell (x0^%.2g)", math.Abs(apart), blur)
		return q, true
	}
	return q, false
}

// parting is how an equation and a shape part over the measured range: the
// slope on log x of the logarithm of their ratio, of the equation's leading
// term, whose values are v, or of all of it, whichever is closer.
func parting(shape expr.Expr, eq *Equation, v values, s Series, a *Analysis) (float64, bool) {
	g, err := evaluate(shape, s.X)
	if err != nil {
		return 0, false
	}
	slope := func(y func(i int) float64) (float64, bool) {
		var x, z, w []float64
		for i := range s.X {
			if l := y(i); s.X[i] > 0 && g.h[i] > 0 && !math.IsNaN(l) && !math.IsInf(l, 0) {
				x, z, w = append(x, math.Log(s.X[i])), append(z, l-math.Log(g.h[i])), append(w, 1)
			}
		}
		if len(x) < 3 {
			return 0, false
		}
		return weightedSlope(x, z, w, w)
	}
	leading, ok := slope(func(i int) float64 { return math.Log(v.h[i]) })
	offset := a.offset(s)
	// The logarithm of what is not above the offset is NaN or infinite, and the
	// equation is compared only where that occurs nowhere.
	whole := true
	full, also := slope(func(i int) float64 {
		l := math.Log(eq.Expr.Float(s.X[i]) - offset)
		whole = whole && !math.IsNaN(l) && !math.IsInf(l, 0)
		return l
	})
	if also && whole && (!ok || math.Abs(full) < math.Abs(leading)) {
		return full, true
	}
	return leading, ok
}
