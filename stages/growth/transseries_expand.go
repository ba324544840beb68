package growth

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/concluder/concluder/stages/expr"
)

// maxExpandDepth bounds the depth of expressions that are expanded; the parser
// gives at most as much, but expressions can also be built.
const maxExpandDepth = 400

// expand returns the expansion of e.
func (s *growthScale) expand(e expr.Expr) (series, error) {
	if a, ok := s.memo[e]; ok {
		return a, nil
	}
	if s.spend(1); s.spent() {
		return series{}, stuckf("the expression needs more arithmetic than is allowed")
	}
	if s.depth++; s.depth > maxExpandDepth {
		return series{}, stuckf("the expression is nested too deeply")
	}
	a, err := s.expandNode(e)
	s.depth--
	if err != nil {
		return series{}, err
	}
	s.memo[e] = a
	return a, nil
}

func (s *growthScale) expandNode(e expr.Expr) (series, error) {
	switch e.Op() {
	case expr.OpNone:
		return series{}, stuckf("there is no expression")
	case expr.OpNum:
		c, err := s.literal(e)
		if err != nil {
			return series{}, err
		}
		return constantSeries(c), nil
	case expr.OpVar:
		return series{terms: []seriesTerm{{intConstant(1), monomial{{s.x, intConstant(1)}}}}}, nil
	case expr.OpE:
		return constantSeries(s.expConstant(intConstant(1))), nil
	case expr.OpPi:
		return constantSeries(multipleOfPi(1, 1)), nil
	case expr.OpGamma, expr.OpFactorial:
		return s.gamma(e)
	}
	if rewritten := rewrite(e); !rewritten.IsZero() {
		return s.expand(rewritten)
	}
	args := make([]series, 0, 4)
	for _, x := range e.Args() {
		a, err := s.expand(x)
		if err != nil {
			return series{}, err
		}
		args = append(args, a)
	}
	switch e.Op() {
	case expr.OpAdd:
		return s.sum(args...)
	case expr.OpNeg:
		return s.negated(args[0]), nil
	case expr.OpMul:
		out := args[0]
		for _, a := range args[1:] {
			var err error
			if out, err = s.product(out, a); err != nil {
				return series{}, err
			}
		}
		return out, nil
	case expr.OpDiv:
		inverse, err := s.power(args[1], intConstant(-1))
		if err != nil {
			return series{}, err
		}
		return s.product(args[0], inverse)
	case expr.OpPow:
		return s.variablePower(e, args[0], args[1])
	case expr.OpSqrt:
		return s.power(args[0], ratConstant(big.NewRat(1, 2)))
	case expr.OpExp:
		return s.exponential(args[0], e.Args()[0])
	case expr.OpLog:
		return s.logarithm(args[0])
	case expr.OpMin, expr.OpMax:
		out := args[0]
		for _, a := range args[1:] {
			var err error
			if out, err = s.extreme(out, a, e.Op() == expr.OpMin); err != nil {
				return series{}, err
			}
		}
		return out, nil
	case expr.OpAbs, expr.OpSign:
		v, err := s.eventualSign(args[0])
		switch {
		case err != nil:
			return series{}, err
		case e.Op() == expr.OpSign:
			return constantSeries(intConstant(int64(v))), nil
		case v < 0:
			return s.negated(args[0]), nil
		}
		return args[0], nil
	}
	return s.bounded(e.Op(), args[0])
}

// float32Doubt is half a unit in the last place of a float32, relatively.
// Regression tools print numbers that are float32 with as few digits as tell
// them apart: trailing zeros that are not printed are known.
const float32Doubt = 1.0 / (1 << 25)

// maxLiteral bounds the digits of a literal.
const maxLiteral = 400

// literal returns a number with its doubt: half a unit in its last digit, or
// of a float32 where that is less. Whole numbers without a point or an exponent
// are meant exactly.
func (s *growthScale) literal(e expr.Expr) (constant, error) {
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(e.String()), "e")
	r, ok := e.Rational()
	c := ratConstant(r)
	if !ok {
		// Far from 1: the digits times a power of ten that is not multiplied out.
		power, err := strconv.ParseInt(exponent, 10, 64)
		digits, read := new(big.Rat).SetString(mantissa)
		if err != nil || !read || len(mantissa) > maxLiteral {
			return constant{}, stuckf("a number of %d digits", len(mantissa))
		}
		c = s.mulConstants(ratConstant(digits), s.powConstants(intConstant(10), intConstant(power)))
	}
	if c.isZero() || !scientific && !strings.Contains(mantissa, ".") {
		return c, nil
	}
	// Relative to the digits, wherever the point is.
	value := 0.0
	for _, d := range strings.Replace(mantissa, ".", "", 1) {
		value = 10*value + float64(d-'0')
	}
	c.doubt = min(0.5/value, float32Doubt)
	return c, nil
}

// rewrite writes some functions with others; the zero Expr where it does not.
func rewrite(e expr.Expr) expr.Expr {
	one, two := expr.Num(1), expr.Num(2)
	switch e.Op() {
	case expr.OpSinh, expr.OpCosh:
		u := e.Args()[0]
		back := expr.Exp(expr.Neg(u))
		if e.Op() == expr.OpSinh {
			back = expr.Neg(back)
		}
		return expr.Div(expr.Add(expr.Exp(u), back), two)
	case expr.OpTanh:
		// Written with what tends to zero on either side.
		up, down := expr.Exp(e.Args()[0]), expr.Exp(expr.Neg(e.Args()[0]))
		return expr.Div(expr.Sub(up, down), expr.Add(up, down))
	case expr.OpTan:
		u := e.Args()[0]
		return expr.Div(expr.Call(expr.OpSin, u), expr.Call(expr.OpCos, u))
	case expr.OpAcos:
		return expr.Sub(expr.Div(expr.Pi(), two), expr.Call(expr.OpAsin, e.Args()[0]))
	case expr.OpAsin:
		// asin u = atan(u/sqrt(1-u²))
		u := e.Args()[0]
		return expr.Call(expr.OpAtan, expr.Div(u, expr.Call(expr.OpSqrt, expr.Sub(one, expr.Mul(u, u)))))
	}
	return expr.Expr{}
}

// variablePower returns u^v; e is the power as an expression.
func (s *growthScale) variablePower(e expr.Expr, u, v series) (series, error) {
	if v.rest == nil && (len(v.terms) == 0 || len(v.terms) == 1 && len(v.terms[0].m) == 0) {
		c := intConstant(0)
		if len(v.terms) == 1 {
			c = v.terms[0].c
		}
		return s.power(u, c)
	}
	if u.exactZero() {
		return series{}, stuckf("zero to a power that varies")
	}
	// u^v = exp(v·log u), for u > 0 only.
	l, err := s.logarithm(u)
	if err != nil {
		if _, ok := err.(*stuck); ok && strings.Contains(err.Error(), "negative for large x") {
			err = stuckf("a number that is negative for large x has an exponent that varies")
		}
		return series{}, err
	}
	a, err := s.product(v, l)
	if err != nil {
		return series{}, err
	}
	args := e.Args()
	return s.exponential(a, expr.Mul(args[1], expr.Log(args[0])))
}

// eventualSign returns the sign of a for large x.
func (s *growthScale) eventualSign(a series) (int, error) {
	if a.exactZero() {
		return 0, nil
	}
	lead, err := a.lead()
	if err != nil {
		return 0, err
	}
	return s.sign(lead.c)
}

func (s *growthScale) extreme(a, b series, least bool) (series, error) {
	d, err := s.sum(a, s.negated(b))
	if err != nil {
		return series{}, err
	}
	v, err := s.eventualSign(d)
	if err != nil {
		return series{}, err
	}
	if (v <= 0) == least {
		return a, nil
	}
	return b, nil
}
