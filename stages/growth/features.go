package growth

import "math"

// unseen is the share of the variance that an eye does not see on a plot:
// R2 figures beyond 0.997 look alike.
const unseen = 0.003

// A look is what a person sees on a plot of the points with linear axes, in
// four numbers. Every one is free of the units of x and y.
type look struct {
	misfit  float64 // log of the variance that a straight line leaves: from about -6 (straight) to 0
	gain    float64 // log of how many times less a curve leaves: 0 (line as good) to about 5
	steep   float64 // log of the log-log slope over the upper half of the range of x
	pattern float64 // lag-1 autocorrelation of what the better fit leaves: steps, branches, plateaus
}

// lookWidth is the number of features of a look.
const lookWidth = 4

func (l look) vector() [lookWidth]float64 {
	return [lookWidth]float64{l.misfit, l.gain, l.steep, l.pattern}
}

// A view is a look with the figures it came from, for the reasoning.
type view struct {
	look
	line, power, exp       curve
	r2Line, r2Power, r2Exp float64
	best                   curve // of line, power and exp, by R2
	r2Best                 float64
	slopeUpper             float64 // log-log, upper half of the range of x
	slope, r2LogLog        float64 // log-log, all points
}

// view fits a line, a+b*x^p and a+b*e^(c*x) on the measured scale and computes
// the look of a sample with at least fewest points.
func (p *sample) view() view {
	s := p.scale()
	var v view
	fit := func(f Family) curve { return p.basis(f.term()).fit(f, s, p.gx, p.gy, p.gn, true) }
	v.line, v.exp = fit(LineFamily), fit(OffsetExp)
	v.r2Line, v.r2Exp = p.r2(v.line), p.r2(v.exp)
	v.best, v.r2Best = v.line, v.r2Line
	if p.fits(OffsetPower) {
		v.power = fit(OffsetPower)
		v.r2Power = p.r2(v.power)
		if v.r2Power > v.r2Best {
			v.best, v.r2Best = v.power, v.r2Power
		}
	}
	if v.r2Exp > v.r2Best {
		v.best, v.r2Best = v.exp, v.r2Exp
	}
	v.slope, v.r2LogLog = p.logSlope(0)
	v.slopeUpper, _ = p.logSlope(p.upperHalf())
	v.misfit = math.Log(1 - v.r2Line + unseen)
	v.gain = v.misfit - math.Log(1-v.r2Best+unseen)
	v.steep = clampSteep(v.slopeUpper)
	v.pattern = p.autocorrelation(v.best)
	return v
}

// upperHalf is the first point of the upper half: of the range of x, or of the
// points where fewer than half of them lie there.
func (p *sample) upperHalf() int {
	n := len(p.x)
	for i, x := range p.x[:n/2] {
		if x >= (p.xmin+p.xmax)/2 {
			return i
		}
	}
	return n / 2
}

// autocorrelation of the residuals of a curve at lag 1.
func (p *sample) autocorrelation(c curve) float64 {
	var r0, r1, last float64
	for i, f := range p.along(c) {
		r := p.y[i] - f
		r0 += r * r
		if i > 0 {
			r1 += r * last
		}
		last = r
	}
	if c := r1 / r0; !math.IsNaN(c) {
		return c
	}
	return 0 // the residuals are all 0, or not finite
}

// r2 of a curve on all points, measured scale.
func (p *sample) r2(c curve) float64 {
	var mean, sse, sst float64
	for _, y := range p.y {
		mean += y
	}
	mean /= float64(len(p.y))
	for i, f := range p.along(c) {
		d, r := p.y[i]-mean, p.y[i]-f
		sst += d * d
		sse += r * r
	}
	// A curve that is not finite on every point explains nothing.
	if sst == 0 || math.IsNaN(sse) || math.IsInf(sse, 0) || math.IsInf(sst, 0) {
		return 0
	}
	return 1 - sse/sst
}

// logSlope is the slope of log y on log x from point i on, and its R2; zeros
// where fewer than three points are positive.
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

// clampSteep is the log of a log-log slope within what a plot can show.
func clampSteep(slope float64) float64 { return math.Log(min(max(slope, 0.3), 8)) }
