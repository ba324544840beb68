package ball

import "math/big"

// LogGamma returns log Γ(a) for a > 0: Stirling's series for a number shifted
// so far up that the first term left out, which bounds the error, is small.
func (p Prec) LogGamma(a Ball) (Ball, error) {
	s, ok := a.Sign()
	switch {
	case !ok:
		return Ball{}, ErrWide
	case s <= 0:
		return Ball{}, ErrDomain
	}
	if a.m().MantExp(nil) > 40 {
		return Ball{}, ErrRange // beyond every Γ that has a place
	}
	w := p + 64 + Prec(max(0, a.m().MantExp(nil)))
	calc := &chain{prec: w}
	x, shift := a, Int(1)
	for far := big.NewFloat(float64(p)/4 + 16); x.m().Cmp(far) < 0; {
		shift = calc.mul(shift, x)
		x = calc.add(x, Int(1))
	}
	half := Float64(0.5)
	sum := calc.sub(calc.mul(calc.sub(x, half), calc.log(x)), x)
	sum = calc.add(sum, calc.mul(half, calc.log(calc.mul(Int(2), w.Pi()))))
	square := calc.mul(x, x)
	power := x
	bernoulli := bernoulliNumbers(int(p)/4 + 16)
	for k, b := range bernoulli { // B_2, B_4, …
		n := int64(2 * (k + 1))
		coefficient := new(big.Rat).Quo(b, new(big.Rat).SetInt64(n*(n-1)))
		term := calc.quo(w.Rat(coefficient), power)
		if calc.err != nil {
			return Ball{}, calc.err
		}
		if k == len(bernoulli)-1 || term.m().MantExp(nil) < -int(p)-16 {
			error := addUp(newRad().Abs(term.m()), term.r())
			sum = Ball{sum.m(), addUp(sum.r(), error)}
			break
		}
		sum = calc.add(sum, term)
		power = calc.mul(power, square)
	}
	sum = calc.sub(sum, calc.log(shift))
	return sum, calc.err
}

// Gamma returns Γ(a) for a > 0.
func (p Prec) Gamma(a Ball) (Ball, error) {
	l, err := (p + 40).LogGamma(a)
	if err != nil {
		return Ball{}, err
	}
	return p.Exp(l)
}

// bernoulliNumbers returns B_2, B_4, … B_2n.
func bernoulliNumbers(n int) []*big.Rat {
	out := make([]*big.Rat, n)
	// Tangent numbers by Brent and Harvey, arXiv:1108.0286, algorithm 2; then
	// B_2k = (-1)^(k-1) · 2k·T_k / (4^k·(4^k - 1)).
	t := make([]*big.Int, n+1)
	t[1] = big.NewInt(1)
	for k := 2; k <= n; k++ {
		t[k] = new(big.Int).Mul(big.NewInt(int64(k-1)), t[k-1])
	}
	for k := 2; k <= n; k++ {
		for j := k; j <= n; j++ {
			a := new(big.Int).Mul(big.NewInt(int64(j-k)), t[j-1])
			b := new(big.Int).Mul(big.NewInt(int64(j-k+2)), t[j])
			t[j] = a.Add(a, b)
		}
	}
	for k := 1; k <= n; k++ {
		four := new(big.Int).Lsh(big.NewInt(1), uint(2*k))
		den := new(big.Int).Mul(four, new(big.Int).Sub(four, big.NewInt(1)))
		num := new(big.Int).Mul(big.NewInt(int64(2*k)), t[k])
		if k%2 == 0 {
			num.Neg(num)
		}
		out[k-1] = new(big.Rat).SetFrac(num, den)
	}
	return out
}

// Erf returns the error function of a.
func (p Prec) Erf(a Ball) (Ball, error) {
	if a.m().Sign() == 0 && a.Exact() {
		return Ball{}, nil
	}
	if tiny(a, p) { // 2/sqrt(π)·(x ± x²)
		calc := &chain{prec: p + 16}
		x := Ball{a.m(), addUp(a.r(), square(a))}
		out := calc.quo(calc.mul(Int(2), x), calc.sqrt(calc.prec.Pi()))
		return out, calc.err
	}
	w := p + 32 + Prec(max(0, -a.m().MantExp(nil)))
	calc := &chain{prec: w}
	if a.m().MantExp(nil) > 32 {
		return Ball{new(big.Float).SetInt64(int64(a.m().Sign())), power2(-int(p))}, nil
	}
	if a.m().MantExp(nil) > 2 && calc.mul(a, a).m().Cmp(new(big.Float).SetInt64(int64(p))) > 0 {
		// 1 - erf(x) < exp(-x²), which is under 2^-p
		one := Int(int64(a.m().Sign()))
		return Ball{one.mid, power2(-int(p))}, nil
	}
	// erf(x) = 2/sqrt(π)·exp(-x²)·Σ 2^n·x^(2n+1)/(2n+1)!!, all terms of one sign
	square := calc.mul(a, a)
	term, sum := a, a
	twice := calc.mul(Int(2), square)
	for n := int64(1); ; n++ {
		term = calc.quo(calc.mul(term, twice), Int(2*n+1))
		if calc.err != nil {
			return Ball{}, calc.err
		}
		sum = calc.add(sum, term)
		// From n > 2x² on each term is under half of the one before.
		late := new(big.Float).SetInt64(n).Cmp(twice.m()) > 0
		if late && term.m().MantExp(nil) < sum.m().MantExp(nil)-int(w) {
			tail := addUp(newRad().Abs(term.m()), term.r())
			sum = Ball{sum.m(), addUp(sum.r(), newRad().Mul(tail, big.NewFloat(2)))}
			break
		}
	}
	e := calc.exp(Neg(square))
	out := calc.quo(calc.mul(calc.mul(Int(2), e), sum), calc.sqrt(w.Pi()))
	return out, calc.err
}

// A chain of operations remembers the first error, so that formulas read as
// formulas.
type chain struct {
	prec Prec
	err  error
}

func (c *chain) take(b Ball, err error) Ball {
	if c.err == nil {
		c.err = err
	}
	return b
}

func (c *chain) add(a, b Ball) Ball { return c.take(c.prec.Add(a, b)) }
func (c *chain) sub(a, b Ball) Ball { return c.take(c.prec.Sub(a, b)) }
func (c *chain) mul(a, b Ball) Ball { return c.take(c.prec.Mul(a, b)) }
func (c *chain) quo(a, b Ball) Ball { return c.take(c.prec.Quo(a, b)) }
func (c *chain) sqrt(a Ball) Ball   { return c.take(c.prec.Sqrt(a)) }
func (c *chain) exp(a Ball) Ball    { return c.take(c.prec.Exp(a)) }

func (c *chain) log(a Ball) Ball {
	if c.err != nil {
		return a
	}
	return c.take(c.prec.Log(a))
}
