package expr

import (
	"math"

	"github.com/concluder/concluder/stages/expr/ball"
)

// Float returns the value at x in float64 arithmetic, in the order as written:
// NaN outside the domain, ±Inf where it overflows. A power whose base is a
// literal uses the literal's exact value, so that 1.0000017**x0 does not lose
// the digits that float64 cannot hold.
func (e Expr) Float(x float64) float64 {
	if e.n == nil {
		return math.NaN()
	}
	return evalFloat(e.n, x)
}

func evalFloat(n *node, x float64) float64 {
	switch n.op {
	case OpNum:
		return n.num.val
	case OpVar:
		return x
	case OpE:
		return math.E
	case OpPi:
		return math.Pi
	case OpAdd:
		s := evalFloat(n.args[0], x)
		for _, a := range n.args[1:] {
			s += evalFloat(a, x)
		}
		return s
	case OpMul:
		s := evalFloat(n.args[0], x)
		for _, a := range n.args[1:] {
			s *= evalFloat(a, x)
		}
		return s
	case OpMin, OpMax:
		s := evalFloat(n.args[0], x)
		for _, a := range n.args[1:] {
			s = binaryFloat(n.op, s, evalFloat(a, x))
		}
		return s
	case OpDiv:
		return evalFloat(n.args[0], x) / evalFloat(n.args[1], x)
	case OpPow:
		if n.logBase != nil {
			return n.logBase.pow(evalFloat(n.args[1], x))
		}
		return binaryFloat(OpPow, evalFloat(n.args[0], x), evalFloat(n.args[1], x))
	}
	return unaryFloat(n.op, evalFloat(n.args[0], x))
}

func unaryFloat(op Op, a float64) float64 {
	switch op {
	case OpNeg:
		return -a
	case OpExp:
		return math.Exp(a)
	case OpLog:
		return math.Log(a)
	case OpSqrt:
		return math.Sqrt(a)
	case OpAbs:
		return math.Abs(a)
	case OpSign:
		switch {
		case a > 0:
			return 1
		case a < 0:
			return -1
		}
		return a
	case OpFloor:
		return math.Floor(a)
	case OpCeil:
		return math.Ceil(a)
	case OpSin:
		return math.Sin(a)
	case OpCos:
		return math.Cos(a)
	case OpTan:
		return math.Tan(a)
	case OpAsin:
		return math.Asin(a)
	case OpAcos:
		return math.Acos(a)
	case OpAtan:
		return math.Atan(a)
	case OpSinh:
		return math.Sinh(a)
	case OpCosh:
		return math.Cosh(a)
	case OpTanh:
		return math.Tanh(a)
	case OpErf:
		return math.Erf(a)
	case OpGamma:
		return math.Gamma(a)
	case OpFactorial:
		return math.Gamma(a + 1)
	}
	return math.NaN()
}

func binaryFloat(op Op, a, b float64) float64 {
	switch op {
	case OpAdd:
		return a + b
	case OpMul:
		return a * b
	case OpDiv:
		return a / b
	case OpPow:
		if b == 2 {
			return a * a
		}
		return math.Pow(a, b)
	case OpMin:
		return math.Min(a, b)
	case OpMax:
		return math.Max(a, b)
	}
	return math.NaN()
}

// A literalLog is the logarithm of a literal base as a sum of two float64.
type literalLog struct {
	base   float64
	hi, lo float64
}

// newLiteralLog returns nil where the base is not positive.
func newLiteralLog(x *number) *literalLog {
	if x.val <= 0 || math.IsInf(x.val, 0) {
		return nil
	}
	const prec = ball.Prec(128)
	b, err := prec.Decimal(x.text)
	if err != nil {
		return nil
	}
	l, err := prec.Log(b)
	if err != nil {
		return nil
	}
	mid := l.Mid()
	hi, _ := mid.Float64()
	rest, _ := mid.Sub(mid, ball.Float64(hi).Mid()).Float64()
	return &literalLog{x.val, hi, rest}
}

// pow returns base**u as exp(u·hi)·(1 + error of u·hi + u·lo).
func (l *literalLog) pow(u float64) float64 {
	p := u * l.hi
	if p == 0 || math.Abs(p) > 745 || math.IsNaN(p) {
		return math.Pow(l.base, u)
	}
	r := math.Exp(p)
	return r + r*(math.FMA(u, l.hi, -p)+u*l.lo)
}

// EvalFloat32 returns the value at x in float32 arithmetic, each operation
// rounded, in the order as written: what a regression in float32 has seen.
func (e Expr) EvalFloat32(x float64) float32 {
	if e.n == nil {
		return float32(math.NaN())
	}
	return evalFloat32(e.n, float32(x))
}

func evalFloat32(n *node, x float32) float32 {
	switch n.op {
	case OpNum:
		return float32(n.num.val)
	case OpVar:
		return x
	case OpE:
		return math.E
	case OpPi:
		return math.Pi
	case OpAdd, OpMul, OpMin, OpMax, OpDiv, OpPow:
		s := evalFloat32(n.args[0], x)
		for _, a := range n.args[1:] {
			b := evalFloat32(a, x)
			switch n.op {
			case OpAdd:
				s = float32(s + b)
			case OpMul:
				s = float32(s * b)
			case OpDiv:
				s = float32(s / b)
			default:
				s = float32(binaryFloat(n.op, float64(s), float64(b)))
			}
		}
		return s
	}
	return float32(unaryFloat(n.op, float64(evalFloat32(n.args[0], x))))
}
