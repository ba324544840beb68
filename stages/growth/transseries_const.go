package growth

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/concluder/concluder/stages/expr"
	"github.com/concluder/concluder/stages/expr/ball"
)

// Bits with which the sign of a constant is sought. A constant that the last
// precision does not tell from zero is taken to be zero, and that is recorded.
const (
	firstBits = 128
	lastBits  = 2048
)

// maxRatBits bounds exact rationals; larger ones go on as enclosures.
const maxRatBits = 2048

// A constant is r·d: an exact rational times an exact real, kept as what it
// was computed from, so that any precision can be had later. A nil d is 1.
// The zero constant has r = 0.
type constant struct {
	r *big.Rat
	d *real
	// doubt is the relative error, to first order, that half a unit in the
	// last digit of every literal behind the constant makes.
	doubt float64
}

type realOp uint8

const (
	realRat realOp = iota // a rational too large for exact arithmetic
	realSum
	realProduct
	realPower // base > 0
	realExp
	realLog
	realSin
	realCos
	realAtan
	realGamma
	realErf
	realPi
)

// A real is a node of a graph of exact operations.
type real struct {
	op   realOp
	args []constant // of realRat the rational alone
	hash uint64     // of all this

	bits uint // precision of enclosure, 0 for none yet
	ball ball.Ball
	err  error
}

func ratConstant(r *big.Rat) constant { return constant{r: r} }

func intConstant(i int64) constant { return constant{r: big.NewRat(i, 1)} }

func (c constant) isZero() bool { return c.r.Sign() == 0 }

func (c constant) isOne() bool {
	return c.d == nil && c.r.IsInt() && c.r.Num().IsInt64() && c.r.Num().Int64() == 1
}

// rational returns the exact value of a constant that has one.
func (c constant) rational() (*big.Rat, bool) { return c.r, c.d == nil }

func (c constant) neg() constant {
	return constant{r: new(big.Rat).Neg(c.r), d: c.d, doubt: c.doubt}
}

// sign returns the sign of c. Where no precision tells it from zero, it is
// taken to be zero, and the assumption is recorded.
func (s *growthScale) sign(c constant) (int, error) {
	if c.isZero() || c.d == nil || certainlyPositive(c.d) {
		return c.r.Sign(), nil
	}
	for bits := uint(firstBits); ; bits *= 2 {
		b, err := s.enclose(c.d, bits)
		switch {
		case err == nil:
			if v, ok := b.Sign(); ok {
				return v * c.r.Sign(), nil
			}
		case errors.Is(err, ball.ErrRange):
			return 0, stuckf("a constant is beyond what can be computed with")
		case errors.Is(err, ball.ErrDomain):
			return 0, stuckf("a constant is outside the domain of its function")
		}
		if bits >= lastBits {
			s.assume("two constants that agree to 600 digits are equal")
			return 0, nil
		}
	}
}

// settled returns c, or exactly zero where its sign is taken to be zero.
func (s *growthScale) settled(c constant) (constant, error) {
	v, err := s.sign(c)
	if err != nil {
		return c, err
	}
	if v == 0 {
		return intConstant(0), nil
	}
	return c, nil
}

// magnitude returns log|c| roughly, for c other than zero.
func (s *growthScale) magnitude(c constant) float64 {
	f := new(big.Float).SetPrec(64).SetRat(c.r)
	if c.d != nil {
		b, err := s.enclose(c.d, firstBits)
		if err != nil {
			return math.NaN()
		}
		f.Mul(f, b.Mid())
	}
	return logSize(f)
}

func logSize(f *big.Float) float64 {
	if f.Sign() == 0 {
		return math.Inf(-1)
	}
	m := new(big.Float)
	e := f.MantExp(m)
	v, _ := m.Float64()
	return math.Log(math.Abs(v)) + float64(e)*math.Ln2
}

// float returns c to double precision, ±Inf or 0 beyond it, and NaN where it
// cannot be computed.
func (s *growthScale) float(c constant) float64 {
	f := new(big.Float).SetPrec(96).SetRat(c.r)
	if c.d != nil {
		b, err := s.enclose(c.d, firstBits)
		if errors.Is(err, ball.ErrRange) && certainlyPositive(c.d) {
			// Its logarithm tells on which side it lies.
			v, err := s.sign(s.logConstant(constant{r: ratOne, d: c.d}))
			switch {
			case err == nil && v > 0:
				return math.Inf(c.r.Sign())
			case err == nil && v < 0:
				return 0
			}
		}
		if err != nil {
			return math.NaN()
		}
		f.Mul(f, b.Mid())
	}
	v, _ := f.Float64()
	return v
}

// maxDecimal bounds the binary exponent of numbers that are written in decimals.
const maxDecimal = 40000

// short writes c exactly where that is short, else rounded to 15 digits; what
// is far from 1 stays as it was made.
func (s *growthScale) short(c constant) expr.Expr {
	if c.d == nil && decimalDigits(c.r) <= 18 {
		return expr.Rat(c.r)
	}
	f := new(big.Float).SetPrec(128).SetRat(c.r)
	if c.d != nil {
		b, err := s.enclose(c.d, firstBits)
		if err != nil {
			return c.written()
		}
		f.Mul(f, b.Mid())
	}
	if e := f.MantExp(nil); e > maxDecimal || e < -maxDecimal {
		return c.written() // decimal digits of such numbers take long to find
	}
	digits, exponent, _ := strings.Cut(f.Text('e', 14), "e")
	digits = strings.TrimRight(strings.TrimRight(digits, "0"), ".")
	if v, err := strconv.Atoi(exponent); err == nil && v > -5 && v < 15 {
		digits = strconv.FormatFloat(double(f), 'f', max(0, 14-v), 64)
		if strings.Contains(digits, ".") {
			digits = strings.TrimRight(strings.TrimRight(digits, "0"), ".")
		}
	} else {
		digits += "e" + strconv.Itoa(v)
	}
	r, err := expr.Parse(digits, expr.Sympy)
	if err != nil {
		return c.written()
	}
	return r.Expr
}

func double(f *big.Float) float64 {
	v, _ := f.Float64()
	return v
}

// decimalDigits counts the digits of r as a decimal; math.MaxInt where it does
// not end.
func decimalDigits(r *big.Rat) int {
	text := expr.Rat(r).String()
	if strings.Contains(text, "/") {
		return math.MaxInt
	}
	mantissa, _, _ := strings.Cut(text, "e")
	digits := strings.TrimLeft(mantissa, "-0.")
	return len(digits) - strings.Count(digits, ".")
}
