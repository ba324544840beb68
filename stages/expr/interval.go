package expr

import "math"

// An Interval holds every value that an expression takes on a range. Its ends
// are rounded outwards and may be infinite. An Interval with Lo > Hi is empty:
// the expression is defined nowhere on the range.
type Interval struct {
	Lo, Hi  float64
	Partial bool // the expression may be undefined at some points of the range
}

// Empty reports whether there is no value at all.
func (i Interval) Empty() bool { return i.Lo > i.Hi || math.IsNaN(i.Lo) || math.IsNaN(i.Hi) }

// Contains reports whether v lies in i.
func (i Interval) Contains(v float64) bool { return v >= i.Lo && v <= i.Hi }

func emptyInterval() Interval { return Interval{math.Inf(1), math.Inf(-1), true} }

func wholeLine(partial bool) Interval { return Interval{math.Inf(-1), math.Inf(1), partial} }

// Interval returns bounds that hold for the exact value of e, literals exact
// too, at every x in [lo, hi].
func (e Expr) Interval(lo, hi float64) Interval {
	if e.n == nil || math.IsNaN(lo) || math.IsNaN(hi) || lo > hi {
		return emptyInterval()
	}
	return evalInterval(e.n, Interval{Lo: lo, Hi: hi})
}

// down and up move a result by n units in the last place, and by the smallest
// number, outwards.
func down(x float64, n float64) float64 {
	if math.IsInf(x, 1) {
		return math.MaxFloat64
	}
	return x - (math.Abs(x)*n*0x1.00001p-52 + 5e-324)
}

func up(x float64, n float64) float64 { return -down(-x, n) }

func widen(lo, hi, units float64, partial bool) Interval {
	if math.IsNaN(lo) || math.IsNaN(hi) {
		return wholeLine(partial)
	}
	return Interval{down(lo, units), up(hi, units), partial}
}

// elementary is how far Go's elementary functions may be off, in units of the
// last place, with a margin: they are documented or tested to stay under one
// or two.
const elementary = 4

func evalInterval(n *node, x Interval) Interval {
	switch n.op {
	case OpNum:
		return n.num.interval()
	case OpVar:
		return x
	case OpE:
		return widen(math.E, math.E, 1, false)
	case OpPi:
		return widen(math.Pi, math.Pi, 1, false)
	case OpPow:
		if n.logBase != nil {
			u := evalInterval(n.args[1], x)
			if u.Empty() {
				return emptyInterval()
			}
			return n.logBase.interval(u)
		}
		if r, ok := rational(n.args[1]); ok && r.IsInt() && r.Num().IsInt64() {
			return powIntInterval(evalInterval(n.args[0], x), r.Num().Int64())
		}
	}
	s := evalInterval(n.args[0], x)
	for _, arg := range n.args[1:] {
		if s.Empty() {
			return emptyInterval()
		}
		b := evalInterval(arg, x)
		if b.Empty() {
			return emptyInterval()
		}
		partial := s.Partial || b.Partial
		switch n.op {
		case OpAdd:
			s = widen(s.Lo+b.Lo, s.Hi+b.Hi, 1, partial)
		case OpMul:
			s = mulInterval(s, b)
		case OpDiv:
			s = divInterval(s, b)
		case OpPow:
			s = powInterval(s, b)
		case OpMin:
			s = Interval{math.Min(s.Lo, b.Lo), math.Min(s.Hi, b.Hi), partial}
		case OpMax:
			s = Interval{math.Max(s.Lo, b.Lo), math.Max(s.Hi, b.Hi), partial}
		}
	}
	if len(n.args) > 1 {
		return s
	}
	if s.Empty() {
		return emptyInterval()
	}
	return unaryInterval(n.op, s)
}

// interval encloses a literal's exact value.
func (x *number) interval() Interval {
	if x.rat != nil {
		if _, exact := x.rat.Float64(); exact {
			return Interval{Lo: x.val, Hi: x.val}
		}
	}
	if math.IsInf(x.val, 1) {
		return Interval{Lo: math.MaxFloat64, Hi: x.val}
	}
	return Interval{Lo: math.Nextafter(x.val, math.Inf(-1)), Hi: math.Nextafter(x.val, math.Inf(1))}
}

// product of bounds: 0·∞ is 0 here, because the 0 is exact
func product(a, b float64) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	return a * b
}

func mulInterval(a, b Interval) Interval {
	p, q, r, s := product(a.Lo, b.Lo), product(a.Lo, b.Hi), product(a.Hi, b.Lo), product(a.Hi, b.Hi)
	return widen(min(p, q, r, s), max(p, q, r, s), 1, a.Partial || b.Partial)
}

func divInterval(a, b Interval) Interval {
	partial := a.Partial || b.Partial
	switch {
	case b.Lo == 0 && b.Hi == 0:
		return emptyInterval()
	case b.Lo < 0 && b.Hi > 0:
		return wholeLine(true)
	case b.Lo == 0: // 1/b is [1/Hi, ∞)
		r := mulInterval(a, Interval{down(1/b.Hi, 1), math.Inf(1), false})
		r.Partial = true
		return r
	case b.Hi == 0:
		r := mulInterval(a, Interval{math.Inf(-1), up(1/b.Lo, 1), false})
		r.Partial = true
		return r
	}
	r := mulInterval(a, widen(1/b.Hi, 1/b.Lo, 1, false))
	r.Partial = partial
	return r
}

// powError bounds the relative error of math.Pow in units of the last place:
// it multiplies by squares, each of which doubles the error so far.
func powError(x, y float64) float64 {
	return math.Abs(y) + math.Abs(math.Log(math.Abs(x))) + 2*elementary
}

func powIntInterval(a Interval, n int64) Interval {
	if a.Empty() {
		return emptyInterval()
	}
	if n == 0 {
		return Interval{1, 1, a.Partial}
	}
	if n < 0 {
		return divInterval(Interval{Lo: 1, Hi: 1}, powIntInterval(a, -n))
	}
	y := float64(n)
	lo, hi := math.Pow(a.Lo, y), math.Pow(a.Hi, y)
	out := Interval{Partial: a.Partial}
	if n%2 == 1 || a.Lo >= 0 {
		out.Lo, out.Hi = powDown(lo, a.Lo, y), powUp(hi, a.Hi, y)
	} else if a.Hi <= 0 {
		out.Lo, out.Hi = powDown(hi, a.Hi, y), powUp(lo, a.Lo, y)
	} else {
		out.Hi = max(powUp(lo, a.Lo, y), powUp(hi, a.Hi, y))
	}
	if n%2 == 0 || a.Lo >= 0 {
		out.Lo = max(out.Lo, 0)
	}
	return out
}

func powDown(p, x, y float64) float64 {
	if x == 0 || math.IsInf(x, 0) && math.IsInf(p, -1) {
		return p
	}
	return down(p, powError(x, y))
}

func powUp(p, x, y float64) float64 { return -powDown(-p, x, y) }

// powInterval is a**b where b is no whole number: only for a >= 0.
func powInterval(a, b Interval) Interval {
	partial := a.Partial || b.Partial || a.Lo < 0
	if a.Hi < 0 {
		// Defined at most where b is whole.
		if m := math.Floor(b.Hi); m < b.Lo {
			return emptyInterval()
		}
		return wholeLine(true)
	}
	if a.Lo < 0 && math.Floor(b.Hi) >= b.Lo {
		return wholeLine(true) // b may be whole, and a negative
	}
	a.Lo = max(a.Lo, 0)
	if a.Lo == 0 && b.Lo < 0 {
		partial = true
	}
	// Monotone in each argument, so the extremes are at corners.
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, x := range [2]float64{a.Lo, a.Hi} {
		for _, y := range [2]float64{b.Lo, b.Hi} {
			p := math.Pow(x, y)
			if math.IsNaN(p) {
				return wholeLine(partial)
			}
			if x == 0 || math.IsInf(x, 0) || math.IsInf(y, 0) {
				lo, hi = min(lo, p), max(hi, p)
				continue
			}
			e := powError(x, y)
			lo, hi = min(lo, down(p, e)), max(hi, up(p, e))
		}
	}
	if a.Lo <= 1 && a.Hi >= 1 { // 1 is taken whatever the exponent
		lo, hi = min(lo, 1), max(hi, 1)
	}
	return Interval{max(lo, 0), hi, partial}
}

func (l *literalLog) interval(u Interval) Interval {
	lo, hi := l.pow(u.Lo), l.pow(u.Hi)
	if l.hi < 0 {
		lo, hi = hi, lo
	}
	if math.IsNaN(lo) || math.IsNaN(hi) {
		return Interval{0, math.Inf(1), u.Partial}
	}
	// Under an exponent of 745 pow has two rounded steps; beyond it 0 and ∞
	// are the values next to the true ones.
	out := widen(lo, hi, 2*elementary, u.Partial)
	out.Lo = max(out.Lo, 0)
	return out
}
