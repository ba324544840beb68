package growth

import "math"

// features are what a look at the points takes in, as numbers. R2 figures are
// on the measured scale, where large values count most.
type features struct {
	n                           float64
	r2Line, r2Power, r2Exp      float64
	p, c                        float64 // exponent of a+b*x^p, rate of a+b*e^(c*v) over the range
	slope, slopeUpper, r2LogLog float64
	rough                       float64 // scatter between neighbours, share of ymax
	drawdown                    float64 // largest fall below an earlier value, share of ymax
	resid                       float64 // lag-1 autocorrelation of the residuals of the better fit
}

// fitted holds the curves of every family on one weighting.
type fitted map[Family]curve

func (p *sample) scale() scale { return scale{p.xmin, p.xmax} }

// look computes the features of a sample with at least fewest points.
func (p *sample) look() features {
	f := features{n: float64(len(p.x))}
	s := p.scale()
	line := newBasis(LineFamily, s, p.gx).fit(s, p.gx, p.gy, p.gn)
	power := newBasis(OffsetPower, s, p.gx).fit(s, p.gx, p.gy, p.gn)
	exp := newBasis(OffsetExp, s, p.gx).fit(s, p.gx, p.gy, p.gn)
	f.r2Line, f.r2Power, f.r2Exp = p.r2(line), p.r2(power), p.r2(exp)
	f.p, f.c = power.theta, exp.theta
	f.slope, f.r2LogLog = p.logSlope(0)
	f.slopeUpper, _ = p.logSlope(len(p.x) / 2)
	var d2, top float64
	for i := range p.y {
		if i > 0 && i < len(p.y)-1 {
			d := p.y[i] - (p.y[i-1]+p.y[i+1])/2
			d2 += d * d
		}
		top = math.Max(top, p.y[i])
		f.drawdown = math.Max(f.drawdown, (top-p.y[i])/p.ymax)
	}
	f.rough = math.Sqrt(d2/float64(len(p.y)-2)/1.5) / p.ymax
	best := power
	if f.r2Exp > f.r2Power {
		best = exp
	}
	var rr, r1, last float64
	for i, x := range p.x {
		r := p.y[i] - best.at(s, x)
		rr += r * r
		if i > 0 {
			r1 += r * last
		}
		last = r
	}
	if rr > 0 {
		f.resid = r1 / rr
	}
	return f
}

// r2 of a curve on all points, measured scale.
func (p *sample) r2(c curve) float64 {
	s := p.scale()
	var mean, sse, sst float64
	for _, y := range p.y {
		mean += y
	}
	mean /= float64(len(p.y))
	for i, x := range p.x {
		d, r := p.y[i]-mean, p.y[i]-c.at(s, x)
		sst += d * d
		sse += r * r
	}
	if sst == 0 {
		return 0
	}
	return 1 - sse/sst
}

// logSlope is the slope of log y on log x from point i on, and its R2.
func (p *sample) logSlope(from int) (slope, r2 float64) {
	var n, sx, sy, xx, xy, yy float64
	for i := from; i < len(p.x); i++ {
		if p.x[i] <= 0 || p.y[i] <= 0 {
			continue
		}
		lx, ly := math.Log(p.x[i]), math.Log(p.y[i])
		n++
		sx += lx
		sy += ly
		xx += lx * lx
		xy += lx * ly
		yy += ly * ly
	}
	if n < 3 {
		return 0, 0
	}
	xx -= sx * sx / n
	xy -= sx * sy / n
	yy -= sy * sy / n
	if xx <= 0 || yy <= 0 {
		return 0, 0
	}
	return xy / xx, xy * xy / (xx * yy)
}
