package expr

import (
	"fmt"
	"math"
)

// A Fault says why a Value is no number.
type Fault uint8

const (
	FaultNone   Fault = iota
	FaultDomain       // logarithm of a negative number, negative base under a broken exponent, …
	FaultPole         // division by zero, logarithm of zero
	FaultLost         // nothing is left after cancellation: the digits lie beyond float64
)

var faultTexts = [...]string{"", "outside the domain", "division by zero", "lost to cancellation"}

func (f Fault) String() string {
	if int(f) < len(faultTexts) {
		return faultTexts[f]
	}
	return fmt.Sprintf("Fault(%d)", int(f))
}

// A Value is a real number of any magnitude, or a Fault. Within about 1e±300
// it is a float64; beyond, it is known by the logarithm of its magnitude, which
// is a Value again, so that exp(exp(exp(100))) has a place and compares. This
// is the level-index idea of Clenshaw and Olver (J. ACM 31, 1984), kept signed
// and with plain numbers where they serve.
type Value struct {
	fault Fault
	sign  int8
	f     float64 // where log is nil
	log   *Value  // log|v|
}

// within this range products and sums are left to float64
const (
	largest  = 1e300
	smallest = 1e-300
)

// ValueOf returns x; an infinite x or NaN is FaultDomain.
func ValueOf(x float64) Value {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return Value{fault: FaultDomain}
	case x == 0:
		return Value{}
	}
	if a := math.Abs(x); a > largest || a < smallest {
		return fromLog(signOf(x), ValueOf(math.Log(a)))
	}
	return Value{sign: signOf(x), f: x}
}

// ExpValue returns e**x.
func ExpValue(x float64) Value { return expValue(ValueOf(x)) }

func signOf(x float64) int8 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// fromLog returns sign·exp(y).
func fromLog(sign int8, y Value) Value {
	if y.fault != 0 {
		return y
	}
	if y.log == nil && math.Abs(y.f) < 690 { // log(1e300) is 690.8
		return Value{sign: sign, f: float64(sign) * math.Exp(y.f)}
	}
	if y.log != nil && y.log.Sign() < 0 { // |y| is tiny: exp(y) is 1
		return Value{sign: sign, f: float64(sign)}
	}
	return Value{sign: sign, log: &y}
}

// Fault returns why v is no number, FaultNone when it is one.
func (v Value) Fault() Fault { return v.fault }

// Sign returns -1, 0 or 1; 0 also for a fault.
func (v Value) Sign() int { return int(v.sign) }

// Float returns the nearest float64: ±Inf or 0 beyond its range, NaN for a fault.
func (v Value) Float() float64 {
	switch {
	case v.fault != 0:
		return math.NaN()
	case v.log == nil:
		return v.f
	}
	return float64(v.sign) * math.Exp(v.log.Float())
}

// Log returns log|v|: ±Inf beyond the range of float64, and -Inf for 0.
func (v Value) Log() float64 {
	switch {
	case v.fault != 0:
		return math.NaN()
	case v.sign == 0:
		return math.Inf(-1)
	}
	return v.logValue().Float()
}

// Overflows reports whether v is a number whose magnitude float64 cannot hold.
func (v Value) Overflows() bool { return v.fault == 0 && math.IsInf(v.Float(), 0) }

func (v Value) String() string {
	switch {
	case v.fault != 0:
		return v.fault.String()
	case v.log == nil:
		return fmt.Sprintf("%g", v.f)
	case v.sign < 0:
		return "-exp(" + v.log.String() + ")"
	}
	return "exp(" + v.log.String() + ")"
}

// logValue returns log|v| for v other than 0.
func (v Value) logValue() Value {
	if v.log != nil {
		return *v.log
	}
	return ValueOf(math.Log(math.Abs(v.f)))
}

func faulty(a, b Value) (Value, bool) {
	if a.fault != 0 {
		return a, true
	}
	return b, b.fault != 0
}

func (v Value) neg() Value {
	return Value{fault: v.fault, sign: -v.sign, f: -v.f, log: v.log}
}

func (v Value) abs() Value {
	if v.sign < 0 {
		return v.neg()
	}
	return v
}

// Compare returns -1, 0 or 1 as v is less than, equal to or greater than w. The
// result means nothing where either is a fault.
func (v Value) Compare(w Value) int {
	switch {
	case v.sign != w.sign:
		if v.sign < w.sign {
			return -1
		}
		return 1
	case v.sign == 0:
		return 0
	case v.log == nil && w.log == nil:
		switch {
		case v.f < w.f:
			return -1
		case v.f > w.f:
			return 1
		}
		return 0
	}
	return int(v.sign) * v.logValue().Compare(w.logValue())
}

func mulValue(a, b Value) Value {
	if f, bad := faulty(a, b); bad {
		return f
	}
	if a.sign == 0 || b.sign == 0 {
		return Value{}
	}
	if a.log == nil && b.log == nil {
		if p := a.f * b.f; math.Abs(p) < largest && math.Abs(p) > smallest {
			return Value{sign: a.sign * b.sign, f: p}
		}
	}
	return fromLog(a.sign*b.sign, addValue(a.logValue(), b.logValue()))
}

func divValue(a, b Value) Value {
	if f, bad := faulty(a, b); bad {
		return f
	}
	if b.sign == 0 {
		return Value{fault: FaultPole}
	}
	if a.sign == 0 {
		return a
	}
	if a.log == nil && b.log == nil {
		if q := a.f / b.f; math.Abs(q) < largest && math.Abs(q) > smallest {
			return Value{sign: a.sign * b.sign, f: q}
		}
	}
	return fromLog(a.sign*b.sign, addValue(a.logValue(), b.logValue().neg()))
}

func addValue(a, b Value) Value {
	if f, bad := faulty(a, b); bad {
		return f
	}
	if a.sign == 0 {
		return b
	}
	if b.sign == 0 {
		return a
	}
	if a.log == nil && b.log == nil {
		s := a.f + b.f
		if s == 0 {
			return Value{}
		}
		return ValueOf(s)
	}
	ya, yb := a.logValue(), b.logValue()
	if ya.Compare(yb) < 0 {
		a, b, ya, yb = b, a, yb, ya
	}
	gap := addValue(yb, ya.neg()) // <= 0
	if gap.fault != 0 {
		return gap
	}
	d := gap.Float()
	if a.sign == b.sign {
		return fromLog(a.sign, addValue(ya, ValueOf(math.Log1p(math.Exp(d)))))
	}
	// The logarithms carry rounding errors of a few units in their last place:
	// a gap of that size says nothing of the difference.
	if size := math.Abs(ya.Float()); d == 0 || -d < size*0x1p-48 || math.IsInf(size, 0) && !math.IsInf(d, 0) {
		return Value{fault: FaultLost}
	}
	return fromLog(a.sign, addValue(ya, ValueOf(math.Log(-math.Expm1(d)))))
}

func expValue(a Value) Value {
	if a.fault != 0 {
		return a
	}
	if a.sign == 0 {
		return Value{sign: 1, f: 1}
	}
	return fromLog(1, a)
}

func logValue(a Value) Value {
	switch {
	case a.fault != 0:
		return a
	case a.sign == 0:
		return Value{fault: FaultPole}
	case a.sign < 0:
		return Value{fault: FaultDomain}
	}
	if a.log == nil {
		return ValueOf(math.Log(a.f))
	}
	return *a.log
}

func powValue(a, b Value) Value {
	if f, bad := faulty(a, b); bad {
		return f
	}
	switch {
	case b.sign == 0:
		return Value{sign: 1, f: 1}
	case a.sign == 0 && b.sign < 0:
		return Value{fault: FaultPole}
	case a.sign == 0:
		return a
	}
	sign := int8(1)
	if a.sign < 0 {
		if b.log != nil && b.log.Sign() > 0 {
			return Value{fault: FaultLost} // parity unknown
		}
		if b.log != nil || b.f != math.Trunc(b.f) {
			return Value{fault: FaultDomain}
		}
		if math.Mod(b.f, 2) != 0 {
			sign = -1
		}
	}
	if a.log == nil && b.log == nil {
		if p := binaryFloat(OpPow, a.f, b.f); math.Abs(p) < largest && math.Abs(p) > smallest {
			return Value{sign: sign, f: p}
		}
	}
	return fromLog(sign, mulValue(b, a.logValue()))
}
