package growth

import (
	"fmt"
	"math"
	"math/big"

	"github.com/concluder/concluder/stages/expr"
)

// values of a shape at the sizes of a series, scaled so that the largest is 1:
// g(x_i) = h[i]·exp(log). They survive where g itself overflows.
type values struct {
	h   []float64
	log float64
}

// mostLog bounds |log g| at the largest size: coefficients are printed with
// exponents of up to five digits.
const mostLog = 2e5

// mostSmall bounds -log g at any size: beyond, big.Float has no exponent for it.
const mostSmall = 5e8

// nothing is the share of its largest value below which a shape counts as 0,
// so that products of differences do not underflow.
const nothing = 1e-100

// leastSize bounds sizes away from where float64 loses its digits.
const leastSize = 1e-300

// A ShapeError says why an expression cannot be the shape of a bound.
type ShapeError struct {
	Shape  string
	Reason string
}

func (e *ShapeError) Error() string { return fmt.Sprintf("shape %s: %s", e.Shape, e.Reason) }

// evaluate gives the values of a shape, which must be defined, not negative
// and not falling on the points, and larger at the last size than at the first.
func evaluate(shape expr.Expr, xs []float64) (values, error) {
	v := values{h: make([]float64, len(xs)), log: math.Inf(-1)}
	fail := func(format string, args ...any) (values, error) {
		return values{}, &ShapeError{caret(shape), fmt.Sprintf(format, args...)}
	}
	if shape.IsZero() || !shape.HasVar() {
		return fail("it does not depend on the size")
	}
	for i, x := range xs {
		if i > 0 && x == xs[i-1] {
			v.h[i] = v.h[i-1]
			continue
		}
		if x != 0 && math.Abs(x) < leastSize || math.Abs(x) > mostMagnitude {
			return fail("the size %g is too small or too large to compute with", x)
		}
		l, sign := logAbs(shape, x)
		switch {
		case math.IsNaN(l):
			return fail("it is not defined at x0 = %s", number(x))
		case math.IsInf(l, 1):
			return fail("it is beyond all numbers at x0 = %s", number(x))
		case l < -mostSmall && !math.IsInf(l, -1):
			return fail("at x0 = %s it is of the order e^%s, too small to compute with", number(x), number(l))
		case sign < 0:
			return fail("it is negative at x0 = %s", number(x))
		}
		if i > 0 && l < v.h[i-1]-1e-9*math.Max(1, math.Abs(l)) {
			return fail("it falls between x0 = %s and %s", number(xs[i-1]), number(x))
		}
		v.h[i] = l
		v.log = math.Max(v.log, l)
	}
	if n := len(xs); n > 0 && !(v.h[n-1] > v.h[0]+1e-12) {
		return fail("it does not grow from x0 = %s to %s", number(xs[0]), number(xs[n-1]))
	}
	if math.Abs(v.log) > mostLog {
		return fail("at x0 = %s it is of the order e^%s, which no printed coefficient can scale to the points", number(xs[len(xs)-1]), number(v.log))
	}
	for i, l := range v.h {
		v.h[i] = math.Exp(l - v.log)
		if v.h[i] < nothing {
			v.h[i] = 0
		}
	}
	return v, nil
}

// logAbs is log |e(x)| and the sign of e(x); NaN where e is not defined, -Inf
// where it is 0, +Inf where even its logarithm overflows.
func logAbs(e expr.Expr, x float64) (float64, int) {
	v := e.Eval(x)
	switch {
	case v.Fault() != expr.FaultNone:
		return math.NaN(), 0
	case v.Sign() == 0:
		return math.Inf(-1), 0
	}
	l := v.Log()
	if l < subnormal {
		// float64 loses its digits below 1e-308, in x or on the way.
		if b, err := e.EvalBig(x, 64); err == nil && b.Sign() != 0 {
			exponent := b.MantExp(nil)
			m, _ := new(big.Float).SetMantExp(b, -exponent).Float64()
			return math.Log(math.Abs(m)) + float64(exponent)*math.Ln2, b.Sign()
		}
	}
	return l, v.Sign()
}

// subnormal is the logarithm below which a value may come from numbers that
// float64 holds with fewer digits.
const subnormal = -650

// number prints a measured value for people.
func number(v float64) string {
	if a := math.Abs(v); a != 0 && (a >= 1e7 || a < 1e-3) {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.6g", v)
}
