package growth

import (
	"fmt"
	"math"
	"slices"

	"github.com/concluder/concluder/stages/expr"
)

// Checks that a proposed bound can fail, in the order in which they are made.
const (
	CheckTrivial  = "trivial"  // no variable, no growth, or no order that can be decided
	CheckClass    = "class"    // not of the class that was claimed with it
	CheckCover    = "cover"    // no multiple of its shape is a bound of the points
	CheckSlow     = "slow"     // the points grow faster
	CheckLoose    = "loose"    // the points grow slower
	CheckEquation = "equation" // the equation, which the points bear out, is of another order
)

// Judge decides whether a proposed upper bound is accepted, by its shape: the
// leading term without its constant factor. The claimed class may be "" where
// none was given; eq may be nil. A proposal is accepted when
//
//  1. it grows, in an order that can be decided, and is of the claimed class;
//  2. its shape, scaled, covers every point, and what it misses of the growth,
//     the slope of log(y/g) on log x, is not significant or at most 0.35;
//  3. it is of the equation's order, where the points are of that class and
//     order too and can tell the two orders apart.
//
// Constants are not demanded: the bound published is the least envelope of the
// proposed shape.
func Judge(proposal expr.Expr, claimed Class, s Series, a *Analysis, eq *Equation) Verdict {
	v, _ := judge(proposal, claimed, s, a, eq)
	if !v.Bound.Expr.IsZero() {
		v.Bound.relax(s)
	}
	return v
}

// judge is Judge without the robust form of the bound; it gives also what the
// shape misses of the growth.
func judge(proposal expr.Expr, claimed Class, s Series, a *Analysis, eq *Equation) (Verdict, Interval) {
	v := Verdict{Class: Unknown, Verification: Verification{Parsed: !proposal.IsZero(), Notes: []string{}}}
	var missed Interval
	fail := func(check, format string, args ...any) (Verdict, Interval) {
		v.Check, v.Objection = check, fmt.Sprintf(format, args...)
		return v, missed
	}
	const wanted = "an upper bound that grows with x0 is expected, such as x0^2 or exp(1e-6*x0)"
	v.Verification.Notes = append(v.Verification.Notes, a.Notes...)
	if proposal.IsZero() {
		return fail(CheckTrivial, "no formula was given; %s", wanted)
	}
	text := caret(proposal)
	as := Asymptotic(proposal)
	v.Class, v.Fine = as.Class, as.Text
	switch {
	case !proposal.HasVar():
		return fail(CheckTrivial, "the bound %s does not depend on x0; %s", text, wanted)
	case as.Fine == FineUnresolved:
		return fail(CheckTrivial, "how the bound %s grows cannot be decided (%s); a simpler formula is expected", text, as.Reason)
	case as.Sign <= 0, as.Fine == FineConstant, as.Fine == FineDecreasing, as.Fine == FineOscillating:
		return fail(CheckTrivial, "the bound %s does not grow for large x0 (it is %s); %s", text, describeSign(as), wanted)
	case claimed != "" && claimed != Unknown && claimed != as.Class:
		return fail(CheckClass, "the class given is %s, but the bound %s is %s (%s); class and bound must agree", claimed, text, as.Class, as.Text)
	}
	if eq != nil {
		v.Verification.ClassConflict = conflict(a, eq)
	}
	b, err := envelope(as.Shape, s)
	if err != nil {
		if eq != nil {
			v.Verification.Equation, _ = againstEquation(proposal, as, eq, s, a, missed)
		}
		v.Verification.explain(&v.Bound, missed, claimed)
		return fail(CheckCover, "the bound cannot hold on the measured points: %v", err)
	}
	v.Bound = b
	class := as.Class
	if claimed == Unknown {
		class = Unknown // such a bound is an envelope and claims to be no least one
	}
	var data *DataCheck
	data, missed = checkData(s, a, &v.Bound, class)
	passed := true
	if eq != nil {
		v.Verification.Equation, passed = againstEquation(proposal, as, eq, s, a, missed)
	}
	coverage := covered(proposal, s)
	data.Coverage = &coverage
	v.Verification.Data = data
	v.Verification.explain(&v.Bound, missed, class)
	shape := caret(as.Shape)
	switch {
	case missed.rises():
		return fail(CheckSlow, "%s grows too slowly: y/(%s) rises like x0^%.2f (95 %% interval %.2f to %.2f) over the measured range; a shape that grows faster is needed", text, shape, missed.Value, missed.Low, missed.High)
	case missed.falls():
		return fail(CheckLoose, "%s grows too fast to be a least upper bound: y/(%s) falls like x0^%.2f (95 %% interval %.2f to %.2f) over the measured range; a shape that grows more slowly is enough", text, shape, missed.Value, missed.Low, missed.High)
	case b.Flat && class != Unknown:
		return fail(CheckCover, "%s explains nothing of the growth: the least bound of this shape over the points would be a constant, for the largest value lies at x0 = %s of up to %s", text, number(s.X[argmax(s.Y)]), number(s.X[len(s.X)-1]))
	}
	if q := v.Verification.Equation; !passed && !*q.Dominates {
		return fail(CheckEquation, "%s does not stay above the fitted equation, which the points bear out: %s", text, q.Reason)
	} else if !passed {
		return fail(CheckEquation, "%s is not a least upper bound of the fitted equation, which the points bear out: %s", text, q.Reason)
	}
	v.Accepted = true
	return v, missed
}

func describeSign(as Asymptote) string {
	if as.Sign < 0 {
		return "negative"
	}
	return string(as.Fine)
}

func argmax(y []float64) int { return slices.Index(y, slices.Max(y)) }

// conflict says that the points are of a definite class and the equation of
// another.
func conflict(a *Analysis, eq *Equation) bool {
	return eq != nil && eq.Used && a.Class != Unknown && eq.Class != a.Class
}

// covered is the share of points on or under a formula as it is written.
func covered(f expr.Expr, s Series) float64 {
	n := 0
	for i, x := range s.X {
		v := f.Eval(x)
		if v.Fault() == expr.FaultNone && v.Compare(expr.ValueOf(s.Y[i])) >= 0 {
			n++
		}
	}
	return float64(n) / float64(len(s.X))
}

// checkData holds an envelope against the points it was made from. It returns
// also the trend of what the shape misses, zero where there is none to see.
func checkData(s Series, a *Analysis, b *Bound, class Class) (*DataCheck, Interval) {
	d := &DataCheck{BindingPoints: slices.Clone(b.Binding)}
	if d.BindingPoints == nil {
		d.BindingPoints = []int{}
	}
	one := 1.0
	d.Coverage = &one
	missed, ok := trend(s, b.values, a.offset(s), a.Resolution)
	if ok {
		d.Trend = &missed.Value
	}
	dominates := !missed.rises()
	d.Dominates = &dominates
	if class != Unknown && a.Class != Unknown {
		least := !missed.falls() && !b.Flat
		d.Least = &least
	}
	d.HeldOutViolations = heldOut(b.values.h, s)
	d.LeaveOneOutFactor = leaveOneOut(b, s)
	out, last := s.censored(), -1
	var ratio []float64
	for i, y := range s.Y {
		if out != nil && out[i] {
			continue
		}
		last = i
		if y > 0 {
			ratio = append(ratio, b.height(i)/y)
		}
	}
	if len(ratio) > 0 {
		slices.Sort(ratio)
		m := median(ratio)
		d.Tightness = &m
	}
	top := s.Y[last]
	for i := last; i >= 0 && s.X[i] == s.X[last]; i-- {
		if out == nil || !out[i] {
			top = math.Max(top, s.Y[i])
		}
	}
	if top > 0 {
		t := b.height(last) / top
		d.TightnessAtXmax = &t
	}
	return d, missed
}

// height is the printed bound at point i.
func (b *Bound) height(i int) float64 { return b.scaled*b.values.h[i] + b.added }

// heldOut makes the envelope of the smallest 70 % of the points and gives the
// share of the others above it.
func heldOut(h []float64, s Series) *float64 {
	n := len(h) * 7 / 10
	if n < 3 || n == len(h) {
		return nil
	}
	first := make([]int, n)
	for i := range first {
		first[i] = i
	}
	l := overlay(h, s.Y, s.censored(), first, -1)
	over := 0
	for i := n; i < len(h); i++ {
		if s.Y[i] > l.a*h[i]+l.b {
			over++
		}
	}
	share := float64(over) / float64(len(h)-n)
	return &share
}

// leaveOneOut is the largest factor by which the bound at the largest size
// drops when one of the points that hold it up is left out.
func leaveOneOut(b *Bound, s Series) *float64 {
	if len(s.X) < 3 {
		return nil
	}
	all := make([]int, len(s.X))
	for i := range all {
		all[i] = i
	}
	out := s.censored()
	full := b.line.a + b.line.b
	worst := 1.0
	for _, i := range b.Binding {
		if l := overlay(b.values.h, s.Y, out, all, i); l.a+l.b > 0 {
			worst = math.Max(worst, full/(l.a+l.b))
		}
	}
	return &worst
}
