package growth

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/concluder/concluder/stages/expr"
)

// A decimal is exactly digits·10^exponent, digits >= 0: a coefficient as it is
// printed, so that what is verified is what is read.
type decimal struct {
	digits   int64
	exponent int
}

// roundUp is the least decimal of that many significant digits that is not
// below mantissa·10^exponent, for mantissa >= 0.
func roundUp(mantissa float64, exponent, digits int) decimal {
	if mantissa <= 0 {
		return decimal{}
	}
	e := int(math.Floor(math.Log10(mantissa))) - digits + 1
	d := decimal{int64(math.Ceil(mantissa / math.Pow(10, float64(e)))), e + exponent}
	limit := int64(math.Pow(10, float64(digits)))
	for d.digits >= limit { // log10 was a hair too small
		d.digits = (d.digits + 9) / 10
		d.exponent++
	}
	return d
}

// next is the decimal one unit in the last place above d.
func (d decimal) next() decimal { return decimal{d.digits + 1, d.exponent} }

// big is the value in so many bits; unlike a quotient of integers it is cheap
// for any exponent.
func (d decimal) big(precision uint) *big.Float {
	f, _, err := big.ParseFloat(d.String(), 10, precision, big.ToNearestEven)
	if err != nil { // beyond the exponents of big.Float, which no shape reaches
		return new(big.Float).SetInf(false)
	}
	return f
}

// String is the value in scientific notation.
func (d decimal) String() string {
	s := strconv.FormatInt(d.digits, 10)
	e := d.exponent + len(s) - 1
	s = strings.TrimRight(s, "0")
	if len(s) > 1 {
		s = s[:1] + "." + s[1:]
	} else if s == "" {
		return "0"
	}
	return fmt.Sprintf("%se%d", s, e)
}

// exceeds reports whether d > e.
func (d decimal) exceeds(e decimal) bool {
	const precision = 128
	return d.big(precision).Cmp(e.big(precision)) > 0
}

// float is the nearest float64; 0 or +Inf where it is out of range.
func (d decimal) float() float64 {
	f, _ := strconv.ParseFloat(d.String(), 64) // range errors give 0 or Inf
	return f
}

// log is the natural logarithm of the value, also out of range of a float64.
func (d decimal) log() float64 {
	return math.Log(float64(d.digits)) + float64(d.exponent)*math.Ln10
}

// leastNormal is the least float64 that holds any 15 digits: those below have
// fewer bits the smaller they are.
const leastNormal = 0x1p-1022

// expr is the value as an expression that prints it in digits and exponent.
func (d decimal) expr() expr.Expr {
	if f := d.float(); f >= leastNormal && !math.IsInf(f, 0) || d.digits == 0 {
		return expr.Num(f)
	}
	r, err := expr.Parse(d.String(), expr.Sympy)
	if err != nil { // an exponent that no expression may have: evaluate refuses such shapes
		return expr.Expr{}
	}
	return r.Expr
}

// rounded is v to that many significant digits, as an expression prints it.
func rounded(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return v
	}
	return r
}

// caret prints an expression with ^ for powers, as people write bounds.
func caret(e expr.Expr) string { return strings.ReplaceAll(e.String(), "**", "^") }
