package expr

import (
	"errors"
	"math"
	"math/big"
)

// Float returns the value at x in float64 arithmetic, in the order as written:
// NaN outside the domain, ±Inf where it overflows.
func (e Expr) Float(x float64) float64 { return math.NaN() }

// EvalAll writes the values at xs to dst, which has the same length.
func (e Expr) EvalAll(dst, xs []float64) {
	for i := range xs {
		dst[i] = math.NaN()
	}
}

// EvalFloat32 returns the value at x in float32 arithmetic, in the order as written.
func (e Expr) EvalFloat32(x float64) float32 { return float32(math.NaN()) }

// EvalBig returns the value at x, correct to prec bits.
func (e Expr) EvalBig(x float64, prec uint) (*big.Float, error) {
	return nil, errors.New("not implemented")
}

// An Interval encloses the values of an expression.
type Interval struct {
	Lo, Hi  float64
	Partial bool // the expression is undefined at some points of the range
}

// Interval encloses the values on [lo, hi].
func (e Expr) Interval(lo, hi float64) Interval { return Interval{math.Inf(-1), math.Inf(1), true} }

// Simplify
func Simplify(e Expr) Expr { return e }
