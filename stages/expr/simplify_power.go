package expr

import "math/big"

// power returns b**e.
func (s *simplifier) power(b, e form) form {
	r, rational := e.rational()
	if rational {
		if r.Sign() == 0 {
			return constantForm(one)
		}
		if r.Cmp(one) == 0 {
			return b
		}
		if c, ok := b.rational(); ok {
			if c.Sign() == 0 {
				if r.Sign() > 0 {
					return nil
				}
				return opaque(newNode(OpPow, whole(0), ratNode(r)))
			}
			if c.Cmp(one) == 0 {
				return b
			}
		}
	}
	if len(b) == 0 {
		return opaque(newNode(OpPow, whole(0), e.node()))
	}
	t := b.factors()
	var powers []power
	c := new(big.Rat).Set(one)
	if t.coefficient.Cmp(one) != 0 {
		switch p, exact := (*big.Rat)(nil), false; {
		case rational && r.IsInt():
			if p, exact = powRatTo(t.coefficient, r, maxSimplifyBits); exact {
				c = p
				break
			}
			fallthrough
		case t.coefficient.Sign() > 0:
			n := ratNode(t.coefficient)
			powers = append(powers, power{base: n, exponent: e, key: Expr{n}.String()})
		default: // a negative base under a broken power stays whole
			n := b.node()
			return form{newTerm(one, []power{{base: n, exponent: e, key: Expr{n}.String(), inner: b}})}
		}
	}
	uncertain := 0 // factors that may be negative, as two of them may together
	for _, p := range t.powers {
		if !positiveNode(p.base) {
			uncertain++
		}
		if !mayMultiply(p, r, rational) || uncertain > 1 && !(rational && r.IsInt()) {
			n := b.node()
			return form{newTerm(one, []power{{base: n, exponent: e, key: Expr{n}.String(), inner: b}})}
		}
	}
	for _, p := range t.powers {
		powers = join(powers, []power{{base: p.base, exponent: times(p.exponent, e), key: p.key, inner: p.inner}})
	}
	return scaledProduct(c, powers)
}

// mayMultiply reports whether (u**a)**e is u**(a·e) wherever it is defined: not
// so for (u**2)**0.5 where u may be negative.
func mayMultiply(p power, e *big.Rat, rational bool) bool {
	if rational && e.IsInt() || positiveNode(p.base) {
		return true
	}
	a, ok := p.exponent.rational()
	if !ok {
		return false
	}
	// An odd power is positive only where u is; a broken one exists only there.
	return !a.IsInt() || a.Num().Bit(0) == 1
}

func (f form) positive() bool {
	for _, t := range f {
		if t.coefficient.Sign() < 0 {
			return false
		}
		for _, p := range t.powers {
			if !positiveNode(p.base) {
				return false
			}
		}
	}
	return len(f) > 0
}

// positiveNode reports whether n is certainly positive for x > 0.
func positiveNode(n *node) bool {
	switch n.op {
	case OpNum:
		return n.num.rat == nil || n.num.rat.Sign() > 0
	case OpVar, OpE, OpPi, OpExp, OpCosh:
		return true
	case OpAdd, OpMul, OpDiv, OpMin:
		for _, a := range n.args {
			if !positiveNode(a) {
				return false
			}
		}
		return true
	case OpPow, OpSqrt:
		return positiveNode(n.args[0])
	}
	return false
}

// powRatTo is c**r for a whole r within bits, exactly.
func powRatTo(c, r *big.Rat, bits int64) (*big.Rat, bool) {
	size := int64(max(c.Num().BitLen(), c.Denom().BitLen()))
	if !r.Num().IsInt64() || r.Num().BitLen() > 20 || size*abs64(r.Num().Int64()) > bits {
		return nil, false
	}
	return powRat(c, r)
}

func abs64(i int64) int64 {
	if i < 0 {
		return -i
	}
	return i
}
