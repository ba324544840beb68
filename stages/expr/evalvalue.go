package expr

import (
	"math"

	"github.com/concluder/concluder/stages/expr/ball"
)

// Eval returns the value at x, whatever its magnitude. Where float64 would do,
// the value is that of Float.
func (e Expr) Eval(x float64) Value { return e.EvalAt(ValueOf(x)) }

// EvalAt is Eval for a variable of any magnitude.
func (e Expr) EvalAt(x Value) Value {
	if e.n == nil {
		return Value{fault: FaultDomain}
	}
	return evalValue(e.n, x)
}

func evalValue(n *node, x Value) Value {
	switch n.op {
	case OpNum:
		if n.num.val > smallest && n.num.val < largest {
			return Value{sign: 1, f: n.num.val}
		}
		return n.num.value()
	case OpVar:
		return x
	case OpE:
		return Value{sign: 1, f: math.E}
	case OpPi:
		return Value{sign: 1, f: math.Pi}
	case OpPow:
		if n.logBase != nil {
			u := evalValue(n.args[1], x)
			if u.fault != 0 {
				return u
			}
			if u.log == nil {
				if p := n.logBase.pow(u.f); p > smallest && p < largest {
					return Value{sign: 1, f: p}
				}
			}
			return expValue(mulValue(u, ValueOf(n.logBase.hi)))
		}
	}
	s := evalValue(n.args[0], x)
	switch n.op {
	case OpAdd, OpMul, OpDiv, OpPow, OpMin, OpMax:
		for _, arg := range n.args[1:] {
			b := evalValue(arg, x)
			switch n.op {
			case OpAdd:
				s = addValue(s, b)
			case OpMul:
				s = mulValue(s, b)
			case OpDiv:
				s = divValue(s, b)
			case OpPow:
				s = powValue(s, b)
			default:
				s = extremeValue(s, b, n.op == OpMin)
			}
		}
		return s
	}
	return unaryValue(n.op, s)
}

// value returns a literal beyond the range of float64.
func (x *number) value() Value {
	b, err := ball.Prec(96).Decimal(x.text)
	if err != nil || b.Mid().Sign() == 0 {
		return ValueOf(x.val)
	}
	l, err := ball.Prec(96).Log(b)
	if err != nil {
		return ValueOf(x.val)
	}
	f, _ := l.Mid().Float64()
	return fromLog(1, ValueOf(f))
}

func extremeValue(a, b Value, least bool) Value {
	if f, bad := faulty(a, b); bad {
		return f
	}
	if (a.Compare(b) <= 0) == least {
		return a
	}
	return b
}

func unaryValue(op Op, a Value) Value {
	if a.fault != 0 {
		return a
	}
	switch op {
	case OpNeg:
		return a.neg()
	case OpAbs:
		return a.abs()
	case OpSign:
		return Value{sign: a.sign, f: float64(a.sign)}
	case OpExp:
		return expValue(a)
	case OpLog:
		return logValue(a)
	case OpSqrt:
		return sqrtValue(a)
	case OpGamma, OpFactorial:
		return gammaValue(a, op)
	}
	if a.log != nil {
		return beyond(op, a)
	}
	f := unaryFloat(op, a.f)
	switch {
	case math.IsNaN(f):
		return Value{fault: FaultDomain}
	case math.IsInf(f, 0): // sinh and cosh overflow
		return mulValue(Value{sign: signOf(f), f: 0.5 * float64(signOf(f))}, expValue(a.abs()))
	}
	return ValueOf(f)
}

// beyond applies op to a number that float64 cannot hold.
func beyond(op Op, a Value) Value {
	one := Value{sign: a.sign, f: float64(a.sign)}
	tiny := a.log.Sign() < 0
	switch op {
	case OpSin, OpTan, OpAsin, OpAtan, OpSinh, OpTanh, OpErf:
		if tiny { // odd and close to the identity
			if op == OpErf {
				return mulValue(a, Value{sign: 1, f: 2 / math.Sqrt(math.Pi)})
			}
			return a
		}
	case OpCos, OpCosh:
		if tiny {
			return Value{sign: 1, f: 1}
		}
	}
	switch op {
	case OpFloor, OpCeil:
		switch {
		case !tiny:
			return a
		case op == OpFloor && a.sign < 0, op == OpCeil && a.sign > 0:
			return one
		}
		return Value{}
	case OpAcos:
		if tiny {
			return Value{sign: 1, f: math.Pi / 2}
		}
	case OpAtan:
		return Value{sign: a.sign, f: float64(a.sign) * math.Pi / 2}
	case OpTanh, OpErf:
		return one
	case OpSinh, OpCosh:
		half := Value{sign: 1, f: 0.5}
		if op == OpSinh && a.sign < 0 {
			half = half.neg()
		}
		return mulValue(half, expValue(a.abs()))
	case OpSin, OpCos, OpTan:
		return Value{fault: FaultLost}
	}
	return Value{fault: FaultDomain}
}

func sqrtValue(a Value) Value {
	switch {
	case a.sign < 0:
		return Value{fault: FaultDomain}
	case a.log == nil:
		return ValueOf(math.Sqrt(a.f))
	}
	return fromLog(1, mulValue(*a.log, Value{sign: 1, f: 0.5}))
}

func gammaValue(a Value, op Op) Value {
	if op == OpFactorial {
		a = addValue(a, Value{sign: 1, f: 1})
		if a.fault != 0 {
			return a
		}
	}
	if a.log == nil {
		f := math.Gamma(a.f)
		switch {
		case a.f <= 0 && a.f == math.Trunc(a.f):
			return Value{fault: FaultPole}
		case !math.IsInf(f, 0) && f != 0:
			return ValueOf(f)
		}
		l, sign := math.Lgamma(a.f)
		return fromLog(int8(sign), ValueOf(l))
	}
	switch {
	case a.log.Sign() < 0: // Γ(x) is 1/x near 0
		return divValue(Value{sign: 1, f: 1}, a)
	case a.sign < 0:
		return Value{fault: FaultLost}
	}
	// log Γ(x) = x·(log x - 1) to all digits that are left
	return fromLog(1, mulValue(a, addValue(*a.log, Value{sign: -1, f: -1})))
}
