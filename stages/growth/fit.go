package growth

import "math"

// A basis is one family on the groups of a sample, tabulated over the grid of
// its nonlinear parameter: y = a + b·phi(x; theta). For every theta the best a
// and b are in closed form (variable projection: Golub and Pereyra, 1973), and
// the sums that do not involve y are computed once, so that a bootstrap
// resample costs one pass over the table.
type basis struct {
	family Family
	theta  []float64
	phi    [][]float64 // [theta][group]
	offset bool        // a is free; else 0
}

// A curve is a fitted member of a family in scaled coordinates.
type curve struct {
	family Family
	theta  float64
	a, b   float64
	sse    float64 // weighted sum of squared errors over groups
}

// parameters of a family beside the scale of the noise.
func (f Family) parameters() int {
	switch f {
	case ConstantFamily:
		return 1
	case LineFamily, LogLinearFamily, PowerFamily:
		return 2
	}
	return 3
}

// scale gives the coordinate in which a family is fitted: u in (0, 1] for
// powers, v in [0, 1] for exponentials, so that no basis overflows.
type scale struct {
	xmin, xmax float64
}

func (s scale) value(f Family, theta, x float64) float64 {
	switch f {
	case LineFamily:
		return x / s.xmax
	case LogLinearFamily:
		return x * math.Log(x) / (s.xmax * math.Log(s.xmax))
	case OffsetPower, PowerFamily:
		return math.Pow(x/s.xmax, theta)
	case OffsetExp:
		v := (x - s.xmin) / (s.xmax - s.xmin)
		return math.Expm1(theta*v) / math.Expm1(theta)
	case StretchedExp:
		return math.Pow(x/s.xmax, theta)
	}
	return 0
}

// grids of the nonlinear parameters, geometric. Exponents beyond 12 and growth
// beyond e^40 over the range are steps, not curves.
func grid(f Family) []float64 {
	var lo, hi float64
	n := 48
	switch f {
	case OffsetPower, PowerFamily:
		lo, hi = 0.1, 12
	case OffsetExp:
		lo, hi = 0.1, 40
	case StretchedExp:
		lo, hi, n = 0.05, 2, 32
	default:
		return []float64{0}
	}
	t := make([]float64, n)
	for i := range t {
		t[i] = lo * math.Pow(hi/lo, float64(i)/float64(n-1))
	}
	return t
}

func newBasis(f Family, s scale, x []float64) *basis {
	b := &basis{family: f, theta: grid(f), offset: f != PowerFamily}
	b.phi = make([][]float64, len(b.theta))
	flat := make([]float64, len(b.theta)*len(x))
	for t, theta := range b.theta {
		row := flat[t*len(x) : (t+1)*len(x)]
		for i, v := range x {
			row[i] = s.value(f, theta, v)
		}
		b.phi[t] = row
	}
	return b
}

// solve gives the least-squares a, b and the sum of squares for one row.
func solve(phi, y, w []float64, offset bool) (a, b, sse float64) {
	var sw, sp, sy float64
	if offset {
		for i := range y {
			sw += w[i]
			sp += w[i] * phi[i]
			sy += w[i] * y[i]
		}
		if sw == 0 {
			return 0, 0, 0
		}
		sp /= sw
		sy /= sw
	}
	var pp, py, yy float64
	for i := range y {
		dp, dy := phi[i]-sp, y[i]-sy
		pp += w[i] * dp * dp
		py += w[i] * dp * dy
		yy += w[i] * dy * dy
	}
	if pp > 0 {
		b = py / pp
	}
	if offset {
		a = sy - b*sp
	}
	return a, b, math.Max(yy-b*py, 0)
}

// fit gives the best curve of the family: the grid, then a golden section
// between the neighbours of its best value.
func (b *basis) fit(s scale, x, y, w []float64) curve {
	best := curve{family: b.family, sse: math.Inf(1)}
	at := 0
	for t := range b.theta {
		a, c, sse := solve(b.phi[t], y, w, b.offset)
		if sse < best.sse {
			best, at = curve{b.family, b.theta[t], a, c, sse}, t
		}
	}
	if len(b.theta) == 1 {
		return best
	}
	lo, hi := math.Log(b.theta[max(at-1, 0)]), math.Log(b.theta[min(at+1, len(b.theta)-1)])
	row := make([]float64, len(x))
	try := func(l float64) curve {
		theta := math.Exp(l)
		for i, v := range x {
			row[i] = s.value(b.family, theta, v)
		}
		a, c, sse := solve(row, y, w, b.offset)
		return curve{b.family, theta, a, c, sse}
	}
	const golden = 0.6180339887498949
	l, r := hi-golden*(hi-lo), lo+golden*(hi-lo)
	cl, cr := try(l), try(r)
	for range 12 {
		if cl.sse < cr.sse {
			hi, r, cr = r, l, cl
			l = hi - golden*(hi-lo)
			cl = try(l)
		} else {
			lo, l, cl = l, r, cr
			r = lo + golden*(hi-lo)
			cr = try(r)
		}
	}
	for _, c := range []curve{cl, cr} {
		if c.sse < best.sse {
			best = c
		}
	}
	return best
}

// at evaluates a curve at x.
func (c curve) at(s scale, x float64) float64 {
	switch c.family {
	case ConstantFamily:
		return c.a
	case StretchedExp:
		return math.Exp(c.a + c.b*s.value(c.family, c.theta, x))
	}
	return c.a + c.b*s.value(c.family, c.theta, x)
}

// fitted holds the curves of every family on one weighting.
type fitted map[Family]curve

func (p *sample) scale() scale { return scale{p.xmin, p.xmax} }
