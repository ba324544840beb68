package growth

import "math"

// families that are compared, simplest first.
var families = [...]Family{ConstantFamily, LineFamily, LogLinearFamily, PowerFamily, OffsetPower, OffsetExp, StretchedExp}

// compare fits every family on the relative scale: errors weigh by the size
// expected of them, so that all decades of y count alike.
func (p *sample) compare() fitted {
	s := p.scale()
	out := fitted{}
	for _, f := range families {
		switch f {
		case ConstantFamily:
			a, _, sse := solve(make([]float64, len(p.gx)), p.gry, p.gw, true)
			out[f] = curve{family: f, a: a, sse: sse}
			continue
		case LogLinearFamily:
			if p.xmin < 1 {
				continue
			}
		case StretchedExp:
			if c, ok := p.stretched(); ok {
				out[f] = c
			}
			continue
		}
		if p.xmin < 0 && (f == PowerFamily || f == OffsetPower) {
			continue
		}
		out[f] = newBasis(f, s, p.gx).fit(s, p.gx, p.gry, p.gw)
	}
	return out
}

// stretched fits log y = a + b·x^q, and scores it on y.
func (p *sample) stretched() (curve, bool) {
	s := p.scale()
	if p.xmin < 0 {
		return curve{}, false
	}
	var x, l, w []float64
	for i, y := range p.gry {
		if y > 0 {
			x = append(x, p.gx[i])
			l = append(l, math.Log(y))
			w = append(w, p.gw[i]*y*y)
		}
	}
	if len(x) < 4 {
		return curve{}, false
	}
	c := newBasis(StretchedExp, s, x).fit(s, x, l, w)
	c.sse = 0
	for i, v := range p.gx {
		d := p.gry[i] - c.at(s, v)
		c.sse += p.gw[i] * d * d
	}
	return c, c.b > 0 && !math.IsInf(c.sse, 0) && !math.IsNaN(c.sse)
}

// bic of a curve with m groups.
func bic(c curve, m int) float64 {
	n := float64(m)
	return n*math.Log(math.Max(c.sse, 1e-3)/n) + float64(c.family.parameters())*math.Log(n)
}

// class of a curve on the measured range.
func (c curve) class() Class {
	switch c.family {
	case LineFamily, LogLinearFamily:
		if c.b > 0 {
			return Linear
		}
	case PowerFamily, OffsetPower:
		switch {
		case c.b <= 0 || c.theta < 0.8:
			return Unknown
		case c.theta <= 1.2:
			return Linear
		}
		return Polynomial
	case OffsetExp:
		if c.b > 0 {
			return Exponential
		}
	case StretchedExp:
		if c.theta > 0.25 {
			return Exponential
		}
		return Polynomial
	}
	return Unknown
}
