package growth

import "math"

// families that are compared, simplest first.
var families = [...]Family{ConstantFamily, LineFamily, LogLinearFamily, PowerFamily, OffsetPower, OffsetExp, StretchedExp}

// fitted holds the curves of every family on one weighting.
type fitted map[Family]curve

func (p *sample) scale() scale { return scale{p.xmin, p.xmax} }

// along evaluates a curve at every point. The result is overwritten by the
// next call for another curve.
func (p *sample) along(c curve) []float64 {
	if p.curve == nil {
		p.curve = make([]float64, len(p.x))
	} else if c == p.curveOf {
		return p.curve
	}
	out := p.curve
	p.curveOf = c
	if c.family == ConstantFamily {
		for i := range out {
			out[i] = c.a
		}
		return out
	}
	for i, v := range p.terms(c.family.term(), c.theta) {
		out[i] = c.a + c.b*v
		if c.family == StretchedExp {
			out[i] = math.Exp(out[i])
		}
	}
	return out
}

// terms evaluates a term at every point. The result is overwritten by the next
// call for another one.
func (p *sample) terms(t term, theta float64) []float64 {
	if p.termRow == nil {
		p.termRow, p.curveLogs = make([]float64, len(p.x)), p.scale().logs(p.x)
	} else if t == p.termOf && theta == p.thetaOf {
		return p.termRow
	}
	b := basis{term: t, logs: p.curveLogs}
	b.fill(p.termRow, p.scale(), theta, p.x)
	p.termOf, p.thetaOf = t, theta
	return p.termRow
}

// basis returns the table of a term, made on first use.
func (p *sample) basis(t term) *basis {
	if p.tables[t] == nil {
		p.tables[t] = newBasis(t, p.scale(), p.gx)
	}
	return p.tables[t]
}

// fits reports whether a family is defined on the sizes of a sample.
func (p *sample) fits(f Family) bool {
	switch f.term() {
	case logTerm:
		return p.xmin >= 1 // below, x·log x is negative
	case powerTerm:
		return p.xmin >= 0
	}
	return true
}

// compare fits every family to the first n groups on the relative scale:
// errors weigh by the size expected of them, so that all decades of y count
// alike.
func (p *sample) compare(n int, refine bool) fitted {
	s := p.scale()
	out := make(fitted, len(families))
	y, w := p.gry[:n], p.gw[:n]
	for _, f := range families {
		if !p.fits(f) {
			continue
		}
		switch f {
		case ConstantFamily:
			a, _, sse := solve(make([]float64, n), y, w, true)
			out[f] = curve{family: f, a: a, sse: sse}
		case StretchedExp:
			if c, ok := p.stretched(n, refine); ok {
				out[f] = c
			}
		default:
			out[f] = p.basis(f.term()).fit(f, s, p.gx, y, w, refine)
		}
	}
	return out
}

// stretched fits log y = a + b·x^q to the first n groups, and scores it on y.
func (p *sample) stretched(n int, refine bool) (curve, bool) {
	l, w, positive := logarithms(p.gry[:n], p.gw[:n])
	if positive < 4 {
		return curve{}, false
	}
	b := p.basis(powerTerm)
	c := b.fit(StretchedExp, p.scale(), p.gx, l, w, refine)
	b.fill(p.row[:n], p.scale(), c.theta, p.gx[:n])
	return c.rescored(p.row[:n], p.gry, p.gw)
}

// logarithms of values, their weights, and how many of them are positive; the
// others weigh nothing.
func logarithms(y, weights []float64) (l, w []float64, positive int) {
	l, w = make([]float64, len(y)), make([]float64, len(y))
	for i, v := range y {
		if v > 0 {
			l[i], w[i] = math.Log(v), weights[i]*v*v
			positive++
		}
	}
	return l, w, positive
}

// rescored is a curve that was fitted to logarithms, with x^q in row, with the
// sum of squares of the values, and whether it grows and has one.
func (c curve) rescored(row, y, w []float64) (curve, bool) {
	c.sse = 0
	for i, v := range row {
		d := y[i] - math.Exp(c.a+c.b*v)
		c.sse += w[i] * d * d
	}
	return c, c.b > 0 && !math.IsInf(c.sse, 0) && !math.IsNaN(c.sse)
}

// bic of a curve with m groups.
func bic(c curve, m int) float64 {
	n := float64(m)
	return n*math.Log(math.Max(c.sse, 1e-3)/n) + float64(c.family.parameters())*math.Log(n)
}

// straight is the greatest distance of a curve from its chord, as a share of
// its rise, up to which it passes for a line: that of x^1.2 over a wide range.
const straight = 0.065

// quasi is the exponent q of a*exp(c*x^q) below which the curve is a power law
// in disguise over any range that can be measured.
const quasi = 0.25

// class of a curve on the measured range.
func (c curve) class(s scale) Class { return c.classOn(s, s.xmin, s.xmax) }

func (c curve) classOn(s scale, lo, hi float64) Class {
	switch c.family {
	case ConstantFamily:
		return Unknown
	case LineFamily, LogLinearFamily:
		if c.b > 0 {
			return Linear
		}
		return Unknown
	}
	rise, bend := c.bend(s, lo, hi)
	switch {
	case !(rise > 0), bend < -straight:
		return Unknown // falling or flattening
	case bend <= straight:
		return Linear
	case c.family == PowerFamily, c.family == OffsetPower, c.family == StretchedExp && c.theta < quasi:
		return Polynomial
	}
	return Exponential
}

// bend is how far a curve sags below its chord between two sizes, as a share
// of its rise; negative where it bulges above.
func (c curve) bend(s scale, from, to float64) (rise, bend float64) {
	lo, hi := c.at(s, from), c.at(s, to)
	rise = hi - lo
	const steps = 32
	for i := 1; i < steps; i++ {
		q := float64(i) / steps
		d := (lo + q*rise - c.at(s, from+q*(to-from))) / rise
		if math.Abs(d) > math.Abs(bend) {
			bend = d
		}
	}
	return rise, bend
}

// A test is what the statistics of the fits on the relative scale say.
type test struct {
	class    Class
	best     curve
	rival    curve   // best of another class
	gap      float64 // BIC of rival less that of best
	points   int
	groups   int
	misfit   float64 // variance of the residuals of best over that between neighbours: 1 where nothing but scatter is left
	scatter  float64 // relative size of the residuals
	outliers float64 // share of the points more than four times the expected error off
}

// What it takes to settle a class by statistics alone: enough points, a curve
// that follows them about as well as neighbours follow each other and within
// the scatter that a person would overlook, no stray branch, and no curve of
// another class nearly as good.
const (
	settledPoints   = 8
	settledScatter  = 0.2
	settledOutliers = 0.02
	settledClosely  = 0.05
	settledGap      = 4 // likelihood e^2 times greater
)

func (t test) settled() bool {
	return t.points >= settledPoints && t.gap >= settledGap && t.scatter <= settledScatter && t.follows()
}

// follows reports whether the best curve leaves nothing but scatter: what is
// left varies no more than neighbours do, with few points off; or it is too
// little to see, with hardly one.
func (t test) follows() bool {
	// The ratio of variances strays by about 2/sqrt(groups).
	return t.misfit <= 1.3+4/math.Sqrt(float64(t.groups)) && t.outliers <= settledOutliers+1/float64(t.points) ||
		t.scatter <= settledClosely && t.outliers <= 1/float64(t.points)
}

// confidence of a settled class: by its likelihood against the runner-up. It is
// never certain, for people have other reasons too, and the less so the more
// the points scatter: from a tenth on some see no curve in them.
func (t test) confidence() float64 {
	const most, least, from = 0.98, 0.8, 0.12
	limit := most - (most-least)*min(max((t.scatter-from)/(settledScatter-from), 0), 1)
	return math.Min(1/(1+math.Exp(-t.gap/2)), limit)
}

func (p *sample) test(m fitted) test {
	s := p.scale()
	type champion struct {
		curve
		bic float64
	}
	best := map[Class]champion{}
	for _, f := range families {
		c, ok := m[f]
		if !ok {
			continue
		}
		k := c.class(s)
		if v := bic(c, len(p.gx)); best[k].family == "" || v < best[k].bic {
			best[k] = champion{c, v}
		}
	}
	t := test{class: Unknown, points: len(p.x), groups: len(p.gx)}
	first, second := math.Inf(1), math.Inf(1)
	for _, k := range judged {
		c, ok := best[k]
		if !ok {
			continue
		}
		if c.bic < first {
			second, t.rival = first, t.best
			first, t.best, t.class = c.bic, c.curve, k
		} else if c.bic < second {
			second, t.rival = c.bic, c.curve
		}
	}
	t.gap = second - first
	dof := math.Max(float64(len(p.gx)-t.best.family.parameters()), 1)
	t.misfit = t.best.sse / dof
	t.scatter = p.noise * math.Sqrt(t.misfit)
	for i, f := range p.along(t.best) {
		if math.Abs(p.y[i]-f) > 4*p.sigma[i]*math.Max(1, math.Sqrt(t.misfit)) {
			t.outliers += 1 / float64(len(p.x))
		}
	}
	return t
}
