package ball

import "math/big"

// maxAngle bounds the binary exponent of an argument of sin and cos: beyond it
// the reduction would need ever more digits of π.
const maxAngle = 60

// sinCosMid returns sin x and cos x with absolute errors under 2^-bits.
func sinCosMid(x *big.Float, bits uint) (sin, cos *big.Float) {
	w := bits + 64
	big2 := max(0, x.MantExp(nil))
	// x = k·π/2 + r, |r| <= π/4
	half := pi(w + uint(big2) + 8)
	half.SetMantExp(half, -1)
	q := new(big.Float).SetPrec(uint(big2)+64).Quo(x, half)
	q.Add(q, big.NewFloat(0.5))
	k, _ := q.Int(nil)
	if q.Sign() < 0 && !q.IsInt() {
		k.Sub(k, big.NewInt(1))
	}
	prec := w + uint(big2) + 16
	r := new(big.Float).SetPrec(prec).Mul(half, new(big.Float).SetPrec(uint(big2)+16).SetInt(k))
	r.Sub(new(big.Float).SetPrec(prec).Set(x), r)
	r.SetMantExp(r, int(w))
	y, _ := r.Int(nil)
	one := new(big.Int).Lsh(big.NewInt(1), w)
	square := new(big.Int).Mul(y, y)
	square.Rsh(square, w)
	series := func(term *big.Int, n int64) *big.Float {
		sum := new(big.Int).Set(term)
		t := new(big.Int).Set(term)
		for ; t.BitLen() > 1; n += 2 {
			t.Mul(t, square)
			t.Rsh(t, w)
			t.Quo(t, big.NewInt(n*(n+1)))
			t.Neg(t)
			sum.Add(sum, t)
		}
		return scaled(sum, w)
	}
	s, c := series(y, 2), series(one, 1)
	switch new(big.Int).And(k, big.NewInt(3)).Int64() {
	case 1:
		s, c = c, s.Neg(s)
	case 2:
		s, c = s.Neg(s), c.Neg(c)
	case 3:
		s, c = c.Neg(c), s
	}
	return s, c
}

// Sin returns the sine of a.
func (p Prec) Sin(a Ball) (Ball, error) { return p.trig(a, true) }

// Cos returns the cosine of a.
func (p Prec) Cos(a Ball) (Ball, error) { return p.trig(a, false) }

// tiny reports whether |a|² is lost beside 1 at twice the precision: then the
// series are their first terms, and no digits are spent on the rest.
func tiny(a Ball, p Prec) bool {
	return a.m().Sign() == 0 || a.m().MantExp(nil) < -int(p)-8
}

// square bounds a² from above.
func square(a Ball) *big.Float {
	x := addUp(newRad().Abs(a.m()), a.r())
	return newRad().Mul(x, x)
}

func (p Prec) trig(a Ball, sine bool) (Ball, error) {
	if a.m().MantExp(nil) > maxAngle {
		return Ball{}, ErrRange
	}
	if tiny(a, p) {
		// sin x = x ± x², cos x = 1 ± x², both with room to spare
		if sine {
			return inRange(p.rounded(p.float().Set(a.m()), addUp(a.r(), square(a)), true))
		}
		return Ball{p.float().SetInt64(1), addUp(a.r(), square(a))}, nil
	}
	// The result may be small: bits relative to the argument are kept.
	extra := uint(max(0, -a.m().MantExp(nil)))
	s, c := sinCosMid(a.m(), uint(p)+extra+8)
	m := p.float().Set(c)
	if sine {
		m = p.float().Set(s)
	}
	r := addUp(a.r(), power2(-int(uint(p)+extra)))
	return inRange(p.rounded(m, r, true))
}

// Atan returns the arc tangent of a, by halving the angle until the series is
// short.
func (p Prec) Atan(a Ball) (Ball, error) {
	x := a.m()
	if x.Sign() == 0 && a.Exact() {
		return Ball{}, nil
	}
	if tiny(a, p) { // atan x = x ± x²
		return inRange(p.rounded(p.float().Set(x), addUp(a.r(), square(a)), true))
	}
	if x.MantExp(nil) > int(p)+8 { // ±π/2, up to 1/x
		half := p.Pi()
		half = Ball{new(big.Float).SetMantExp(half.mid, -1), addUp(half.rad, addUp(a.r(), power2(-int(p)-6)))}
		if x.Sign() < 0 {
			half = Neg(half)
		}
		return half, nil
	}
	extra := uint(max(0, -x.MantExp(nil)))
	bits := uint(p) + extra + 8
	w := Prec(bits + 64)
	t := w.float().Abs(x)
	inverted := t.Cmp(big.NewFloat(1)) > 0
	if inverted {
		t.Quo(big.NewFloat(1), t)
	}
	const halvings = 8
	one := big.NewFloat(1)
	for range halvings { // tan(θ/2) = t/(1 + sqrt(1+t²))
		d := w.float().Mul(t, t)
		d.Add(d, one)
		d.Sqrt(d)
		d.Add(d, one)
		t.Quo(t, d)
	}
	square := w.float().Mul(t, t)
	sum, term := w.float().Set(t), w.float().Set(t)
	for n := int64(3); term.Sign() != 0 && term.MantExp(nil) > sum.MantExp(nil)-int(w); n += 2 {
		term.Mul(term, square)
		term.Neg(term)
		sum.Add(sum, w.float().Quo(term, new(big.Float).SetInt64(n)))
	}
	sum.SetMantExp(sum, halvings)
	if inverted {
		half := pi(bits + 32)
		half.SetMantExp(half, -1)
		sum.Sub(half, sum)
	}
	if x.Sign() < 0 {
		sum.Neg(sum)
	}
	r := addUp(a.r(), power2(-int(uint(p)+extra)))
	return inRange(p.rounded(p.float().Set(sum), r, true))
}
