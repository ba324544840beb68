package growth

import (
	"math/big"

	"github.com/concluder/concluder/stages/expr"
)

// split writes a as c·m·(1 + ε).
func (s *growthScale) split(a series) (lead seriesTerm, eps series, err error) {
	lead, err = a.lead()
	if err != nil {
		return lead, eps, err
	}
	inverse := seriesTerm{s.powConstants(lead.c, intConstant(-1)), s.raise(lead.m, intConstant(-1))}
	eps, err = s.scaled(series{a.terms[1:], a.rest}, inverse)
	return lead, eps, err
}

// compose returns Σ coefficient(k)·ε^k for k = 0, 1, … where ε tends to 0.
func (s *growthScale) compose(eps series, coefficient func(k int64) constant) (series, error) {
	out := constantSeries(coefficient(0))
	if eps.exactZero() {
		return out, nil
	}
	power := constantSeries(intConstant(1))
	for k := int64(1); k <= int64(s.keep); k++ {
		var err error
		if power, err = s.product(power, eps); err != nil {
			return series{}, err
		}
		if c := coefficient(k); !c.isZero() {
			term, err := s.scaled(power, seriesTerm{c: c})
			if err != nil {
				return series{}, err
			}
			if out, err = s.sum(out, term); err != nil {
				return series{}, err
			}
		}
		if len(power.terms) == 0 {
			return out, nil // the remainder of ε hides the rest
		}
	}
	// What follows is bounded by the next power.
	next, err := s.product(power, eps)
	if err != nil {
		return series{}, err
	}
	tail := next.rest
	if len(next.terms) > 0 {
		tail = &remainder{m: next.terms[0].m}
	}
	return s.sum(out, series{rest: tail})
}

// power returns a to a constant power.
func (s *growthScale) power(a series, e constant) (series, error) {
	e, err := s.settled(e)
	if err != nil {
		return series{}, err
	}
	if e.isZero() {
		return constantSeries(intConstant(1)), nil
	}
	if a.exactZero() {
		v, err := s.sign(e)
		if err == nil && v < 0 {
			err = stuckf("a division by zero for large x")
		}
		return series{}, err
	}
	if e.isOne() {
		return a, nil
	}
	whole, isWhole := e.rational()
	isWhole = isWhole && whole.IsInt() && whole.Num().IsInt64()
	// A short sum to a small power is multiplied out, exactly.
	if isWhole && a.rest == nil && len(a.terms) > 1 && whole.Sign() > 0 && whole.Num().Int64() <= 8 && len(a.terms)*int(whole.Num().Int64()) <= 2*s.keep {
		out := a
		for k := whole.Num().Int64(); k > 1; k-- {
			if out, err = s.product(out, a); err != nil {
				return series{}, err
			}
		}
		return out, nil
	}
	lead, eps, err := s.split(a)
	if err != nil {
		return series{}, err
	}
	sign, err := s.sign(lead.c)
	if err != nil {
		return series{}, err
	}
	c := lead.c
	if sign < 0 {
		if !isWhole {
			return series{}, stuckf("a number that is negative for large x has a broken exponent")
		}
		c = c.neg()
	}
	c = s.powConstants(c, e)
	if sign < 0 && whole.Num().Bit(0) == 1 {
		c = c.neg()
	}
	// (1+ε)^e = Σ binomial(e, k)·ε^k
	binomial := intConstant(1)
	expansion, err := s.compose(eps, func(k int64) constant {
		if k > 0 {
			step := s.addConstants(e, intConstant(1-k))
			binomial = s.mulConstants(s.mulConstants(binomial, step), ratConstant(big.NewRat(1, k)))
		}
		return binomial
	})
	if err != nil {
		return series{}, err
	}
	return s.scaled(expansion, seriesTerm{c, s.raise(lead.m, e)})
}

// logarithm returns log a.
func (s *growthScale) logarithm(a series) (series, error) {
	if a.exactZero() {
		return series{}, stuckf("the logarithm of zero for large x")
	}
	lead, eps, err := s.split(a)
	if err != nil {
		return series{}, err
	}
	sign, err := s.sign(lead.c)
	if err != nil {
		return series{}, err
	}
	if sign < 0 {
		return series{}, stuckf("the logarithm of a number that is negative for large x")
	}
	l, err := s.settled(s.applyConstant(realLog, lead.c))
	if err != nil {
		return series{}, err
	}
	parts := []series{constantSeries(l)}
	for _, f := range lead.m {
		p, err := s.scaled(s.logOf(f.el), seriesTerm{c: f.e})
		if err != nil {
			return series{}, err
		}
		parts = append(parts, p)
	}
	// log(1+ε) = Σ -(-1)^k/k·ε^k
	small, err := s.compose(eps, func(k int64) constant {
		if k == 0 {
			return intConstant(0)
		}
		return ratConstant(big.NewRat(2*(k%2)-1, k))
	})
	if err != nil {
		return series{}, err
	}
	return s.sum(append(parts, small)...)
}

// exponential returns exp(a), where src is a as an expression, for the part of
// it that no finite sum of terms describes.
func (s *growthScale) exponential(a series, src expr.Expr) (series, error) {
	out := seriesTerm{c: intConstant(1)}
	for {
		if s.spent() {
			return series{}, stuckf("the expression needs more arithmetic than is allowed")
		}
		if a.exactZero() {
			return series{terms: []seriesTerm{out}}, nil
		}
		known := true // down to what tends to zero
		if a.rest != nil {
			v, err := s.size(a.rest.m)
			if err != nil {
				return series{}, err
			}
			known = v < 0
		}
		if len(a.terms) == 0 && !known {
			_, err := a.lead()
			return series{}, err
		}
		infinite := false
		if len(a.terms) > 0 {
			v, err := s.size(a.terms[0].m)
			if err != nil {
				return series{}, err
			}
			infinite = v > 0
		}
		if !infinite {
			break
		}
		var err error
		if a, src, err = s.peel(&out, a, src, known); err != nil {
			return series{}, err
		}
	}
	if a.rest != nil {
		if v, err := s.size(a.rest.m); err != nil || v >= 0 {
			if err == nil {
				_, err = series{rest: a.rest}.lead()
			}
			return series{}, err
		}
	}
	// What is left is a constant and what tends to zero.
	if len(a.terms) > 0 && len(a.terms[0].m) == 0 {
		out.c = s.mulConstants(out.c, s.applyConstant(realExp, a.terms[0].c))
		a.terms = a.terms[1:]
	}
	factorial := intConstant(1)
	small, err := s.compose(a, func(k int64) constant {
		if k > 0 {
			factorial = s.mulConstants(factorial, ratConstant(big.NewRat(1, k)))
		}
		return factorial
	})
	if err != nil {
		return series{}, err
	}
	return s.scaled(small, out)
}

// peel moves the leading part of an exponent a into the monomial of out, as a
// power of an element of the scale, which it extends where need be. It returns
// what is left of the exponent.
func (s *growthScale) peel(out *seriesTerm, a series, src expr.Expr, known bool) (series, expr.Expr, error) {
	top := a.terms[0]
	take := func(el *element, e constant) error {
		m, err := s.times(out.m, monomial{{el, e}})
		out.m = m
		return err
	}
	for _, el := range s.elements[1:] { // the slowest has no logarithm yet
		order, err := s.compare(top.m, el.log.terms[0].m)
		if err != nil {
			return a, src, err
		}
		if order != 0 {
			continue
		}
		e := s.quoConstants(top.c, el.log.terms[0].c)
		if err := take(el, e); err != nil {
			return a, src, err
		}
		// The leading terms cancel by the choice of e.
		rest, err := s.scaled(series{el.log.terms[1:], el.log.rest}, seriesTerm{c: e.neg()})
		if err != nil {
			return a, src, err
		}
		left, err := s.sum(series{a.terms[1:], a.rest}, rest)
		if err != nil {
			return a, src, err
		}
		source := expr.Log(el.src)
		if el.kind == expElement {
			source = el.src
		}
		src = expr.Sub(src, expr.Mul(e.written(), source))
		if len(left.terms) == 0 && left.rest != nil {
			// Two unfinished exponents may be alike to the end: look at the
			// difference as an expression.
			if v, err := s.size(left.rest.m); err == nil && v >= 0 && left.rest.cause == cutOff && e.d == nil {
				src = expr.Simplify(src)
				left, err = s.expand(src)
				return left, src, err
			}
		}
		return left, src, nil
	}
	if known {
		// The infinite part is a finite sum: its terms become elements one by
		// one, without their coefficients.
		el := &element{kind: expElement, src: s.writeMonomial(top.m), log: series{terms: []seriesTerm{{intConstant(1), top.m}}}}
		if err := s.insert(el); err != nil {
			return a, src, err
		}
		src = expr.Sub(src, s.writeTerm(top))
		return series{a.terms[1:], a.rest}, src, take(el, top.c)
	}
	if a.rest.cause != cutOff {
		_, err := series{rest: a.rest}.lead()
		return a, src, err
	}
	// The infinite part goes on beyond the terms kept: the whole exponent
	// becomes one element.
	sign, err := s.sign(top.c)
	if err != nil {
		return a, src, err
	}
	e := intConstant(int64(sign))
	if sign < 0 {
		a, src = s.negated(a), expr.Neg(src)
	}
	el := &element{kind: expElement, src: src, log: a}
	if err := s.insert(el); err != nil {
		return a, src, err
	}
	return series{}, expr.Num(0), take(el, e)
}
