package growth

import (
	"github.com/concluder/concluder/stages/expr"
)

// powerOfNumber splits r·log(b), b a number: exp of it times u is b**(r·u).
func powerOfNumber(c constant) (base, exponent expr.Expr, ok bool) {
	if c.d == nil || c.d.op != realLog || c.d.args[0].d != nil {
		return base, exponent, false
	}
	return expr.Rat(c.d.args[0].r), expr.Rat(c.r), true
}

// writeMonomial returns m as an expression: powers of x and of its logarithms
// first, then exponentials.
func (s *growthScale) writeMonomial(m monomial) expr.Expr {
	var powers, exponents []expr.Expr
	for i := len(m) - 1; i >= 0; i-- {
		f := m[i]
		if f.el.kind == chainElement {
			powers = append([]expr.Expr{writePower(f.el.src, f.e.written())}, powers...)
			continue
		}
		if base, e, ok := powerOfNumber(f.e); ok {
			powers = append(powers, expr.Pow(base, writeProduct(e, f.el.src)))
			continue
		}
		exponents = append([]expr.Expr{writeProduct(f.e.written(), f.el.src)}, exponents...)
	}
	if len(exponents) > 0 {
		powers = append(powers, expr.Exp(expr.Add(exponents...)))
	}
	if len(powers) == 0 {
		return expr.Num(1)
	}
	return expr.Mul(powers...)
}

// writeTerm returns a term exactly.
func (s *growthScale) writeTerm(t seriesTerm) expr.Expr {
	if len(t.m) == 0 {
		return t.c.written()
	}
	return writeProduct(t.c.written(), s.writeMonomial(t.m))
}

func isNumber(e expr.Expr, v int64) bool {
	r, ok := e.Rational()
	return ok && r.IsInt() && r.Num().IsInt64() && r.Num().Int64() == v
}

func writeProduct(c, e expr.Expr) expr.Expr {
	switch {
	case isNumber(c, 1):
		return e
	case isNumber(c, -1):
		return expr.Neg(e)
	case isNumber(e, 1):
		return c
	case e.Op() == expr.OpMul:
		return expr.Mul(append([]expr.Expr{c}, e.Args()...)...)
	}
	return expr.Mul(c, e)
}

func writePower(base, exponent expr.Expr) expr.Expr {
	if isNumber(exponent, 1) {
		return base
	}
	return expr.Pow(base, exponent)
}

// maxWritten bounds the size of an exact constant that is written out.
const maxWritten = 200

// written is expression for constants that are not too long; else it is the
// zero Expr, as is everything built with it.
func (c constant) written() expr.Expr {
	if c.d.size(maxWritten) > maxWritten {
		return expr.Expr{}
	}
	return c.expression()
}
