package ball

import (
	"math"
	"math/big"
)

// fixed-point series: x·2^bits as an integer

// atanhInverse returns atanh(1/n)·2^bits, rounded down term by term: the error
// is under the number of terms, at most bits, in units of the last place.
func atanhInverse(n int64, bits uint) *big.Int {
	return inverseSeries(n, bits, false)
}

func inverseSeries(n int64, bits uint, alternating bool) *big.Int {
	term := new(big.Int).Lsh(big.NewInt(1), bits)
	term.Quo(term, big.NewInt(n))
	sum := new(big.Int).Set(term)
	square := big.NewInt(n * n)
	t := new(big.Int)
	for k := int64(3); term.Sign() != 0; k += 2 {
		term.Quo(term, square)
		t.Quo(term, big.NewInt(k))
		if alternating && k%4 == 3 {
			sum.Sub(sum, t)
		} else {
			sum.Add(sum, t)
		}
	}
	return sum
}

func scaled(i *big.Int, bits uint) *big.Float {
	f := new(big.Float).SetPrec(uint(i.BitLen()) + 1).SetInt(i)
	return f.SetMantExp(f, -int(bits))
}

// computedLn2 returns log 2 with an absolute error under 2^-bits.
func computedLn2(bits uint) *big.Float {
	w := bits + 24
	s := new(big.Int).Mul(atanhInverse(26, w), big.NewInt(18))
	s.Sub(s, new(big.Int).Mul(atanhInverse(4801, w), big.NewInt(2)))
	s.Add(s, new(big.Int).Mul(atanhInverse(8749, w), big.NewInt(8)))
	return scaled(s, w)
}

// computedPi returns π with an absolute error under 2^-bits, by Machin's formula.
func computedPi(bits uint) *big.Float {
	w := bits + 24
	s := new(big.Int).Mul(inverseSeries(5, w, true), big.NewInt(16))
	s.Sub(s, new(big.Int).Mul(inverseSeries(239, w, true), big.NewInt(4)))
	return scaled(s, w)
}

// Pi returns π.
func (p Prec) Pi() Ball {
	return p.rounded(p.float().Set(pi(uint(p)+8)), newRad(), true)
}

// expMid returns e^x with a relative error under 2^-bits, for |x| < 2^31.
func expMid(x *big.Float, bits uint) *big.Float {
	if x.Sign() == 0 {
		return new(big.Float).SetPrec(bits + 8).SetInt64(1)
	}
	halvings := uint(math.Sqrt(float64(bits)))/2 + 4
	w := bits + 2*halvings + 48
	// x = k·log 2 + r, |r| <= 0.35
	f, _ := x.Float64()
	k := int64(math.Round(f / math.Ln2))
	r := new(big.Float).SetPrec(w+40).Mul(ln2(w+36), new(big.Float).SetInt64(k))
	r.Sub(new(big.Float).SetPrec(w+40).Set(x), r)
	// In fixed point: e^(r/2^h) by its series, then h squarings.
	one := new(big.Int).Lsh(big.NewInt(1), w)
	r.SetMantExp(r, int(w)-int(halvings))
	y, _ := r.Int(nil)
	sum := new(big.Int).Add(one, y)
	term := new(big.Int).Set(y)
	for n := int64(2); term.BitLen() > 1; n++ {
		term.Mul(term, y)
		term.Rsh(term, w)
		term.Quo(term, big.NewInt(n))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
		sum.Rsh(sum, w)
	}
	out := scaled(sum, w)
	return out.SetMantExp(out, int(k))
}

// Exp returns e^a.
func (p Prec) Exp(a Ball) (Ball, error) {
	if a.m().MantExp(nil) > 30 {
		return Ball{}, ErrRange
	}
	if a.r().Cmp(big.NewFloat(0.5)) > 0 {
		return Ball{}, ErrWide
	}
	m := p.float().Set(expMid(a.m(), uint(p)+4))
	// e^r - 1 <= 2r for r <= 0.5, and the rounding of m beside it.
	r := newRad().Mul(newRad().Abs(m), newRad().Mul(a.r(), big.NewFloat(2)))
	r.Add(r, newRad().Mul(r, big.NewFloat(1e-6)))
	return inRange(p.rounded(m, r, true))
}

// logMid returns log x for x > 0 with an absolute error under 2^-bits, by
// Halley's iteration on e^y = m where x = m·2^k.
func logMid(x *big.Float, bits uint) *big.Float {
	m := new(big.Float)
	k := x.MantExp(m) // m in [0.5, 1)
	if m.Cmp(big.NewFloat(0.7)) < 0 {
		m.SetMantExp(m, 1)
		k--
	}
	f, _ := m.Float64()
	w := bits + 48
	y := new(big.Float).SetPrec(w).SetFloat64(math.Log(f))
	for good := uint(46); good < bits+8; good *= 3 {
		e := expMid(y, min(3*good, bits+8)+16)
		num := new(big.Float).SetPrec(w).Sub(m, e)
		den := new(big.Float).SetPrec(w).Add(m, e)
		num.Quo(num, den)
		y.Add(y, num.SetMantExp(num, 1))
	}
	if k != 0 {
		l := new(big.Float).SetPrec(w+32).Mul(ln2(w+32), new(big.Float).SetInt64(int64(k)))
		y = new(big.Float).SetPrec(w+32).Add(y, l)
	}
	return y
}

// Log returns the natural logarithm of a.
func (p Prec) Log(a Ball) (Ball, error) {
	s, ok := a.Sign()
	switch {
	case !ok:
		return Ball{}, ErrWide
	case s <= 0:
		return Ball{}, ErrDomain
	}
	// Near 1 the logarithm is small: as many bits more.
	extra := uint(0)
	if e := a.m().MantExp(nil); e == 0 || e == 1 {
		off := new(big.Float).SetPrec(a.m().Prec()+2).Sub(a.m(), big.NewFloat(1))
		if off.Sign() == 0 && a.Exact() {
			return Ball{}, nil
		}
		if e := off.MantExp(nil); off.Sign() != 0 && e < 0 {
			extra = uint(min(-e, 4*int(p)+256))
		}
	}
	m := p.float().Set(logMid(a.m(), uint(p)+extra+8))
	// |log(A/a)| <= r/(a-r)
	r := newRad()
	if a.r().Sign() > 0 {
		low := subDown(a.m(), a.r())
		if low == nil {
			return Ball{}, ErrWide
		}
		r.Quo(a.r(), low)
	}
	r = addUp(r, power2(-int(uint(p)+extra)))
	return inRange(p.rounded(m, r, true))
}
