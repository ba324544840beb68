package expr

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// maxExponent bounds the decimal exponent of a literal, so that no text makes
// a number of unbounded size. Simplified equations carry factors such as
// 5.6e-10097, so it is far beyond what a float64 holds.
const maxExponent = 99999

// exactExponent bounds the decimal exponent and the digits up to which a
// literal's exact value is kept beside its text.
const exactExponent = 400

// A number is a decimal literal: its text as written (cleaned of repairs), its
// exact value, and the nearest float64. It is not negative.
type number struct {
	text string
	val  float64  // nearest; +Inf or 0 beyond the range of float64
	rat  *big.Rat // exact; nil where digits or exponent exceed exactExponent
}

var (
	zeroNumber = &number{text: "0", rat: new(big.Rat)}
	oneNumber  = &number{text: "1", val: 1, rat: big.NewRat(1, 1)}
)

// newNumber reads a literal such as 12, .5, 3., 2.5e-7.
func newNumber(text string) (*number, bool) {
	mantissa, exponent, found := strings.Cut(strings.ToLower(text), "e")
	e := 0
	if found {
		v, err := strconv.Atoi(exponent)
		if err != nil || v > maxExponent || v < -maxExponent {
			return nil, false
		}
		e = v
	}
	digits := 0
	for _, c := range mantissa {
		if c >= '0' && c <= '9' {
			digits++
		} else if c != '.' {
			return nil, false
		}
	}
	if digits == 0 {
		return nil, false
	}
	val, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(val, 0) && val != 0 {
		return nil, false
	}
	n := &number{text: text, val: val}
	if e <= exactExponent && e >= -exactExponent && digits <= exactExponent {
		n.rat, _ = new(big.Rat).SetString(text)
	}
	return n, true
}

// numberOf returns the shortest decimal that reads back as v.
func numberOf(v float64) (x *number, negative, ok bool) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, false, false
	}
	negative = v < 0
	format := byte('g')
	a := math.Abs(v)
	if a == math.Trunc(a) && a < 1e15 {
		format = 'f'
	}
	text := strconv.FormatFloat(a, format, -1, 64)
	text = shortenExponent(text)
	x, ok = newNumber(text)
	return x, negative, ok
}

// shortenExponent writes 1e-07 as 1e-7 and 1e+20 as 1e20.
func shortenExponent(text string) string {
	mantissa, exponent, found := strings.Cut(text, "e")
	if !found {
		return text
	}
	sign := ""
	if exponent[0] == '-' || exponent[0] == '+' {
		if exponent[0] == '-' {
			sign = "-"
		}
		exponent = exponent[1:]
	}
	exponent = strings.TrimLeft(exponent, "0")
	if exponent == "" {
		return mantissa
	}
	return mantissa + "e" + sign + exponent
}

func (x *number) equal(y *number) bool {
	if x.rat != nil && y.rat != nil {
		return x.rat.Cmp(y.rat) == 0
	}
	return x.text == y.text
}

// ratNode returns r as a decimal, or as a quotient of whole numbers where the
// decimal does not end.
func ratNode(r *big.Rat) *node {
	if r == nil {
		return nil
	}
	if r.Sign() < 0 {
		return neg(ratNode(new(big.Rat).Neg(r)))
	}
	if text, ok := decimal(r); ok {
		if x, ok := newNumber(text); ok {
			return numNode(x)
		}
	}
	return newNode(OpDiv, wholeNode(r.Num()), wholeNode(r.Denom()))
}

func wholeNode(i *big.Int) *node {
	text := i.String()
	x, ok := newNumber(text)
	if !ok {
		return nil
	}
	return numNode(x)
}

// decimal writes r >= 0 as an exact decimal, when it has one.
func decimal(r *big.Rat) (string, bool) {
	if r.IsInt() {
		s := r.Num().String()
		if t := strings.TrimRight(s, "0"); len(s)-len(t) > 15 {
			return scientific(t, len(s)-1), true
		}
		return s, true
	}
	d := new(big.Int).Set(r.Denom())
	twos := int(d.TrailingZeroBits())
	d.Rsh(d, uint(twos))
	fives := 0
	five, rest := big.NewInt(5), new(big.Int)
	for d.BitLen() > 1 {
		q, m := new(big.Int).QuoRem(d, five, rest)
		if m.Sign() != 0 {
			return "", false
		}
		d = q
		fives++
	}
	places := max(twos, fives)
	if places > 2*exactExponent {
		return "", false
	}
	// r·10^places is whole.
	scaled := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
	scaled.Mul(scaled, r.Num())
	scaled.Quo(scaled, r.Denom())
	digits := scaled.String()
	point := len(digits) - places // digits before the point
	switch {
	case point > 0:
		return digits[:point] + "." + digits[point:], true
	case point > -4:
		return "0." + strings.Repeat("0", -point) + digits, true
	}
	return scientific(strings.TrimRight(digits, "0"), point-1), true
}

func scientific(digits string, exponent int) string {
	s := digits[:1]
	if len(digits) > 1 {
		s += "." + digits[1:]
	}
	return s + "e" + strconv.Itoa(exponent)
}

// Rational returns the exact value of e where e is a number, a quotient of
// numbers, or the negative of one.
func (e Expr) Rational() (*big.Rat, bool) {
	if e.n == nil {
		return nil, false
	}
	return rational(e.n)
}

func rational(n *node) (*big.Rat, bool) {
	switch n.op {
	case OpNum:
		if n.num.rat == nil {
			return nil, false
		}
		return n.num.rat, true
	case OpNeg:
		r, ok := rational(n.args[0])
		if !ok {
			return nil, false
		}
		return new(big.Rat).Neg(r), true
	case OpDiv:
		if n.args[0].op != OpNum || n.args[1].op != OpNum {
			return nil, false
		}
		a, b := n.args[0].num.rat, n.args[1].num.rat
		if a == nil || b == nil || b.Sign() == 0 {
			return nil, false
		}
		return new(big.Rat).Quo(a, b), true
	}
	return nil, false
}

func ratInt(i int64) *big.Rat { return new(big.Rat).SetInt64(i) }
