// Package ball computes with real numbers to any precision and keeps a proven
// bound on the error.
//
// A Ball is a midpoint and a radius: the number meant lies within. Every
// operation returns a ball that holds all results for the numbers of its
// operands, so the sign of a ball that does not touch zero is the sign of the
// number. Where a ball is too wide to say anything, the error is ErrWide, and
// the caller starts again from the exact inputs with more bits.
//
// The elementary functions are computed from their series after argument
// reduction, as in R. P. Brent and P. Zimmermann, Modern Computer Arithmetic,
// chapter 4.
package ball

import (
	"errors"
	"math/big"
)

var (
	// ErrWide says that the radius is too large for the operation: more
	// precision is needed, or the number is on the edge of the domain.
	ErrWide = errors.New("the precision does not decide the result")
	// ErrDomain says that the function is not defined there.
	ErrDomain = errors.New("the function is not defined there")
	// ErrRange says that a magnitude is beyond 2^(2^30), or an argument of a
	// periodic function beyond 2^60.
	ErrRange = errors.New("the number is too large or too small to represent")
)

// maxBits bounds the binary exponent of every number. It stays below the
// limit of math/big, so that no result becomes infinite or zero unseen.
const maxBits = 1 << 30

// radPrec is the precision of a radius, which is rounded up.
const radPrec = 32

// A Ball is the set of reals within rad of mid. It is immutable. The zero Ball
// is the number 0.
type Ball struct{ mid, rad *big.Float }

// A Prec is a working precision in bits, at least 32: results carry relative
// rounding errors of about 2^-Prec, which their radius includes.
type Prec uint

func newRad() *big.Float { return new(big.Float).SetPrec(radPrec).SetMode(big.ToPositiveInf) }

func (b Ball) m() *big.Float {
	if b.mid == nil {
		return new(big.Float).SetPrec(32)
	}
	return b.mid
}

func (b Ball) r() *big.Float {
	if b.rad == nil {
		return newRad()
	}
	return b.rad
}

// Mid returns the midpoint.
func (b Ball) Mid() *big.Float { return new(big.Float).Copy(b.m()) }

// Rad returns the radius.
func (b Ball) Rad() *big.Float { return new(big.Float).Copy(b.r()) }

// Exact reports whether the radius is 0.
func (b Ball) Exact() bool { return b.r().Sign() == 0 }

// Sign returns the sign of the number; ok is false when the ball touches zero
// and is not exactly zero.
func (b Ball) Sign() (sign int, ok bool) {
	m, r := b.m(), b.r()
	if r.Sign() == 0 {
		return m.Sign(), true
	}
	if m.Sign() == 0 || new(big.Float).Abs(m).Cmp(r) <= 0 {
		return 0, false
	}
	return m.Sign(), true
}

// Bounds returns numbers on either side of the ball, of the given precision.
func (b Ball) Bounds(p Prec) (lo, hi *big.Float) {
	m, r := b.m(), b.r()
	if least := m.MantExp(nil) - int(p) - 8; r.Sign() > 0 && m.Sign() != 0 && r.MantExp(nil) < least {
		r = newRad().SetMantExp(big.NewFloat(1), least) // wider, and near enough to add
	}
	lo = new(big.Float).SetPrec(uint(p)).SetMode(big.ToNegativeInf).Sub(m, r)
	hi = new(big.Float).SetPrec(uint(p)).SetMode(big.ToPositiveInf).Add(m, r)
	return lo, hi
}

// Accuracy returns how many leading bits the ball fixes; 0 when it touches
// zero, and a large number when it is exact.
func (b Ball) Accuracy() int {
	if b.r().Sign() == 0 {
		return 1 << 30
	}
	if _, ok := b.Sign(); !ok {
		return 0
	}
	return max(0, b.m().MantExp(nil)-b.r().MantExp(nil)-1)
}

// Exact values

// Float returns x exactly.
func Float(x *big.Float) Ball { return Ball{new(big.Float).Copy(x), newRad()} }

// Float64 returns x exactly.
func Float64(x float64) Ball { return Ball{new(big.Float).SetPrec(53).SetFloat64(x), newRad()} }

// Int returns i exactly.
func Int(i int64) Ball { return Ball{new(big.Float).SetPrec(64).SetInt64(i), newRad()} }

// Rounded values

func (p Prec) float() *big.Float { return new(big.Float).SetPrec(uint(max(p, 32))) }

// Rat returns r rounded.
func (p Prec) Rat(r *big.Rat) Ball {
	m := p.float().SetRat(r)
	return p.rounded(m, newRad(), m.Acc() != big.Exact)
}

// Decimal returns the number that text writes, in the form of
// [big.ParseFloat], rounded.
func (p Prec) Decimal(text string) (Ball, error) {
	m, _, err := big.ParseFloat(text, 10, uint(max(p, 32))+8, big.ToNearestEven)
	if err != nil || m.IsInf() {
		return Ball{}, ErrRange
	}
	// ParseFloat scales by a power of five of its own precision: one unit in
	// the last place is not promised for large exponents, 2^-Prec is kept.
	return p.rounded(p.float().Set(m), newRad(), true), nil
}

// rounded is mid ± rad, with one unit in the last place of mid added to the
// radius where mid was rounded.
func (p Prec) rounded(mid, rad *big.Float, inexact bool) Ball {
	if inexact && mid.Sign() != 0 {
		rad = addUp(rad, ulp(mid))
	}
	return Ball{mid, rad}
}

// math/big lines numbers up before it adds them, in memory that grows with the
// difference of their exponents. The functions below keep numbers apart that
// have nothing to do with each other.

// apart reports whether the smaller of a and b is lost beside the larger when
// that has the given bits.
func apart(a, b *big.Float, bits int) bool {
	if a.Sign() == 0 || b.Sign() == 0 {
		return false
	}
	gap := a.MantExp(nil) - b.MantExp(nil)
	return gap > bits || -gap > bits
}

// addUp returns a + b for radii, rounded up.
func addUp(a, b *big.Float) *big.Float {
	if !apart(a, b, 2*radPrec) {
		return newRad().Add(a, b)
	}
	if a.Cmp(b) < 0 {
		a = b
	}
	out := newRad().Set(a)
	return out.Add(out, ulp(out))
}

// subDown returns a - b >= 0 rounded down, or nil where that is not positive.
func subDown(a, b *big.Float) *big.Float {
	low := new(big.Float).SetPrec(radPrec).SetMode(big.ToNegativeInf)
	switch {
	case !apart(a, b, 2*radPrec):
		low.Sub(a, b)
	case a.Cmp(b) > 0:
		low.Set(a)
		low.Sub(low, ulp(low))
	}
	if low.Sign() <= 0 {
		return nil
	}
	return low
}

// power2 returns 2^e as a radius.
func power2(e int) *big.Float { return newRad().SetMantExp(big.NewFloat(1), e) }

// ulp is one unit in the last place of x.
func ulp(x *big.Float) *big.Float {
	return newRad().SetMantExp(big.NewFloat(1), x.MantExp(nil)-int(x.Prec()))
}

// inRange returns b unless its magnitude is out of bounds.
func inRange(b Ball) (Ball, error) {
	if b.mid.IsInf() || b.rad.IsInf() {
		return Ball{}, ErrRange
	}
	if e := b.mid.MantExp(nil); e > maxBits || e < -maxBits || b.rad.MantExp(nil) > maxBits {
		return Ball{}, ErrRange
	}
	return b, nil
}

// Neg returns -a.
func Neg(a Ball) Ball { return Ball{new(big.Float).Neg(a.m()), a.r()} }

// Abs returns |a|.
func Abs(a Ball) Ball {
	if s, ok := a.Sign(); ok {
		if s < 0 {
			return Neg(a)
		}
		return a
	}
	// The ball touches zero: [0, |mid|+rad] as a ball.
	half := newRad().Quo(addUp(newRad().Abs(a.m()), a.r()), big.NewFloat(2))
	return Ball{new(big.Float).Copy(half), newRad().Add(half, ulp(half))}
}

// Add returns a + b.
func (p Prec) Add(a, b Ball) (Ball, error) {
	r := addUp(a.r(), b.r())
	x, y := a.m(), b.m()
	if apart(x, y, int(max(p, 32))+8) { // the smaller counts as error
		if x.MantExp(nil) < y.MantExp(nil) {
			x, y = y, x
		}
		return inRange(p.rounded(p.float().Set(x), addUp(r, newRad().Abs(y)), true))
	}
	m := p.float().Add(x, y)
	return inRange(p.rounded(m, r, m.Acc() != big.Exact))
}

// Sub returns a - b.
func (p Prec) Sub(a, b Ball) (Ball, error) { return p.Add(a, Neg(b)) }

// Mul returns a·b.
func (p Prec) Mul(a, b Ball) (Ball, error) {
	m := p.float().Mul(a.m(), b.m())
	// |a|·rb + |b|·ra + ra·rb
	r := newRad().Mul(newRad().Abs(a.m()), b.r())
	r = addUp(r, newRad().Mul(newRad().Abs(b.m()), a.r()))
	r = addUp(r, newRad().Mul(a.r(), b.r()))
	return inRange(p.rounded(m, r, m.Acc() != big.Exact))
}

// Quo returns a/b. Dividing by exactly zero is ErrDomain.
func (p Prec) Quo(a, b Ball) (Ball, error) {
	switch s, ok := b.Sign(); {
	case !ok:
		return Ball{}, ErrWide
	case s == 0:
		return Ball{}, ErrDomain
	}
	m := p.float().Quo(a.m(), b.m())
	// |a/b - A/B| <= (ra + |a/b|·rb) / (|b| - rb)
	low := subDown(new(big.Float).Abs(b.m()), b.r())
	if low == nil {
		return Ball{}, ErrWide
	}
	q := newRad().Abs(m)
	if q.Sign() > 0 {
		q.Add(q, ulp(q))
	}
	r := addUp(a.r(), newRad().Mul(q, b.r()))
	r.Quo(r, low)
	return inRange(p.rounded(m, r, m.Acc() != big.Exact))
}

// Sqrt returns the square root of a.
func (p Prec) Sqrt(a Ball) (Ball, error) {
	s, ok := a.Sign()
	switch {
	case !ok:
		return Ball{}, ErrWide
	case s < 0:
		return Ball{}, ErrDomain
	case s == 0:
		return Ball{}, nil
	}
	m := p.float().Sqrt(a.m())
	// |sqrt(A) - sqrt(a)| <= ra/sqrt(a), for ra <= a
	r := newRad()
	if a.r().Sign() > 0 {
		low := new(big.Float).SetPrec(radPrec).SetMode(big.ToNegativeInf).Set(m)
		low.Sub(low, ulp(low))
		r.Quo(a.r(), low)
	}
	return inRange(p.rounded(m, r, true))
}

// PowInt returns a^n.
func (p Prec) PowInt(a Ball, n int64) (Ball, error) {
	if n < 0 {
		b, err := p.PowInt(a, -n)
		if err != nil {
			return Ball{}, err
		}
		return p.Quo(Int(1), b)
	}
	work := p + 16
	out, err := Int(1), error(nil)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			if out, err = work.Mul(out, a); err != nil {
				return Ball{}, err
			}
		}
		if n > 1 {
			if a, err = work.Mul(a, a); err != nil {
				return Ball{}, err
			}
		}
	}
	return out, nil
}

// Pow returns a^b for a > 0, as exp(b·log a).
func (p Prec) Pow(a, b Ball) (Ball, error) {
	l, err := (p + 32).Log(a)
	if err != nil {
		return Ball{}, err
	}
	e, err := (p + 32).Mul(b, l)
	if err != nil {
		return Ball{}, err
	}
	return p.Exp(e)
}
