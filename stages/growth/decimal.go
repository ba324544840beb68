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
	if d.digits > limit { // log10 was a hair too small
		d.digits = (d.digits + 9) / 10
		d.exponent++
	}
	return d
}

// next is the decimal one unit in the last place above d.
func (d decimal) next() decimal { return decimal{d.digits + 1, d.exponent} }

// rat is the exact value.
func (d decimal) rat() *big.Rat {
	r := new(big.Rat).SetInt64(d.digits)
	p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(d.exponent, -d.exponent))), nil)
	if d.exponent < 0 {
		return r.Quo(r, new(big.Rat).SetInt(p))
	}
	return r.Mul(r, new(big.Rat).SetInt(p))
}

// float is the nearest float64; 0 or +Inf where it is out of range.
func (d decimal) float() float64 {
	f, _ := strconv.ParseFloat(fmt.Sprintf("%de%d", d.digits, d.exponent), 64) // range errors give 0 or Inf
	return f
}

// log is the natural logarithm of the value, also out of range of a float64.
func (d decimal) log() float64 {
	return math.Log(float64(d.digits)) + float64(d.exponent)*math.Ln10
}

// expr is the value as an expression that prints it in full.
func (d decimal) expr() expr.Expr {
	if f := d.float(); f > 0 && !math.IsInf(f, 0) || d.digits == 0 {
		return expr.Num(f)
	}
	return expr.Rat(d.rat())
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
