package growth

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/concluder/concluder/stages/expr"
)

// coefficientDigits are the significant digits of a printed coefficient:
// rounding up costs less than a thousandth of the bound.
const coefficientDigits = 4

// Envelope returns the least A·g + B that holds on every point of s, for a
// shape g that is defined, not negative and growing there: among A > 0 and
// B >= 0 the one with the least sum of U(x_i) - y_i. The sum is that of one
// line over the points (g, y), so the optimum is the edge of their upper
// convex hull, with the origin among them for B >= 0, that lies over the mean
// of g. Where that edge falls or is level the bound would be a constant: then
// Flat is set and the last rising edge is taken.
//
// The error is a *ShapeError where g cannot be the shape of a bound.
func Envelope(shape expr.Expr, s Series) (Bound, error) {
	b, err := envelope(shape, s)
	if err == nil {
		b.relax(s)
	}
	return b, err
}

// envelope is Envelope without the robust form.
func envelope(shape expr.Expr, s Series) (Bound, error) {
	if len(s.X) == 0 || len(s.X) != len(s.Y) {
		return Bound{}, errors.New("envelope: no points")
	}
	v, err := evaluate(shape, s.X)
	if err != nil {
		return Bound{}, err
	}
	all := make([]int, len(s.X))
	for i := range all {
		all[i] = i
		if y := s.Y[i]; math.Abs(y) > mostMagnitude {
			return Bound{}, fmt.Errorf("envelope: the value %g at x0 = %g is beyond %g", y, s.X[i], mostMagnitude)
		}
	}
	out := s.censored()
	l := overlay(v.h, s.Y, out, all, -1)
	if math.IsInf(l.a, 0) || math.IsInf(l.b, 0) || math.IsNaN(l.a+l.b) {
		return Bound{}, &ShapeError{caret(shape), "no coefficient that float64 can hold scales it to the points"}
	}
	b := Bound{Shape: shape, Flat: l.flat, Binding: l.binding, line: l, values: v}
	b.a, b.b = l.coefficients(v)
	if !b.tighten(s, all) {
		return Bound{}, &ShapeError{caret(shape), "its values cannot be told apart from those of the points"}
	}
	b.Expr, b.Text = b.formula(b.a, b.b)
	return b, nil
}

// relax adds the form that holds on 95 % of the points: all but one in 20,
// rounded down, so that below 20 points it is the bound itself. Neither of its
// coefficients exceeds the bound's, so that it lies above it nowhere and does
// not outgrow it.
func (b *Bound) relax(s Series) {
	all := make([]int, len(s.X))
	for i := range all {
		all[i] = i
	}
	h, out := b.values.h, s.censored()
	keep := peel(h, s.Y, out, all, len(all)/20)
	l := overlay(h, s.Y, out, keep, -1)
	// The sum to be least is convex along the edge of what holds: where one
	// coefficient is too large, the best that is not has it at its limit.
	switch {
	case l.a > b.line.a:
		l.a, l.b = b.line.a, 0
		for _, i := range keep {
			l.b = math.Max(l.b, s.Y[i]-l.a*h[i])
		}
	case l.b > b.line.b:
		l.a, l.b = 1e-6*b.line.a, b.line.b
		for _, i := range keep {
			if h[i] > 0 {
				l.a = math.Max(l.a, (s.Y[i]-l.b)/h[i])
			}
		}
	}
	r := Bound{Shape: b.Shape, values: b.values}
	r.a, r.b = l.coefficients(b.values)
	if !r.tighten(s, keep) || r.a.exceeds(b.a) || r.b.exceeds(b.b) {
		r.a, r.b = b.a, b.b
	}
	b.Robust, b.Robust95 = b.formula(r.a, r.b)
}

// Ceiling is the bound of a series that shows no growth: its largest value, or
// the next number above it where the shortest decimal of that value lies below
// the number it stands for.
func Ceiling(s Series) Bound {
	top := slices.Max(s.Y)
	e := expr.Num(top)
	if text, _, err := big.ParseFloat(e.String(), 10, 200, big.ToNearestEven); err == nil && text.Cmp(big.NewFloat(top)) < 0 {
		e = expr.Num(math.Nextafter(top, math.Inf(1)))
	}
	b := Bound{Expr: e, Text: caret(e), Robust: e, Robust95: caret(e), Flat: true}
	for i, y := range s.Y {
		if y == top {
			b.Binding = append(b.Binding, i)
		}
	}
	return b
}

// A line a·h + b over points (h, y).
type line struct {
	a, b    float64
	binding []int
	flat    bool
}

// overlay is the least line over the chosen points, but for the point without,
// with a > 0 and b >= 0. It lies over the censored points too and is least over
// the others. h does not fall along the points.
func overlay(h, y []float64, censored []bool, chosen []int, without int) line {
	type vertex struct {
		h, y float64
		at   int
	}
	hull := make([]vertex, 1, 16)
	hull[0] = vertex{0, 0, -1} // the line passes over the origin: b >= 0
	mean, n := 0.0, 0
	for _, i := range chosen {
		if i == without {
			continue
		}
		if censored == nil || !censored[i] {
			mean += h[i]
			n++
		}
		p := vertex{h[i], y[i], i}
		if last := hull[len(hull)-1]; p.h == last.h {
			if p.y <= last.y {
				continue
			}
			hull = hull[:len(hull)-1]
		}
		for len(hull) >= 2 {
			q, r := hull[len(hull)-2], hull[len(hull)-1]
			// r goes when it lies on or under the chord from q to p.
			if (r.y-q.y)*(p.h-q.h) > (p.y-q.y)*(r.h-q.h) {
				break
			}
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, p)
	}
	mean /= float64(max(n, 1))
	edge := 1
	for edge < len(hull)-1 && hull[edge].h < mean {
		edge++
	}
	l := line{}
	for ; edge >= 1 && edge < len(hull); edge-- {
		q, r := hull[edge-1], hull[edge]
		if r.y > q.y {
			l.a = (r.y - q.y) / (r.h - q.h)
			l.b = math.Max(0, r.y-l.a*r.h)
			for _, p := range []vertex{q, r} {
				if p.at >= 0 {
					l.binding = append(l.binding, p.at)
				}
			}
			return l
		}
		l.flat = true
	}
	// No edge rises: no y is positive, or only where the shape is zero. The
	// smallest slope that shows is a millionth of the height.
	l.flat = true
	top := 0.0
	for _, i := range chosen {
		if i != without {
			top = math.Max(top, y[i])
		}
	}
	l.a, l.b = 1e-6*math.Max(top, 1e-6), top
	return l
}

// coefficients of g, rounded up, for a line over its scaled values.
func (l line) coefficients(v values) (a, b decimal) {
	// a·exp(-log) in decimals, also where that is out of range.
	e := math.Floor(-v.log / math.Ln10)
	m := l.a * math.Exp(-v.log-e*math.Ln10)
	return roundUp(m, int(e), coefficientDigits), roundUp(l.b, 0, coefficientDigits)
}

// margin is the least share of y by which a bound stays above it, so that the
// bound also holds where it is evaluated in float64.
const margin = 1e-12

// tighten raises the coefficients until the printed decimals hold on the chosen
// points, and reports whether it came to that. The comparison is done in
// float64 where that decides it, else in numbers of 128 bits.
func (b *Bound) tighten(s Series, chosen []int) bool {
	for range 200 {
		b.scaled, b.added = math.Exp(b.a.log()+b.values.log), b.b.float()
		i := b.violated(s, chosen)
		switch {
		case i < 0:
			return true
		case b.scaled*b.values.h[i] >= max(b.added, s.Y[i])/10:
			b.a = b.a.next()
		case b.added < s.Y[i]: // the shape is as good as 0 there
			b.b = roundUp(s.Y[i], 0, coefficientDigits)
		default:
			b.b = b.b.next()
		}
	}
	return false
}

// violated is the first of the chosen points that the printed bound is not
// safely above, or -1.
func (b *Bound) violated(s Series, chosen []int) int {
	for _, i := range chosen {
		u := b.height(i)
		// exp and log of the scaled values are good to about 1e-13 times the
		// size of the logarithm.
		if slack := u - s.Y[i]; slack > 1e-9*math.Max(u, math.Abs(s.Y[i])) {
			continue
		}
		if !b.holdsExactly(s.X[i], s.Y[i]) {
			return i
		}
	}
	return -1
}

// holdsExactly compares at one point in numbers of 128 bits.
func (b *Bound) holdsExactly(x, y float64) bool {
	const precision = 128
	g, err := b.Shape.EvalBig(x, precision)
	if err != nil {
		return false
	}
	u := new(big.Float).SetPrec(precision).Mul(b.a.big(precision), g)
	u.Add(u, b.b.big(precision))
	want := new(big.Float).SetPrec(precision).SetFloat64(y)
	want.Add(want, new(big.Float).SetFloat64(margin*math.Abs(y)))
	return u.Cmp(want) >= 0
}

// formula is A·g + B as an expression and as text.
func (b *Bound) formula(a, c decimal) (expr.Expr, string) {
	e := b.Shape
	if a.float() != 1 {
		e = expr.Mul(a.expr(), e)
	}
	if c.digits > 0 {
		e = expr.Add(e, c.expr())
	}
	return e, caret(e)
}

// At is the bound at x in float64; +Inf where it overflows.
func (b *Bound) At(x float64) float64 { return b.Expr.Float(x) }

// peel leaves out k points, one by one: of the points that hold the line up,
// the one without which it drops the most over the mean of h.
func peel(h, y []float64, censored []bool, chosen []int, k int) []int {
	keep := slices.Clone(chosen)
	mean, n := 0.0, 0
	for _, i := range chosen {
		if censored == nil || !censored[i] {
			mean += h[i]
			n++
		}
	}
	mean /= float64(max(n, 1))
	l := overlay(h, y, censored, keep, -1)
	for range k {
		best, at, next := math.Inf(1), -1, line{}
		for _, i := range l.binding {
			m := overlay(h, y, censored, keep, i)
			if v := m.a*mean + m.b; v < best {
				best, at, next = v, i, m
			}
		}
		if at < 0 {
			break
		}
		l = next
		keep = slices.DeleteFunc(keep, func(j int) bool { return j == at })
	}
	return keep
}
