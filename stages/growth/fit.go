package growth

import "math"

// A basis is one nonlinear term tabulated over the groups of a sample and over
// the grid of its parameter: y = a + b·phi(x; theta). For every theta the best
// a and b are in closed form (variable projection: Golub and Pereyra, 1973),
// so no iteration can fail, and the table serves every weighting, every prefix
// and every resample of the sample.
type basis struct {
	term  term
	theta []float64
	phi   [][]float64 // [theta][group]
	logs  []float64   // log(x/xmax), for powers
}

// A term is the shape that a family scales and shifts, in coordinates in
// which it cannot overflow.
type term int

const (
	lineTerm  term = iota // u = x/xmax
	logTerm               // x·log x over its largest value
	powerTerm             // u^theta
	expTerm               // (e^(theta·v)-1)/(e^theta-1), v = (x-xmin)/(xmax-xmin)
)

// term of a family; none for a constant.
func (f Family) term() term {
	switch f {
	case LogLinearFamily:
		return logTerm
	case PowerFamily, OffsetPower, StretchedExp:
		return powerTerm
	case OffsetExp:
		return expTerm
	}
	return lineTerm
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

// A scale is the range of x that the terms are scaled by.
type scale struct {
	xmin, xmax float64
}

func (s scale) value(t term, theta, x float64) float64 {
	switch t {
	case logTerm:
		return x * math.Log(x) / (s.xmax * math.Log(s.xmax))
	case powerTerm:
		if x <= 0 {
			return 0
		}
		return math.Exp(theta * math.Log(x/s.xmax))
	case expTerm:
		return math.Expm1(theta*(x-s.xmin)/(s.xmax-s.xmin)) / math.Expm1(theta)
	}
	return x / s.xmax
}

// The grids are geometric. Exponents beyond 12 and growth beyond e^40 over the
// range are steps, not curves.
const (
	gridSize            = 56
	powerLow, powerHigh = 0.05, 12
	expLow, expHigh     = 0.1, 40
	stretchHigh         = 2 // of the exponent in a*exp(c*x^q)
	refinements         = 10
	golden              = 0.6180339887498949
	logSpanPower        = 5.480638923341991 // log(powerHigh/powerLow)
	logSpanExp          = 5.991464547107982 // log(expHigh/expLow)
	powerStep, expStep  = logSpanPower / (gridSize - 1), logSpanExp / (gridSize - 1)
)

func newBasis(t term, s scale, x []float64) *basis {
	b := &basis{term: t, theta: []float64{0}}
	low, step := powerLow, powerStep
	switch t {
	case expTerm:
		low, step = expLow, expStep
		fallthrough
	case powerTerm:
		b.theta = make([]float64, gridSize)
		for i := range b.theta {
			b.theta[i] = low * math.Exp(step*float64(i))
		}
	}
	if t == powerTerm {
		b.logs = s.logs(x)
	}
	flat := make([]float64, len(b.theta)*len(x))
	for range b.theta {
		b.phi = append(b.phi, flat[:len(x):len(x)])
		flat = flat[len(x):]
	}
	for k, theta := range b.theta {
		b.fill(b.phi[k], s, theta, x)
	}
	return b
}

// logs of x/xmax, -Inf for sizes that are not positive.
func (s scale) logs(x []float64) []float64 {
	l := make([]float64, len(x))
	for i, v := range x {
		l[i] = math.Inf(-1)
		if v > 0 {
			l[i] = math.Log(v / s.xmax)
		}
	}
	return l
}

// fill writes the values of the term at x, of which b.logs are the logarithms
// where the term is a power.
func (b *basis) fill(row []float64, s scale, theta float64, x []float64) {
	switch b.term {
	case powerTerm:
		for i := range x {
			row[i] = math.Exp(theta * b.logs[i])
		}
	case expTerm:
		top := math.Expm1(theta)
		k := theta / (s.xmax - s.xmin)
		for i, v := range x {
			row[i] = math.Expm1(k*(v-s.xmin)) / top
		}
	default:
		for i, v := range x {
			row[i] = s.value(b.term, theta, v)
		}
	}
}

// A target is what functions phi are fitted to: weighted values, with those sums
// that are the same whatever phi is. A grid of functions is fitted to each
// resample, so that this is where an analysis spends most of its time.
type target struct {
	y, w       []float64
	sw, sy, yy float64
}

func newTarget(y, w []float64) target {
	t := target{y: y, w: w[:len(y)]}
	for i, v := range y {
		wy := t.w[i] * v
		t.sw += t.w[i]
		t.sy += wy
		t.yy += wy * v
	}
	return t
}

// moments are the weighted sums of phi, of its square, and of its product with y.
type moments struct{ p, pp, py float64 }

func (t *target) moments(phi []float64) (m moments) {
	phi, w := phi[:len(t.y)], t.w[:len(t.y)]
	for i, v := range t.y {
		wp := w[i] * phi[i]
		m.p += wp
		m.pp += wp * phi[i]
		m.py += wp * v
	}
	return m
}

// moments2 is moments of two functions, each bit the same. A sum waits for the
// one before it; two of them take hardly longer than one.
func (t *target) moments2(phi, psi []float64) (m, n moments) {
	phi, psi, w := phi[:len(t.y)], psi[:len(t.y)], t.w[:len(t.y)]
	for i, v := range t.y {
		wp, wq := w[i]*phi[i], w[i]*psi[i]
		m.p += wp
		n.p += wq
		m.pp += wp * phi[i]
		n.pp += wq * psi[i]
		m.py += wp * v
		n.py += wq * v
	}
	return m, n
}

// solve gives the weighted least-squares a and b of y = a + b·phi and the sum
// of squares; without offset a is 0.
func (t *target) solve(m moments, offset bool) (a, b, sse float64) {
	if t.sw == 0 {
		return 0, 0, 0
	}
	yy := t.yy
	if offset {
		m.pp -= m.p * m.p / t.sw
		m.py -= m.p * t.sy / t.sw
		yy -= t.sy * t.sy / t.sw
	}
	if m.pp > 0 {
		b = m.py / m.pp
	}
	if offset {
		a = (t.sy - b*m.p) / t.sw
	}
	return a, b, math.Max(yy-b*m.py, 0)
}

// solve is target.solve for a single function.
func solve(phi, y, w []float64, offset bool) (a, b, sse float64) {
	t := newTarget(y, w)
	return t.solve(t.moments(phi), offset)
}

// A curve is a fitted member of a family. Its coefficients belong to the
// scaled terms; for a*exp(c*x^q) they are those of its logarithm.
type curve struct {
	family Family
	theta  float64
	a, b   float64
	sse    float64 // weighted sum of squares over the groups it was fitted to
}

// fit gives the best curve of a family on the first len(y) groups. refine adds
// a golden section between the neighbours of the best value of the grid.
func (b *basis) fit(f Family, s scale, x, y, w []float64, refine bool) curve {
	offset := f != PowerFamily
	best := curve{family: f, sse: math.Inf(1)}
	at, t := 0, newTarget(y, w)
	for k, theta := range b.theta {
		if f == StretchedExp && theta > stretchHigh {
			break
		}
		if a, c, sse := t.solve(t.moments(b.phi[k]), offset); sse < best.sse {
			best, at = curve{f, theta, a, c, sse}, k
		}
	}
	if len(b.theta) == 1 || !refine {
		return best
	}
	lo, hi := math.Log(b.theta[max(at-1, 0)]), math.Log(b.theta[min(at+1, len(b.theta)-1)])
	row := make([]float64, len(y))
	try := func(l float64) curve {
		theta := math.Exp(l)
		b.fill(row, s, theta, x[:len(y)])
		a, c, sse := t.solve(t.moments(row), offset)
		return curve{f, theta, a, c, sse}
	}
	l, r := hi-golden*(hi-lo), lo+golden*(hi-lo)
	cl, cr := try(l), try(r)
	for range refinements {
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

// at evaluates a curve at x; +Inf where it overflows.
func (c curve) at(s scale, x float64) float64 {
	switch c.family {
	case ConstantFamily:
		return c.a
	case StretchedExp:
		return math.Exp(c.a + c.b*s.value(powerTerm, c.theta, x))
	}
	return c.a + c.b*s.value(c.family.term(), c.theta, x)
}
