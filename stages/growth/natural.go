package growth

import (
	"math"

	"github.com/concluder/concluder/stages/expr"
)

// formulaDigits are the significant digits of a printed formula: its rounding
// moves a curve by less than a thousandth, also in an exponent.
const formulaDigits = 6

// natural is a curve in the units of the series, as a Fit without its scores.
func (c curve) natural(s scale) Fit {
	f := Fit{Family: c.family}
	x := expr.Var()
	num := func(v float64) expr.Expr { return expr.Num(rounded(v, formulaDigits)) }
	plus := func(e expr.Expr) expr.Expr {
		if a := rounded(f.A, formulaDigits); a < 0 {
			return expr.Sub(e, expr.Num(-a))
		} else if a > 0 {
			return expr.Add(e, expr.Num(a))
		}
		return e
	}
	power := func(p float64) expr.Expr {
		if p == 1 {
			return x
		}
		return expr.Pow(x, num(p))
	}
	switch c.family {
	case ConstantFamily:
		f.A = c.a
		f.Formula = num(f.A)
	case LineFamily:
		f.A, f.B = c.a, c.b/s.xmax
		f.Formula = plus(expr.Mul(num(f.B), x))
	case LogLinearFamily:
		f.A, f.B = c.a, c.b/(s.xmax*math.Log(s.xmax))
		f.Formula = plus(expr.Mul(num(f.B), x, expr.Log(x)))
	case OffsetPower, PowerFamily:
		f.A, f.P = c.a, c.theta
		// In two steps: xmax^p alone may overflow.
		f.B = math.Exp(math.Log(math.Abs(c.b)) - c.theta*math.Log(s.xmax))
		if c.b < 0 {
			f.B = -f.B
		}
		f.Formula = plus(expr.Mul(num(f.B), power(f.P)))
	case OffsetExp:
		f.P = c.theta / (s.xmax - s.xmin)
		height := c.b / math.Expm1(c.theta)
		f.A, f.B = c.a-height, height*math.Exp(-f.P*s.xmin)
		f.Formula = plus(expr.Mul(num(f.B), expr.Exp(expr.Mul(num(f.P), x))))
	case StretchedExp:
		f.A, f.P = math.Exp(c.a), c.theta
		f.B = c.b * math.Exp(-c.theta*math.Log(s.xmax))
		f.Formula = expr.Mul(num(f.A), expr.Exp(expr.Mul(num(f.B), power(f.P))))
	}
	return f
}

// shape is the growing part of a fit, the g of a bound.
func (f Fit) shape() expr.Expr {
	x := expr.Var()
	num := func(v float64) expr.Expr { return expr.Num(rounded(v, formulaDigits)) }
	switch f.Family {
	case LogLinearFamily:
		return expr.Mul(x, expr.Log(x))
	case OffsetPower, PowerFamily:
		return powerShape(f.P)
	case OffsetExp:
		return expr.Exp(expr.Mul(num(f.P), x))
	case StretchedExp:
		if f.P == 1 {
			return expr.Exp(expr.Mul(num(f.B), x))
		}
		return expr.Exp(expr.Mul(num(f.B), expr.Pow(x, num(f.P))))
	}
	return x
}

// powerShape is x^p with p to two decimals, the most a series resolves.
func powerShape(p float64) expr.Expr {
	p = math.Round(p*100) / 100
	if p == 1 {
		return expr.Var()
	}
	return expr.Pow(expr.Var(), expr.Num(p))
}
