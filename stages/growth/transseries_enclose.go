package growth

import (
	"github.com/concluder/concluder/stages/expr"
	"github.com/concluder/concluder/stages/expr/ball"
)

// enclose computes d to the given precision, each node once.
func (s *growthScale) enclose(d *real, bits uint) (ball.Ball, error) {
	if d.bits >= bits {
		return d.ball, d.err
	}
	s.spend(int(bits / 16))
	if s.spent() {
		return ball.Ball{}, ball.ErrRange
	}
	p := ball.Prec(bits)
	d.ball, d.err = s.computeReal(d, p)
	d.bits = bits
	return d.ball, d.err
}

func (s *growthScale) computeReal(d *real, p ball.Prec) (ball.Ball, error) {
	switch d.op {
	case realRat:
		return p.Rat(d.args[0].r), nil
	case realPi:
		return p.Pi(), nil
	}
	args := make([]ball.Ball, len(d.args))
	for i, a := range d.args {
		b := p.Rat(a.r)
		if a.d != nil {
			inner, err := s.enclose(a.d, uint(p))
			if err != nil {
				return b, err
			}
			if b, err = p.Mul(b, inner); err != nil {
				return b, err
			}
		}
		args[i] = b
	}
	switch {
	case d.op == realGamma || d.op == realErf: // their series grow with the square of the digits
		s.spend(int(p) * int(p) / 32)
	case d.op >= realPower:
		s.spend(40 * (1 + int(p)/512))
	}
	if s.spent() {
		return ball.Ball{}, ball.ErrRange
	}
	switch d.op {
	case realSum, realProduct:
		out, err := args[0], error(nil)
		for _, a := range args[1:] {
			if d.op == realSum {
				out, err = p.Add(out, a)
			} else {
				out, err = p.Mul(out, a)
			}
			if err != nil {
				return out, err
			}
		}
		return out, nil
	case realPower:
		if k, ok := d.args[1].rational(); ok && k.IsInt() && k.Num().IsInt64() {
			return p.PowInt(args[0], k.Num().Int64())
		}
		return p.Pow(args[0], args[1])
	case realExp:
		return p.Exp(args[0])
	case realLog:
		return p.Log(args[0])
	case realSin:
		return p.Sin(args[0])
	case realCos:
		return p.Cos(args[0])
	case realAtan:
		return p.Atan(args[0])
	case realGamma:
		return p.Gamma(args[0])
	case realErf:
		return p.Erf(args[0])
	}
	return ball.Ball{}, ball.ErrDomain
}

// expression writes c exactly.
func (c constant) expression() expr.Expr {
	if c.d == nil {
		return expr.Rat(c.r)
	}
	d := c.d.expression()
	switch {
	case c.r.IsInt() && c.r.Num().IsInt64() && c.r.Num().Int64() == 1:
		return d
	case c.r.IsInt() && c.r.Num().IsInt64() && c.r.Num().Int64() == -1:
		return expr.Neg(d)
	}
	return expr.Mul(expr.Rat(c.r), d)
}

func (d *real) expression() expr.Expr {
	if d.op == realRat {
		return expr.Rat(d.args[0].r)
	}
	args := make([]expr.Expr, len(d.args))
	for i, a := range d.args {
		args[i] = a.expression()
	}
	switch d.op {
	case realPi:
		return expr.Pi()
	case realSum:
		return expr.Add(args...)
	case realProduct:
		return expr.Mul(args...)
	case realPower:
		return expr.Pow(args[0], args[1])
	}
	op := map[realOp]expr.Op{realExp: expr.OpExp, realLog: expr.OpLog, realSin: expr.OpSin, realCos: expr.OpCos, realAtan: expr.OpAtan, realGamma: expr.OpGamma, realErf: expr.OpErf}[d.op]
	return expr.Call(op, args...)
}

// size counts the nodes that expression would write, up to a limit.
func (d *real) size(limit int) int {
	if d == nil || limit <= 0 {
		return 0
	}
	n := 1
	for _, a := range d.args {
		n += 1 + a.d.size(limit-n)
		if n > limit {
			break
		}
	}
	return n
}
