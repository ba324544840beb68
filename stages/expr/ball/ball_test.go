package ball

import (
	"encoding/json"
	"math/big"
	"math/rand"
	"os"
	"testing"
)

// The values come from mpmath at 120 digits, written by testdata/values.py.
func TestValuesLieInTheBall(t *testing.T) {
	text, err := os.ReadFile("testdata/values.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct{ Function, Argument, Second, Value string }
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		// The oracle's 80 digits are worth 265 bits.
		want, _, err := big.ParseFloat(row.Value, 10, 300, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		slack := new(big.Float).SetMantExp(big.NewFloat(1), want.MantExp(nil)-260)
		for _, p := range []Prec{64, 100, 256} {
			got, err := apply(p, row.Function, row.Argument, row.Second)
			if err != nil {
				t.Errorf("%s(%s) at %d bits: %v", row.Function, row.Argument, p, err)
				continue
			}
			off := new(big.Float).SetPrec(400).Sub(want, got.Mid())
			off.Abs(off)
			if bound := new(big.Float).SetPrec(400).Add(got.Rad(), slack); off.Cmp(bound) > 0 {
				t.Errorf("%s(%s) at %d bits: off by %.3g, radius %.3g", row.Function, row.Argument, p, off, got.Rad())
			}
			near := (row.Function == "sin" || row.Function == "cos") && want.MantExp(nil) < -30 // close to a zero only the absolute error is small
			if a := got.Accuracy(); a < int(p)-24 && !(near && got.Rad().MantExp(nil) < 24-int(p)) {
				t.Errorf("%s(%s) at %d bits: only %d bits are fixed", row.Function, row.Argument, p, a)
			}
		}
	}
}

func apply(p Prec, function, argument, second string) (Ball, error) {
	work := p + 64
	r, _ := new(big.Rat).SetString(argument)
	a := work.Rat(r)
	switch function {
	case "exp":
		return p.Exp(a)
	case "log":
		return p.Log(a)
	case "sin":
		return p.Sin(a)
	case "cos":
		return p.Cos(a)
	case "atan":
		return p.Atan(a)
	case "sqrt":
		return p.Sqrt(a)
	case "loggamma":
		return p.LogGamma(a)
	case "erf":
		return p.Erf(a)
	}
	s, _ := new(big.Rat).SetString(second)
	return p.Pow(a, work.Rat(s))
}

// Every operation must contain the results for all numbers of its operands:
// here for random points of random balls, computed exactly.
func TestOperationsContainExactResults(t *testing.T) {
	rng := rand.New(rand.NewSource(7))
	for range 3000 {
		p := Prec(32 + rng.Intn(64))
		ra, a := randomBall(rng)
		rb, b := randomBall(rng)
		check := func(op string, got Ball, err error, want *big.Rat) {
			t.Helper()
			if err != nil {
				return
			}
			lo, hi := got.Bounds(200)
			l, _ := lo.Rat(nil)
			h, _ := hi.Rat(nil)
			if l.Cmp(want) > 0 || h.Cmp(want) < 0 {
				t.Fatalf("%s at %d bits: %v lies outside [%v, %v]", op, p, want, lo, hi)
			}
		}
		got, err := p.Add(a, b)
		check("add", got, err, new(big.Rat).Add(ra, rb))
		got, err = p.Sub(a, b)
		check("sub", got, err, new(big.Rat).Sub(ra, rb))
		got, err = p.Mul(a, b)
		check("mul", got, err, new(big.Rat).Mul(ra, rb))
		check("abs", Abs(a), nil, new(big.Rat).Abs(ra))
		if rb.Sign() != 0 {
			got, err = p.Quo(a, b)
			check("quo", got, err, new(big.Rat).Quo(ra, rb))
		}
		square := new(big.Rat).Mul(ra, ra)
		if s, serr := p.Mul(a, a); serr == nil {
			got, err = p.Sqrt(s)
			check("sqrt", got, err, new(big.Rat).Abs(ra))
			got, err = p.PowInt(a, 2)
			check("square", got, err, square)
		}
	}
}

// randomBall returns a ball and a number in it.
func randomBall(rng *rand.Rand) (*big.Rat, Ball) {
	x := big.NewRat(rng.Int63n(2000)-1000, rng.Int63n(1000)+1)
	mid := Prec(64).Rat(x)
	rad := newRad().SetMantExp(big.NewFloat(rng.Float64()), -rng.Intn(40))
	off := new(big.Rat).SetFloat64(rng.Float64()*2 - 1)
	r, _ := rad.Rat(nil)
	inside := new(big.Rat).Add(x, off.Mul(off, r))
	return inside, Ball{mid.mid, newRad().Add(rad, mid.rad)}
}

// The digits that are written down are those that the series give.
func TestStoredConstants(t *testing.T) {
	for _, bits := range []uint{1, 7, 64, 65, 128, 1000, storedBits - 3, storedBits, storedBits + 1, storedBits + 500} {
		for _, c := range []struct {
			name        string
			got, series *big.Float
		}{{"log 2", ln2(bits), computedLn2(bits + 40)}, {"pi", pi(bits), computedPi(bits + 40)}} {
			off := new(big.Float).SetPrec(bits+100).Sub(c.got, c.series)
			if off.Sign() != 0 && off.MantExp(nil) > -int(bits) {
				t.Errorf("%s to %d bits is off by %g", c.name, bits, off)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	wide := Ball{big.NewFloat(0), newRad().SetFloat64(1)}
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"division by zero", second(Prec(64).Quo(Int(1), Int(0))), ErrDomain},
		{"division by a ball around zero", second(Prec(64).Quo(Int(1), wide)), ErrWide},
		{"logarithm of zero", second(Prec(64).Log(Int(0))), ErrDomain},
		{"logarithm of a negative number", second(Prec(64).Log(Int(-1))), ErrDomain},
		{"root of a negative number", second(Prec(64).Sqrt(Int(-4))), ErrDomain},
		{"exponential beyond the range", second(Prec(64).Exp(Int(1 << 40))), ErrRange},
		{"exponential of a wide ball", second(Prec(64).Exp(wide)), ErrWide},
		{"sine of a huge argument", second(Prec(64).Sin(Prec(64).Rat(new(big.Rat).SetFloat64(1e30)))), ErrRange},
	} {
		if c.err != c.want {
			t.Errorf("%s: got %v, want %v", c.name, c.err, c.want)
		}
	}
}

func second(_ Ball, err error) error { return err }

func BenchmarkExp128(b *testing.B) {
	x := Prec(128).Rat(big.NewRat(12345678, 1000000))
	for b.Loop() {
		if _, err := Prec(128).Exp(x); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLog128(b *testing.B) {
	x := Prec(128).Rat(big.NewRat(12345678, 1000000))
	for b.Loop() {
		if _, err := Prec(128).Log(x); err != nil {
			b.Fatal(err)
		}
	}
}
