package expr

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/concluder/concluder/stages/expr/ball"
)

// EvalBig returns the value at x, literals and x taken exactly, correct to
// prec bits: the error is under 2^-prec of the value. It shares no arithmetic
// with Float. The error wraps ball.ErrDomain outside the domain, ball.ErrRange
// beyond 2^(2^30), and ball.ErrWide where cancellation leaves nothing that a
// few thousand bits could see.
func (e Expr) EvalBig(x float64, prec uint) (*big.Float, error) {
	if e.n == nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return nil, fmt.Errorf("evaluate %q at %g: %w", e.String(), x, ball.ErrDomain)
	}
	var last error
	for p := prec + 32; p <= 8*prec+4096; p *= 2 {
		b, err := evalBall(e.n, ball.Float64(x), ball.Prec(p))
		switch {
		case err == nil && b.Accuracy() > int(prec):
			return b.Mid().SetPrec(prec + 8), nil
		case err == nil:
			last = ball.ErrWide
		case errors.Is(err, ball.ErrWide):
			last = err
		default:
			return nil, fmt.Errorf("evaluate %s at %g: %w", e, x, err)
		}
		// A sum that is exactly zero shows no bits at any precision.
		if r, ok := evalRat(e.n, x); ok {
			return new(big.Float).SetPrec(prec + 8).SetRat(r), nil
		}
	}
	return nil, fmt.Errorf("evaluate %s at %g: %w", e, x, last)
}

// EvalBall encloses the value at x, literals exact.
func (e Expr) EvalBall(x ball.Ball, p ball.Prec) (ball.Ball, error) {
	if e.n == nil {
		return ball.Ball{}, ball.ErrDomain
	}
	return evalBall(e.n, x, p)
}

func evalBall(n *node, x ball.Ball, p ball.Prec) (ball.Ball, error) {
	switch n.op {
	case OpNum:
		if n.num.rat != nil {
			return p.Rat(n.num.rat), nil
		}
		return p.Decimal(n.num.text)
	case OpVar:
		return x, nil
	case OpE:
		return p.Exp(ball.Int(1))
	case OpPi:
		return p.Pi(), nil
	}
	s, err := evalBall(n.args[0], x, p)
	if err != nil {
		return s, err
	}
	for _, arg := range n.args[1:] {
		b, err := evalBall(arg, x, p)
		if err != nil {
			return b, err
		}
		switch n.op {
		case OpAdd:
			s, err = p.Add(s, b)
		case OpMul:
			s, err = p.Mul(s, b)
		case OpDiv:
			s, err = p.Quo(s, b)
		case OpPow:
			s, err = powBall(s, b, p)
		case OpMin, OpMax:
			s, err = extremeBall(s, b, p, n.op == OpMin)
		}
		if err != nil {
			return s, err
		}
	}
	if len(n.args) > 1 {
		return s, nil
	}
	return unaryBall(n.op, s, p)
}

func powBall(a, b ball.Ball, p ball.Prec) (ball.Ball, error) {
	if b.Exact() && b.Mid().IsInt() {
		if k, acc := b.Mid().Int64(); acc == big.Exact {
			return p.PowInt(a, k)
		}
	}
	sign, ok := a.Sign()
	if ok && sign == 0 {
		switch s, ok := b.Sign(); {
		case !ok:
			return a, ball.ErrWide
		case s > 0:
			return ball.Ball{}, nil
		}
		return a, ball.ErrDomain
	}
	return p.Pow(a, b)
}

func extremeBall(a, b ball.Ball, p ball.Prec, least bool) (ball.Ball, error) {
	d, err := p.Sub(a, b)
	if err != nil {
		return d, err
	}
	s, ok := d.Sign()
	if !ok {
		return d, ball.ErrWide
	}
	if (s <= 0) == least {
		return a, nil
	}
	return b, nil
}

func unaryBall(op Op, a ball.Ball, p ball.Prec) (ball.Ball, error) {
	one := ball.Int(1)
	switch op {
	case OpNeg:
		return ball.Neg(a), nil
	case OpAbs:
		return ball.Abs(a), nil
	case OpExp:
		return p.Exp(a)
	case OpLog:
		return p.Log(a)
	case OpSqrt:
		return p.Sqrt(a)
	case OpSin:
		return p.Sin(a)
	case OpCos:
		return p.Cos(a)
	case OpAtan:
		return p.Atan(a)
	case OpErf:
		return p.Erf(a)
	case OpGamma:
		return p.Gamma(a)
	case OpFactorial:
		b, err := p.Add(a, one)
		if err != nil {
			return b, err
		}
		return p.Gamma(b)
	case OpSign:
		s, ok := a.Sign()
		if !ok {
			return a, ball.ErrWide
		}
		return ball.Int(int64(s)), nil
	case OpFloor, OpCeil:
		return roundBall(op, a)
	}
	return composedBall(op, a, p)
}

// composedBall computes what is written with other functions.
func composedBall(op Op, a ball.Ball, p ball.Prec) (ball.Ball, error) {
	if (op == OpAsin || op == OpAcos) && a.Exact() && a.Mid().IsInt() {
		// The ends of the domain, where the quotient below has no value.
		quarter := 0
		switch m, _ := a.Mid().Int64(); {
		case op == OpAsin && (m == 1 || m == -1):
			quarter = int(m)
		case op == OpAcos && m == 1:
			return ball.Ball{}, nil
		case op == OpAcos && m == -1:
			quarter = 2
		}
		if quarter != 0 {
			half, err := p.Quo(p.Pi(), ball.Int(2))
			if err != nil {
				return half, err
			}
			return p.Mul(half, ball.Int(int64(quarter)))
		}
	}
	x := leaf(OpVar)
	var n *node
	switch op {
	case OpTan:
		n = div(newNode(OpSin, x), newNode(OpCos, x))
	case OpAsin, OpAcos:
		// asin x = atan(x/sqrt(1-x²))
		n = newNode(OpAtan, div(x, newNode(OpSqrt, add(whole(1), neg(newNode(OpPow, x, whole(2)))))))
		if op == OpAcos {
			n = add(div(leaf(OpPi), whole(2)), neg(n))
		}
	case OpSinh, OpCosh:
		back := newNode(OpExp, neg(x))
		if op == OpSinh {
			back = neg(back)
		}
		n = div(add(newNode(OpExp, x), back), whole(2))
	case OpTanh: // 1 - 2/(exp(2x)+1), and ±1 where exp(2x) has no place
		if a.Mid().MantExp(nil) > 24 {
			return ball.Int(int64(a.Mid().Sign())), ball.ErrRange
		}
		n = add(whole(1), neg(div(whole(2), add(newNode(OpExp, mul(whole(2), x)), whole(1)))))
	default:
		return a, ball.ErrDomain
	}
	return evalBall(n, a, p)
}

// roundBall is floor or ceiling where all numbers of a agree.
func roundBall(op Op, a ball.Ball) (ball.Ball, error) {
	lo, hi := a.Bounds(ball.Prec(max(64, a.Mid().Prec()+8)))
	if lo.MantExp(nil) > 1<<16 || hi.MantExp(nil) > 1<<16 {
		return a, ball.ErrRange
	}
	l, h := roundFloat(op, lo), roundFloat(op, hi)
	if l.Cmp(h) != 0 {
		return a, ball.ErrWide
	}
	return ball.Float(new(big.Float).SetPrec(uint(max(64, l.BitLen()))).SetInt(l)), nil
}

func roundFloat(op Op, x *big.Float) *big.Int {
	i, acc := x.Int(nil) // towards zero
	switch {
	case op == OpFloor && acc == big.Above:
		i.Sub(i, big.NewInt(1))
	case op == OpCeil && acc == big.Below:
		i.Add(i, big.NewInt(1))
	}
	return i
}

// evalRat computes exactly what has only arithmetic in it; ok is false
// elsewhere, and where numbers grow beyond a few thousand bits.
func evalRat(n *node, x float64) (r *big.Rat, ok bool) {
	switch n.op {
	case OpNum:
		return n.num.rat, n.num.rat != nil
	case OpVar:
		return new(big.Rat).SetFloat64(x), true
	case OpAdd, OpMul, OpDiv, OpNeg, OpPow:
	default:
		return nil, false
	}
	s, ok := evalRat(n.args[0], x)
	if !ok {
		return nil, false
	}
	if n.op == OpNeg {
		return new(big.Rat).Neg(s), true
	}
	for _, arg := range n.args[1:] {
		b, ok := evalRat(arg, x)
		if !ok {
			return nil, false
		}
		switch n.op {
		case OpAdd:
			s = new(big.Rat).Add(s, b)
		case OpMul:
			s = new(big.Rat).Mul(s, b)
		case OpDiv:
			if b.Sign() == 0 {
				return nil, false
			}
			s = new(big.Rat).Quo(s, b)
		case OpPow:
			if s, ok = powRat(s, b); !ok {
				return nil, false
			}
		}
		if s.Num().BitLen()+s.Denom().BitLen() > 1<<14 {
			return nil, false
		}
	}
	return s, true
}

// powRat is a**b for a whole b where the result stays of moderate size.
func powRat(a, b *big.Rat) (*big.Rat, bool) {
	if !b.IsInt() || !b.Num().IsInt64() {
		return nil, false
	}
	k := b.Num().Int64()
	abs := k
	if k < 0 {
		if a.Sign() == 0 {
			return nil, false
		}
		abs = -k
	}
	bits := int64(max(a.Num().BitLen(), a.Denom().BitLen()))
	if abs > 1<<14 || bits*abs > 1<<14 {
		return nil, false
	}
	e := big.NewInt(abs)
	num, den := new(big.Int).Exp(a.Num(), e, nil), new(big.Int).Exp(a.Denom(), e, nil)
	if k < 0 {
		num, den = den, num
	}
	return new(big.Rat).SetFrac(num, den), true
}
