package growth

import (
	"fmt"
	"math"
	"slices"
)

// Analyze says what the points of a series show on their own. It is
// deterministic and safe for concurrent use.
func Analyze(s Series, opt Options) *Analysis {
	a := &Analysis{Class: Unknown, Extrapolated: Unknown}
	fitted := a.uncensored(s)
	p := newSample(fitted)
	a.Resolution = p.resolution
	a.truncation(s)
	if kind, why := p.degenerate(); kind != growing {
		a.Insufficient, a.BelowQuantum, a.extreme = kind == tooFew, kind == belowQuantum, kind == extreme
		a.Confidence, a.Clear = 0.95, true
		a.Basis = why
		a.Odds = map[Class]float64{Unknown: 1}
		a.Reasoning = fmt.Sprintf("No growth can be told from these %d points: %s.", len(s.X), why)
		return a
	}
	v := p.view()
	curves := p.compare(len(p.gx), true)
	t := p.test(curves)
	a.decide(&people, v.look, t, p.scale())
	a.describe(p, curves)
	if opt.Resamples >= 0 {
		n := opt.Resamples
		if n == 0 {
			n = usualResamples
		}
		a.resample(p, v, t, n)
	}
	a.Reasoning = a.explain(p, v, t)
	return a
}

// decide sets the class, its probability and what that rests on.
func (a *Analysis) decide(j *judgement, l look, t test, s scale) {
	a.Odds = map[Class]float64{}
	if t.settled() {
		a.Class, a.Confidence, a.Clear = t.class, t.confidence(), true
		a.Odds[t.class] = a.Confidence
		a.Odds[t.rival.class(s)] += 1 - a.Confidence
		a.Basis = fmt.Sprintf("one kind of curve follows the points within %s and the next best loses by %.0f in BIC", percent(t.scatter), t.gap)
		return
	}
	a.Class, a.Confidence = j.choose(l)
	for i, v := range j.probabilities(l) {
		a.Odds[judged[i]] = v
	}
	a.Basis = "the share of hand-classed series with such a plot that people class so"
	if t.follows() && t.scatter <= scattered && t.class != a.Class && a.Confidence > doubted {
		a.Odds[t.class] += a.Confidence - doubted
		a.Odds[a.Class], a.Confidence = doubted, doubted
		a.Basis += "; lowered because a curve of another class follows the points within their scatter"
	}
	a.Clear = a.Confidence >= clearJudgement
}

const (
	// clearJudgement is the probability from which a judgement overrules
	// another opinion.
	clearJudgement = 0.8
	usualResamples = 200
	// doubted is the most that a judgement is worth where a curve of another
	// class follows the points: people and statistics part there, and on series
	// of known class the statistics are right.
	doubted = 0.5
	// scattered is the relative scatter beyond which a curve that follows the
	// points says little about them.
	scattered = 0.3
)

// truncation says why the series ends where it does.
func (a *Analysis) truncation(s Series) {
	if len(s.X) == 0 {
		return
	}
	top := slices.Max(s.Y)
	switch {
	case len(a.Censored) > 0:
		a.Truncated = "right-truncated by the limit"
	case s.Limit > 0 && top >= s.Limit/2:
		a.Truncated = "right-truncated near the limit"
	case s.Limit > 0:
		a.Truncated = "ended well below the limit, reason unknown"
	} // without a limit nobody knows
}

// kinds of series.
type kind int

const (
	growing kind = iota
	tooFew
	belowQuantum
	extreme
)

// extremes of |x| and |y| that are analysed: squares and products of them stay
// within float64, and no measurement lies beyond.
const (
	leastMagnitude = 1e-60
	mostMagnitude  = 1e60
)

// degenerate says why a sample shows no growth whatever its shape.
func (p *sample) degenerate() (kind, string) {
	switch {
	case len(p.x) < fewest:
		return tooFew, fmt.Sprintf("there are fewer than %d", fewest)
	case p.xmin == p.xmax:
		return tooFew, "they all lie at one size"
	case p.extreme():
		return extreme, fmt.Sprintf("sizes or values lie beyond %g, or all of them under %g", mostMagnitude, leastMagnitude)
	case p.ymax == p.ymin:
		return belowQuantum, "all values are equal"
	case p.ymax-p.ymin <= 3*p.resolution:
		return belowQuantum, fmt.Sprintf("all values lie within three steps of their resolution, %s", number(p.resolution))
	}
	return growing, ""
}

// extreme reports magnitudes that are not analysed.
func (p *sample) extreme() bool {
	x, y := math.Max(math.Abs(p.xmin), math.Abs(p.xmax)), math.Max(math.Abs(p.ymin), math.Abs(p.ymax))
	return x > mostMagnitude || y > mostMagnitude || x < leastMagnitude || y > 0 && y < leastMagnitude || p.xmax-p.xmin < x*1e-12
}

// describe fills in the table of fits, the winner, the runner-up and what they
// say beyond the range.
func (a *Analysis) describe(p *sample, curves fitted) {
	s := p.scale()
	held := p.extrapolate()
	type row struct {
		Fit
		curve
	}
	var rows []row
	for _, f := range families {
		c, ok := curves[f]
		if !ok || math.IsNaN(c.sse) || math.IsInf(c.sse, 0) {
			continue
		}
		score := bic(c, len(p.gx))
		c = p.plain(c)
		fit := c.natural(s)
		fit.Class = c.class(s)
		fit.R2 = p.r2(c)
		fit.LogErr = p.logError(c)
		fit.BIC = score
		fit.Held = held[f]
		rows = append(rows, row{fit, c})
	}
	// The table is in order of BIC. The winner is the best of the class that was
	// concluded, of the families made for it before others that bend to it; where
	// none was, the best of all, but a constant unless it is clearly beaten.
	slices.SortStableFunc(rows, func(x, y row) int {
		switch {
		case x.BIC < y.BIC:
			return -1
		case x.BIC > y.BIC:
			return 1
		}
		return 0
	})
	for _, r := range rows {
		if r.family == PowerFamily || r.family == OffsetPower {
			a.Exponent = Interval{r.theta, r.theta, r.theta}
			break
		}
	}
	winner, runner := -1, -1
	for i, r := range rows {
		a.Fits = append(a.Fits, r.Fit)
		if winner < 0 && a.Class != Unknown && r.Class == a.Class && r.family.home() == a.Class {
			winner = i
		}
	}
	for i, r := range rows {
		if winner < 0 && a.Class != Unknown && r.Class == a.Class {
			winner = i
		}
	}
	if winner < 0 && len(rows) > 0 {
		winner = 0
		for i, r := range rows {
			if r.family == ConstantFamily && r.BIC < rows[0].BIC+settledGap {
				winner = i
			}
		}
	}
	if winner < 0 {
		return
	}
	for i, r := range rows {
		if r.Class != rows[winner].Class && r.family != ConstantFamily {
			runner = i
			break
		}
	}
	a.Winner = &a.Fits[winner]
	if runner >= 0 {
		a.RunnerUp = &a.Fits[runner]
		a.Crossover = part(rows[winner].curve, rows[runner].curve, s)
	}
	if a.Class != Unknown {
		a.Extrapolated = rows[winner].beyond(s)
	}
}

// far is how many times the measured range the extrapolated class looks ahead.
const far = 1000

// beyond is the class of a curve on [xmax, far·xmax].
func (c curve) beyond(s scale) Class {
	if c.family == OffsetExp || c.family == StretchedExp && c.theta >= quasi {
		if c.b > 0 {
			return Exponential
		}
		return Unknown
	}
	return c.classOn(s, s.xmax, far*s.xmax)
}

// part is the size beyond xmax where two curves differ by a factor of 2; 0
// where they do not on [xmax, far·xmax].
func part(c, d curve, s scale) float64 {
	apart := func(x float64) bool {
		u, v := c.at(s, x), d.at(s, x)
		return !(u > 0 && v > 0 && u < 2*v && v < 2*u)
	}
	lo, hi := s.xmax, far*s.xmax
	if apart(lo) {
		return lo
	}
	if !apart(hi) {
		return 0
	}
	for range 40 {
		mid := math.Sqrt(lo * hi)
		if apart(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// logError is the median |log(fit/y)| over the points that stand clear of the
// resolution.
func (p *sample) logError(c curve) float64 {
	// The logarithm is monotonic, so it can wait for the median of the ratios.
	e := make([]float64, 0, len(p.x))
	for i, f := range p.along(c) {
		if y := p.y[i]; y > 5*p.resolution && y > 0 {
			switch {
			case f >= y:
				e = append(e, f/y)
			case f > 0:
				e = append(e, y/f)
			default:
				e = append(e, math.Inf(1))
			}
		}
	}
	if len(e) == 0 {
		return 0
	}
	return math.Min(math.Log(middle(e)), hopeless)
}

// hopeless is the |log(predicted/measured)| that a prediction of nothing, or
// of less, counts as: a factor of a thousand.
var hopeless = math.Log(1000)

func logRatio(predicted, measured float64) float64 {
	if !(predicted > 0) {
		return hopeless
	}
	return math.Min(math.Abs(math.Log(predicted/measured)), hopeless)
}

// extrapolate is the rolling-origin test: every family is fitted to the
// smallest 40, 60 and 80 % of the points and predicts the next fifth of them.
func (p *sample) extrapolate() map[Family]Errors {
	s := p.scale()
	m := len(p.gx)
	errs := map[Family][]float64{}
	for _, share := range [...]int{40, 60, 80} {
		n := m * share / 100
		if n < 4 {
			continue
		}
		curves := p.compare(n, false)
		for i := n; i < min(n+max(m/5, 1), m); i++ {
			if p.gy[i] <= 5*p.resolution || p.gy[i] <= 0 {
				continue
			}
			for f, c := range curves {
				errs[f] = append(errs[f], logRatio(c.at(s, p.gx[i]), p.gy[i]))
			}
		}
	}
	out := map[Family]Errors{}
	for _, f := range families {
		e := errs[f]
		slices.Sort(e)
		if len(e) == 0 {
			out[f] = Errors{math.NaN(), math.NaN()}
			continue
		}
		out[f] = Errors{median(e), quantile(e, 0.9)}
	}
	return out
}
