package growth

import (
	"fmt"
	"math"

	"github.com/concluder/concluder/stages/expr"
)

// StudyEquation holds a fitted equation against the points: whether it is
// evidence of how they grow and a target for a bound, and what its own order
// is. A fit that was made in float32 is evaluated in both precisions and the
// better counts. Points at the limit are left out: a good equation lies above
// them.
func StudyEquation(e expr.Expr, s Series) Equation {
	q := Equation{Expr: e, Class: Unknown}
	if e.IsZero() {
		q.Reason = "there is no expression"
		return q
	}
	s = s.uncensored()
	r64, bad64, negative := score(s, e.Float)
	r32, bad32, _ := score(s, func(x float64) float64 { return float64(e.EvalFloat32(x)) })
	q.R2 = math.Max(r64, r32)
	if math.IsInf(q.R2, -1) {
		q.R2 = math.NaN()
	}
	if math.Abs(r64-r32) > 0.01 || math.IsInf(r64, -1) != math.IsInf(r32, -1) {
		q.Notes = append(q.Notes, fmt.Sprintf("precision artefact: R2 is %s in float64 and %s in float32", r2Text(r64), r2Text(r32)))
	}
	if negative > 0 {
		q.Notes = append(q.Notes, fmt.Sprintf("the equation is negative at %d of %d points", negative, len(s.X)))
	}
	as := Asymptotic(e)
	q.asymptote = as
	q.Class, q.Fine, q.Leading = as.Class, as.Text, as.Leading
	q.Notes = append(q.Notes, as.Notes...)
	switch {
	case !e.HasVar():
		q.Reason = "the equation is constant"
	case math.IsNaN(q.R2):
		q.Reason = fmt.Sprintf("the equation has no value at %d of %d points", min(bad64, bad32), len(s.X))
	case q.R2 <= 0:
		q.Reason = fmt.Sprintf("the equation fits the points no better than a constant: R2 is %s in float64 and %s in float32", r2Text(r64), r2Text(r32))
	case as.Fine == FineUnresolved:
		q.Reason = "the order of the equation could not be decided: " + as.Reason
	case as.Sign < 0:
		q.Reason = "the equation is negative for large sizes"
	case as.Sign == 0:
		q.Reason = "the equation is zero"
	case as.Fine == FineConstant, as.Fine == FineDecreasing, as.Fine == FineOscillating:
		q.Reason = fmt.Sprintf("the equation is %s for large sizes", as.Fine)
	default:
		q.Used = true
	}
	return q
}

// score is R2 of f on the points, -Inf where f has no value at some of them,
// with the numbers of points where it has none and where it is negative.
func score(s Series, f func(float64) float64) (r2 float64, bad, negative int) {
	var mean, sse, sst float64
	for _, y := range s.Y {
		mean += y / float64(len(s.Y))
	}
	for i, x := range s.X {
		v := f(x)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			bad++
			continue
		}
		if v < 0 {
			negative++
		}
		d, r := s.Y[i]-mean, s.Y[i]-v
		sst += d * d
		sse += r * r
	}
	switch {
	case bad > 0 || math.IsInf(sse, 0):
		return math.Inf(-1), bad, negative
	case sst == 0:
		return 0, 0, negative
	}
	return 1 - sse/sst, 0, negative
}

func r2Text(v float64) string {
	if math.IsInf(v, -1) || math.IsNaN(v) {
		return "undefined"
	}
	return fmt.Sprintf("%.3g", v)
}
