package growth

import (
	"math/big"

	"github.com/concluder/concluder/stages/expr"
)

// limit returns how a behaves: the sign of infinity, or its finite limit and
// the rest of a, which tends to zero.
func (s *growthScale) limit(a series) (infinite int, c constant, eps series, err error) {
	if a.exactZero() {
		return 0, intConstant(0), a, nil
	}
	if a.rest != nil {
		v, err := s.size(a.rest.m)
		if err != nil {
			return 0, c, eps, err
		}
		if v >= 0 && len(a.terms) == 0 {
			_, err := a.lead()
			return 0, c, eps, err
		}
	}
	c = intConstant(0)
	if len(a.terms) > 0 {
		top := a.terms[0]
		v, err := s.size(top.m)
		if err != nil {
			return 0, c, eps, err
		}
		if v > 0 {
			sign, err := s.sign(top.c)
			return sign, c, eps, err
		}
		if v == 0 {
			c = top.c
			a.terms = a.terms[1:]
		}
	}
	return 0, c, a, nil
}

// bounded expands functions that stay bounded, or that floor and ceiling round.
func (s *growthScale) bounded(op expr.Op, a series) (series, error) {
	infinite, c, eps, err := s.limit(a)
	if err != nil {
		return series{}, err
	}
	// first bounds what is not computed by the size of ε.
	first := func(f constant) (series, error) {
		out := constantSeries(f)
		if eps.exactZero() {
			return out, nil
		}
		return s.sum(out, series{rest: hull(eps)})
	}
	switch op {
	case expr.OpSin, expr.OpCos:
		if infinite != 0 {
			return series{rest: &remainder{cause: oscillation}}, nil
		}
		sin, err := s.settled(s.applyConstant(realSin, c))
		if err != nil {
			return series{}, err
		}
		cos, err := s.settled(s.applyConstant(realCos, c))
		if err != nil {
			return series{}, err
		}
		// Derivatives of sine go sin, cos, -sin, -cos.
		cycle := []constant{sin, cos, sin.neg(), cos.neg()}
		from := int64(0)
		if op == expr.OpCos {
			from = 1
		}
		factorial := intConstant(1)
		return s.compose(eps, func(k int64) constant {
			if k > 0 {
				factorial = s.mulConstants(factorial, ratConstant(big.NewRat(1, k)))
			}
			return s.mulConstants(cycle[(k+from)%4], factorial)
		})
	case expr.OpAtan:
		if infinite != 0 {
			half := multipleOfPi(int64(infinite), 2)
			inverse, err := s.power(a, intConstant(-1))
			if err != nil {
				return series{}, err
			}
			// atan u = ±π/2 - atan(1/u)
			small, err := s.arctangent(inverse)
			if err != nil {
				return series{}, err
			}
			return s.sum(constantSeries(half), s.negated(small))
		}
		if c.isZero() {
			return s.arctangent(eps)
		}
		return first(s.applyConstant(realAtan, c))
	case expr.OpErf:
		if infinite != 0 {
			// 1 - erf u < exp(-u²), which is under any power of 1/u.
			lead, err := a.lead()
			if err != nil {
				return series{}, err
			}
			tail := &remainder{m: s.raise(lead.m, intConstant(int64(-2*s.keep)))}
			return s.sum(constantSeries(intConstant(int64(infinite))), series{rest: tail})
		}
		if c.isZero() && !eps.exactZero() {
			// 2/sqrt(π)·ε, up to a term in ε³
			square, err := s.product(eps, eps)
			if err != nil {
				return series{}, err
			}
			two := s.mulConstants(intConstant(2), s.powConstants(multipleOfPi(1, 1), ratConstant(big.NewRat(-1, 2))))
			lead, err := s.scaled(eps, seriesTerm{c: two})
			if err != nil {
				return series{}, err
			}
			return s.sum(lead, series{rest: hull(square)})
		}
		return first(s.applyConstant(realErf, c))
	case expr.OpFloor, expr.OpCeil:
		return s.round(op, a, infinite, c, eps)
	}
	return series{}, stuckf("a function that is not expanded")
}

// hull is a remainder that bounds all of a.
func hull(a series) *remainder {
	if len(a.terms) > 0 {
		return &remainder{m: a.terms[0].m}
	}
	return a.rest
}

// arctangent expands atan ε = ε - ε³/3 + …
func (s *growthScale) arctangent(eps series) (series, error) {
	return s.compose(eps, func(k int64) constant {
		if k%2 == 0 {
			return intConstant(0)
		}
		return ratConstant(big.NewRat(2-k%4, k))
	})
}

func (s *growthScale) round(op expr.Op, a series, infinite int, c constant, eps series) (series, error) {
	if infinite != 0 {
		return s.sum(a, series{rest: &remainder{cause: rounding}})
	}
	f, err := s.floorConstant(c)
	if err != nil {
		return series{}, err
	}
	whole, isWhole := c.rational()
	if isWhole && whole.IsInt() {
		// On the edge: the side that ε is on decides.
		v, err := s.eventualSign(eps)
		if err != nil {
			return series{}, err
		}
		switch {
		case op == expr.OpFloor && v < 0:
			f--
		case op == expr.OpCeil && v > 0:
			f++
		}
	} else if op == expr.OpCeil {
		f++
	}
	return constantSeries(intConstant(f)), nil
}

func (s *growthScale) floorConstant(c constant) (int64, error) {
	b, ok := c.rational()
	if !ok {
		for bits := uint(firstBits); bits <= lastBits; bits *= 2 {
			d, err := s.enclose(c.d, bits)
			if err != nil {
				return 0, stuckf("a constant under floor or ceiling cannot be computed")
			}
			lo, hi := d.Bounds(64)
			if lo.MantExp(nil) > 64 || hi.MantExp(nil) > 64 || lo.MantExp(nil) < -lastBits || hi.MantExp(nil) < -lastBits {
				break // too large, or too small to be made a fraction
			}
			l, _ := lo.Rat(nil)
			h, _ := hi.Rat(nil)
			if l == nil || h == nil {
				break
			}
			fl, fh := floorRat(new(big.Rat).Mul(l, c.r)), floorRat(new(big.Rat).Mul(h, c.r))
			if fl.Cmp(fh) == 0 && fl.IsInt64() {
				return fl.Int64(), nil
			}
		}
		return 0, stuckf("a constant under floor or ceiling is too close to a whole number")
	}
	f := floorRat(b)
	if !f.IsInt64() {
		return 0, stuckf("a constant under floor or ceiling is too large")
	}
	return f.Int64(), nil
}

func floorRat(r *big.Rat) *big.Int {
	q, m := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	_ = m
	return q
}

// gamma expands Γ(u) by Stirling's series for infinite u.
func (s *growthScale) gamma(e expr.Expr) (series, error) {
	u := e.Args()[0]
	if e.Op() == expr.OpFactorial {
		u = expr.Add(u, expr.Num(1))
	}
	a, err := s.expand(u)
	if err != nil {
		return series{}, err
	}
	infinite, c, eps, err := s.limit(a)
	if err != nil {
		return series{}, err
	}
	if infinite < 0 {
		return series{}, stuckf("the gamma function of an argument that tends to minus infinity")
	}
	if infinite == 0 {
		v, err := s.sign(c)
		switch {
		case err != nil:
			return series{}, err
		case v <= 0:
			return series{}, stuckf("the gamma function near or below zero")
		}
		out := constantSeries(s.applyConstant(realGamma, c))
		if eps.exactZero() {
			return out, nil
		}
		return s.sum(out, series{rest: hull(eps)})
	}
	l, err := s.logarithm(a)
	if err != nil {
		return series{}, err
	}
	half, err := s.sum(a, constantSeries(ratConstant(big.NewRat(-1, 2))))
	if err != nil {
		return series{}, err
	}
	parts := make([]series, 0, 8)
	main, err := s.product(half, l)
	if err != nil {
		return series{}, err
	}
	pi := multipleOfPi(2, 1)
	root := s.mulConstants(ratConstant(big.NewRat(1, 2)), s.applyConstant(realLog, pi))
	parts = append(parts, main, s.negated(a), constantSeries(root))
	// B_2k/(2k·(2k-1)) for k = 1, 2, 3; the next term bounds the rest.
	for i, b := range []*big.Rat{big.NewRat(1, 12), big.NewRat(-1, 360), big.NewRat(1, 1260), nil} {
		p, err := s.power(a, intConstant(int64(-2*i-1)))
		if err != nil {
			return series{}, err
		}
		if b == nil {
			parts = append(parts, series{rest: hull(p)})
			break
		}
		if p, err = s.scaled(p, seriesTerm{c: ratConstant(b)}); err != nil {
			return series{}, err
		}
		parts = append(parts, p)
	}
	total, err := s.sum(parts...)
	if err != nil {
		return series{}, err
	}
	n := expr.Log(expr.Call(expr.OpGamma, u))
	return s.exponential(total, n)
}

func multipleOfPi(num, den int64) constant {
	return constant{r: big.NewRat(num, den), d: newReal(realPi)}
}
