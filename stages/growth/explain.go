package growth

import "fmt"

// explain notes why checks of a bound are false or do not apply. The equation
// check carries its own reason.
func (v *Verification) explain(b *Bound, missed Interval, class Class) {
	note := func(format string, args ...any) { v.Notes = append(v.Notes, fmt.Sprintf(format, args...)) }
	if v.Equation == nil {
		note("there is no equation to hold the bound against")
	}
	d := v.Data
	if d == nil {
		return
	}
	shape := caret(b.Shape)
	goes := func(how string) string {
		return fmt.Sprintf("y/(%s) %s like x0^%.2f (95 %% interval %.2f to %.2f)", shape, how, missed.Value, missed.Low, missed.High)
	}
	if d.Dominates != nil && !*d.Dominates {
		note("whether the bound dominates beyond the points is doubtful, though it holds on all of them: its shape is too slow, for %s", goes("rises"))
	}
	switch {
	case d.Least == nil && class == Unknown:
		note("whether the bound is least does not apply: without a class it is an envelope")
	case d.Least == nil:
		note("whether the bound is least does not apply: the points show no definite class")
	case !*d.Least && b.Flat:
		note("that the bound is least is not shown: the least of its shape over the points would be a constant")
	case !*d.Least:
		note("that the bound is least is not shown: its shape is too fast, for %s", goes("falls"))
	}
	for _, m := range []struct {
		missing bool
		what    string
	}{
		{d.Trend == nil, "the trend does not apply: fewer than three positive sizes have values above the offset"},
		{d.HeldOutViolations == nil, "no points were held out: there are too few"},
		{d.LeaveOneOutFactor == nil, "the factor without one point does not apply: there are fewer than three"},
		{d.Tightness == nil, "the tightness does not apply: no value is positive"},
		{d.TightnessAtXmax == nil, "the tightness at the last size does not apply: the value there is not positive"},
	} {
		if m.missing {
			note("%s", m.what)
		}
	}
}

// explainLevel notes why checks of shapes do not apply to a constant bound.
func (v *Verification) explainLevel(eq *Equation) {
	v.Notes = append(v.Notes, "whether the bound is least, the trend, points held out, the factor without one point, the tightness and the tightness at the last size do not apply to a constant")
	switch {
	case eq == nil:
		v.Notes = append(v.Notes, "there is no equation to hold the bound against")
	case !eq.Used:
		v.Equation = &EquationCheck{Reason: eq.Reason}
	default:
		no := false
		v.Equation = &EquationCheck{Dominates: &no, Reason: fmt.Sprintf("the equation goes like %s, the bound is constant: the points do not show that growth", caret(eq.Leading))}
	}
}
