package expr

import "math"

// gammaLeast is the minimum of Γ on the positive numbers, at gammaLow.
const (
	gammaLow   = 1.4616321449683623
	gammaLeast = 0.8856031944108886
)

func unaryInterval(op Op, a Interval) Interval {
	switch op {
	case OpNeg:
		return Interval{-a.Hi, -a.Lo, a.Partial}
	case OpExp:
		out := widen(math.Exp(a.Lo), math.Exp(a.Hi), elementary, a.Partial)
		out.Lo = max(out.Lo, 0)
		return out
	case OpAbs:
		switch {
		case a.Lo >= 0:
			return a
		case a.Hi <= 0:
			return Interval{-a.Hi, -a.Lo, a.Partial}
		}
		return Interval{0, max(-a.Lo, a.Hi), a.Partial}
	case OpSign:
		return Interval{unaryFloat(OpSign, a.Lo), unaryFloat(OpSign, a.Hi), a.Partial}
	case OpFloor:
		return Interval{math.Floor(a.Lo), math.Floor(a.Hi), a.Partial}
	case OpCeil:
		return Interval{math.Ceil(a.Lo), math.Ceil(a.Hi), a.Partial}
	case OpLog:
		if a.Hi <= 0 {
			return emptyInterval()
		}
		partial := a.Partial || a.Lo <= 0
		return widen(math.Log(max(a.Lo, 0)), math.Log(a.Hi), elementary, partial)
	case OpSqrt:
		if a.Hi < 0 {
			return emptyInterval()
		}
		out := widen(math.Sqrt(max(a.Lo, 0)), math.Sqrt(a.Hi), 1, a.Partial || a.Lo < 0)
		out.Lo = max(out.Lo, 0)
		return out
	case OpSin:
		return sineInterval(a, 0.25)
	case OpCos:
		return sineInterval(a, 0)
	case OpTan:
		return tanInterval(a)
	case OpAsin, OpAcos:
		if a.Hi < -1 || a.Lo > 1 {
			return emptyInterval()
		}
		partial := a.Partial || a.Lo < -1 || a.Hi > 1
		lo, hi := unaryFloat(op, max(a.Lo, -1)), unaryFloat(op, min(a.Hi, 1))
		if op == OpAcos {
			lo, hi = hi, lo
		}
		// Near ±1 the functions are steep: the absolute error counts.
		return Interval{down(lo, 2*elementary) - 1e-15, up(hi, 2*elementary) + 1e-15, partial}
	case OpAtan, OpSinh, OpTanh, OpErf: // increasing
		return widen(unaryFloat(op, a.Lo), unaryFloat(op, a.Hi), 2*elementary, a.Partial)
	case OpCosh:
		m := unaryInterval(OpAbs, a)
		out := widen(math.Cosh(m.Lo), math.Cosh(m.Hi), 2*elementary, a.Partial)
		out.Lo = max(out.Lo, 1)
		return out
	case OpGamma:
		return gammaInterval(a)
	case OpFactorial:
		return gammaInterval(widen(a.Lo+1, a.Hi+1, 1, a.Partial))
	}
	return wholeLine(true)
}

// sineInterval encloses sin (shift 0.25) or cos (shift 0): the crests are at
// whole turns plus shift, the troughs half a turn off.
func sineInterval(a Interval, shift float64) Interval {
	out := Interval{-1, 1, a.Partial}
	const far = 1e8 // beyond it, turns are no longer told apart safely
	if !(a.Hi-a.Lo < 2*math.Pi) || a.Hi > far || a.Lo < -far {
		return out
	}
	f := math.Cos
	if shift != 0 {
		f = math.Sin
	}
	l, h := f(a.Lo), f(a.Hi)
	const slack = 1e-7 // turns; generous beside the rounding of far/2π
	crosses := func(at float64) bool {
		return math.Floor(a.Hi/(2*math.Pi)-at+slack) >= math.Ceil(a.Lo/(2*math.Pi)-at-slack)
	}
	if !crosses(shift) {
		out.Hi = min(1, max(l, h)+1e-15)
	}
	if !crosses(shift + 0.5) {
		out.Lo = max(-1, min(l, h)-1e-15)
	}
	return out
}

func tanInterval(a Interval) Interval {
	const far = 1e8
	turn := func(x float64) float64 { return math.Floor(x/math.Pi + 0.5) }
	if !(a.Hi-a.Lo < math.Pi) || a.Hi > far || a.Lo < -far || turn(a.Lo-1e-6) != turn(a.Hi+1e-6) {
		return wholeLine(true)
	}
	lo, hi := math.Tan(a.Lo), math.Tan(a.Hi)
	// The error of the argument's reduction grows with tan².
	return Interval{lo - 1e-14*(1+lo*lo), hi + 1e-14*(1+hi*hi), a.Partial}
}

// gammaInterval encloses Γ on the positive numbers, where it is convex.
func gammaInterval(a Interval) Interval {
	if a.Lo <= 0 {
		return wholeLine(true)
	}
	const units = 64 // of math.Gamma, far more than seen
	l, h := math.Gamma(a.Lo), math.Gamma(a.Hi)
	out := Interval{Hi: up(max(l, h), units), Partial: a.Partial}
	switch {
	case a.Lo > gammaLow+1e-6:
		out.Lo = down(l, units)
	case a.Hi < gammaLow-1e-6:
		out.Lo = down(h, units)
	default:
		out.Lo = down(gammaLeast, units)
	}
	return out
}
