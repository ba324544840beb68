package growth

import (
	"math"
	"slices"
)

// resample fills in the votes of the classes and the interval of the exponent
// by a moving-block bootstrap of the groups. The tables of the terms serve all
// resamples, so that one costs some tens of microseconds.
func (a *Analysis) resample(p *sample, v view, t test, n int) {
	m := len(p.gx)
	r := source(Series{X: p.gx, Y: p.gy})
	count, plain, weight := make([]float64, m), make([]float64, m), make([]float64, m)
	votes := map[Class]float64{}
	exponents := make([]float64, 0, n)
	for range n {
		blocks(r, count)
		for g := range m {
			plain[g] = count[g] * p.gn[g]
			weight[g] = count[g] * p.gw[g]
		}
		if t.settled() {
			votes[p.cast(weight)] += 1 / float64(n)
		} else {
			k, _ := people.choose(p.again(v, plain))
			votes[k] += 1 / float64(n)
		}
		if p.fits(PowerFamily) {
			to := newTarget(p.gry, weight)
			if e, _, ok := p.basis(powerTerm).coarse(&to, a.powerOffset(), p.scratch()); ok {
				exponents = append(exponents, e)
			}
		}
	}
	a.Votes = votes
	if len(exponents) > 0 {
		slices.Sort(exponents)
		a.Exponent.Low = min(quantile(exponents, 0.025), a.Exponent.Value)
		a.Exponent.High = max(quantile(exponents, 0.975), a.Exponent.Value)
	}
}

// powerOffset says whether the better power fit has an offset.
func (a *Analysis) powerOffset() bool {
	for _, f := range a.Fits {
		switch f.Family {
		case OffsetPower:
			return true
		case PowerFamily:
			return false
		}
	}
	return false
}

// coarse is the best parameter of a term under other weights, by every other
// row of the table and a parabola through the best three, and its sum of
// squares at the best row.
func (b *basis) coarse(t *target, offset bool, sse []float64) (theta, best float64, ok bool) {
	for k := 0; k < len(b.theta); k += 4 {
		next := min(k+2, len(b.theta)-1) // an odd last row is as good as none
		m, n := t.moments2(b.phi[k], b.phi[next])
		_, _, sse[next] = t.solve(n, offset)
		_, _, sse[k] = t.solve(m, offset)
	}
	at := -1
	best = math.Inf(1)
	for k := 0; k < len(b.theta); k += 2 {
		if sse[k] < best {
			best, at = sse[k], k
		}
	}
	if at < 0 || math.IsInf(best, 0) || math.IsNaN(best) {
		return 0, 0, false
	}
	theta = b.theta[at]
	if at >= 2 && at+2 < len(b.theta) {
		l, c, r := sse[at-2], sse[at], sse[at+2]
		if d := l - 2*c + r; d > 0 {
			step := math.Log(b.theta[at+2] / b.theta[at])
			theta *= math.Exp(step * (l - r) / (2 * d))
			best = max(c-(l-r)*(l-r)/(8*d), 0)
		}
	}
	return theta, best, true
}

// scratch has room for one value per row of a table.
func (p *sample) scratch() []float64 {
	if p.rows == nil {
		p.rows = make([]float64, gridSize)
	}
	return p.rows
}

// again is the look of a resample, given as the weight of every group. The
// pattern stays that of the sample: a resample of blocks breaks it up.
func (p *sample) again(v view, w []float64) look {
	var sw, sy float64
	for g, y := range p.gy {
		sw += w[g]
		sy += w[g] * y
	}
	mean := sy / sw
	var sst, within float64
	for g, y := range p.gy {
		sst += w[g] * (y - mean) * (y - mean)
		within += w[g] * p.within[g]
	}
	if sst+within == 0 {
		return v.look
	}
	left := func(sse float64) float64 { return (sse+within)/(sst+within) + unseen }
	t := newTarget(p.gy, w)
	_, _, sse := t.solve(t.moments(p.basis(lineTerm).phi[0]), true)
	l := look{misfit: math.Log(left(sse)), pattern: v.pattern}
	best := sse
	if p.fits(OffsetPower) {
		if _, sse, ok := p.basis(powerTerm).coarse(&t, true, p.scratch()); ok {
			best = min(best, sse)
		}
	}
	if _, sse, ok := p.basis(expTerm).coarse(&t, true, p.scratch()); ok {
		best = min(best, sse)
	}
	l.gain = l.misfit - math.Log(left(best))
	l.steep = v.steep
	if slope, ok := p.groupSlope(w); ok {
		l.steep = clampSteep(slope)
	}
	return l
}

// groupSlope is the log-log slope over the groups of the upper half.
func (p *sample) groupSlope(w []float64) (float64, bool) {
	var n, sx, sy, xx, xy float64
	from := p.x[p.upperHalf()]
	for g, x := range p.gx {
		if x < from || x <= 0 || p.gy[g] <= 0 || w[g] == 0 {
			continue
		}
		lx, ly := p.logs[g][0], p.logs[g][1]
		n += w[g]
		sx += w[g] * lx
		sy += w[g] * ly
		xx += w[g] * lx * lx
		xy += w[g] * lx * ly
	}
	if n == 0 {
		return 0, false
	}
	xx -= sx * sx / n
	xy -= sx * sy / n
	if xx <= 1e-9*n {
		return 0, false
	}
	return xy / xx, true
}

// cast is the class of the best fit on the relative scale under other weights,
// among a line, the powers and the exponential.
func (p *sample) cast(w []float64) Class {
	s := p.scale()
	best, class := math.Inf(1), Unknown
	t := newTarget(p.gry, w)
	n := 0.0
	for _, v := range w {
		if v > 0 {
			n++
		}
	}
	for _, f := range families {
		if f == StretchedExp || !p.fits(f) {
			continue
		}
		c := curve{family: f}
		switch f {
		case ConstantFamily:
			c.a, _, c.sse = t.solve(t.moments(p.zeros), true)
		case LineFamily, LogLinearFamily:
			c.a, c.b, c.sse = t.solve(t.moments(p.basis(f.term()).phi[0]), true)
		default:
			b := p.basis(f.term())
			theta, _, ok := b.coarse(&t, f != PowerFamily, p.scratch())
			if !ok {
				continue
			}
			b.fill(p.row, s, theta, p.gx)
			c.theta = theta
			c.a, c.b, c.sse = t.solve(t.moments(p.row), f != PowerFamily)
		}
		if v := n*math.Log(math.Max(c.sse, 1e-3)/n) + float64(f.parameters())*math.Log(n); v < best {
			best, class = v, c.class(s)
		}
	}
	return class
}
