package growth

import (
	"fmt"
	"math"
	"strings"
)

// explain says in one paragraph what the class rests on: the fits, the test
// that settled it or the judgement, the extrapolation, the resamples, and why
// the runner-up lost.
func (a *Analysis) explain(p *sample, v view, t test) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+" ", args...) }

	grid := ""
	if p.resolution > 0 {
		grid = fmt.Sprintf(" in steps of %s", number(p.resolution))
	}
	say("%d points from x0 = %s to %s, values from %s to %s%s.", len(p.x), number(p.xmin), number(p.xmax), number(p.ymin), number(p.ymax), grid)

	say("A straight line leaves %s of the variance%s.", percent(1-v.r2Line), v.curved())

	if t.settled() {
		say("Settled by statistics: %s%s follows the points within %s (root mean square, relative), no worse than neighbours follow each other, and the best curve of another class, %s (%s), loses by %.0f in BIC.",
			t.best.family, parameter(t.best, p.scale()), percent(t.scatter), t.rival.family, describeClass(t.rival.class(p.scale())), t.gap)
	} else {
		say("%s, so the class is judged as people judge such a plot: %s.", v.unsettled(t), odds(people.probabilities(v.look)))
	}
	if a.Exponent.Value > 0 && a.Exponent.High > a.Exponent.Low {
		say("The power fit has exponent %.2f (95 %% interval %.2f to %.2f); the log-log slope over the upper half is %.2f.", a.Exponent.Value, a.Exponent.Low, a.Exponent.High, v.slopeUpper)
	}
	if a.Winner != nil && !math.IsNaN(a.Winner.Held.Median) {
		say("Fitted to the smallest 40, 60 and 80 %% of the points, %s predicted the next fifth within %s in the median and %s for nine in ten", a.Winner.Family, asFactor(a.Winner.Held.Median), asFactor(a.Winner.Held.P90))
		if a.RunnerUp != nil && !math.IsNaN(a.RunnerUp.Held.Median) {
			say("; the runner-up, %s, within %s and %s.", a.RunnerUp.Family, asFactor(a.RunnerUp.Held.Median), asFactor(a.RunnerUp.Held.P90))
		} else {
			say(".")
		}
	}
	if len(a.Votes) > 0 {
		say("Of the block resamples %s give the same class.", percent(a.Votes[a.Class]))
	}
	if a.Truncated != "" {
		say("The series is %s.", a.Truncated)
	}
	return strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(b.String()), " ;", ";"), " .", ".")
}

// curved says what a curve adds to a line.
func (v view) curved() string {
	if v.best.family == LineFamily {
		return ", no curve less"
	}
	return fmt.Sprintf(", %s%s leaves %s", v.best.family, exponent(v.best), percent(1-v.r2Best))
}

func exponent(c curve) string {
	if c.family == OffsetPower || c.family == PowerFamily {
		return fmt.Sprintf(" with p = %.2f", c.theta)
	}
	return ""
}

// unsettled says what keeps statistics from settling the class.
func (v view) unsettled(t test) string {
	switch {
	case t.points < settledPoints:
		return "The points are too few for statistics to settle it"
	case t.outliers > settledOutliers+1/float64(t.points):
		return fmt.Sprintf("%s of the points lie more than four times the usual scatter off the best curve, %s", percent(t.outliers), t.best.family)
	case !t.follows():
		return fmt.Sprintf("The best curve, %s, leaves %.1f times the variance there is between neighbours%s", t.best.family, t.misfit, v.structure())
	case t.scatter > settledScatter:
		return fmt.Sprintf("The points scatter by %s about the best curve, %s", percent(t.scatter), t.best.family)
	}
	return fmt.Sprintf("%s and %s fit about equally well (BIC apart by %.1f)", t.best.family, t.rival.family, t.gap)
}

// structure names a visible pattern in the residuals.
func (v view) structure() string {
	if v.pattern > 0.25 {
		return fmt.Sprintf(", in runs (neighbouring residuals correlate at %.2f: steps, branches or bends)", v.pattern)
	}
	return ""
}

func odds(p [len(judged)]float64) string {
	s := make([]string, len(p))
	for i, v := range p {
		s[i] = fmt.Sprintf("%s %.0f %%", judged[i], 100*v)
	}
	return strings.Join(s, ", ")
}

// parameter is the nonlinear parameter of a curve in units of the series.
func parameter(c curve, s scale) string {
	f := c.natural(s)
	switch c.family {
	case OffsetPower, PowerFamily:
		return fmt.Sprintf(" with p = %.2f", f.P)
	case OffsetExp:
		return fmt.Sprintf(" with c = %s", number(f.P))
	case StretchedExp:
		return fmt.Sprintf(" with c = %s, q = %.2f", number(f.B), f.P)
	}
	return ""
}

func describeClass(c Class) string {
	if c == Unknown {
		return "constant, falling or flattening"
	}
	return string(c)
}

// asFactor prints |log ratio| as a factor.
func asFactor(l float64) string {
	if l >= hopeless {
		return "more than a factor of 1000"
	}
	return fmt.Sprintf("a factor of %.3g", math.Exp(l))
}

// percent prints a share.
func percent(v float64) string {
	switch {
	case v == 0:
		return "0 %"
	case v < 0.001:
		return fmt.Sprintf("%.1g %%", 100*v)
	case v < 0.1:
		return fmt.Sprintf("%.2g %%", 100*v)
	}
	return fmt.Sprintf("%.0f %%", 100*v)
}
