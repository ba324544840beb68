package growth

import "math"

// plainLoss is how much more of the residual variance, in its own units, a
// plain parameter may leave than the best one: the 99 % quantile of chi-square
// with one degree of freedom.
const plainLoss = 6.63

// leastMisfit is the relative error below which two curves are the same to
// people, and printed coefficients do not tell them apart.
const leastMisfit = 1e-3

// plainSteps are what exponents are rounded to, coarsest first.
var plainSteps = [...]float64{0.5, 0.1, 0.01}

// plain is the curve with the plainest exponent that the points do not tell
// from the fitted one, whole or half before decimal, q = 1 first in
// a*exp(c*x^q); and without an offset that they do not tell from 0. It stays of
// its class. A rate c of a+b*e^(cx) gets as few digits. It is fitted to the points themselves: averages of neighbours lie
// above a curve that bends upwards.
func (p *sample) plain(c curve) curve {
	s := p.scale()
	switch c.family {
	case LineFamily, LogLinearFamily, PowerFamily, OffsetPower, StretchedExp, OffsetExp:
	default:
		return c
	}
	best, ok := p.at(c.family, c.theta, true)
	if !ok {
		return c
	}
	dof := math.Max(float64(len(p.x)-c.family.parameters()), 1)
	floor := leastMisfit / p.noise
	most := best.sse + plainLoss*math.Max(best.sse/dof, floor*floor)
	try := func(theta float64, offset bool) bool {
		d, ok := p.at(c.family, theta, offset)
		if !ok || d.sse > most || d.class(s) != c.class(s) {
			return false
		}
		c = d
		return true
	}
	switch c.family {
	case LineFamily, LogLinearFamily:
		try(c.theta, false)
		return c
	case OffsetExp:
		span := s.xmax - s.xmin
		for digits := 1; digits < formulaDigits && !try(rounded(c.theta/span, digits)*span, true); digits++ {
		}
		return c
	}
	found := c.family == StretchedExp && try(1, true)
	for _, step := range plainSteps {
		if found {
			break
		}
		n := math.Round(1 / step)
		theta := math.Round(c.theta*n) / n
		found = theta > 0 && try(theta, true)
	}
	if c.family == OffsetPower {
		try(c.theta, false)
	}
	return c
}

// at is the best curve of a family with the parameter theta over the points, on
// the relative scale.
func (p *sample) at(f Family, theta float64, offset bool) (curve, bool) {
	y, w := p.y, p.weights
	if f == StretchedExp {
		if p.logY == nil {
			p.logY, p.logW, p.logN = logarithms(y, w)
		}
		if y, w = p.logY, p.logW; p.logN < 4 {
			return curve{}, false
		}
	}
	row := p.terms(f.term(), theta)
	c := curve{family: f, theta: theta}
	c.a, c.b, c.sse = solve(row, y, w, offset && f != PowerFamily)
	if f == StretchedExp {
		return c.rescored(row, p.y, p.weights)
	}
	return c, true
}
