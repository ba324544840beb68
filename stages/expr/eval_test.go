package expr

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand"
	"os"
	"testing"

	"github.com/concluder/concluder/stages/expr/ball"
)

func parse(t testing.TB, src string) Expr {
	t.Helper()
	r, err := Parse(src, Sympy)
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	return r.Expr
}

// The values come from mpmath at 200 digits, written by testdata/values.py.
func TestValuesAgreeWithMpmath(t *testing.T) {
	text, err := os.ReadFile("testdata/values.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Expr, Value string
		X           float64
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		e := parse(t, row.Expr)
		want, _, err := big.ParseFloat(row.Value, 10, 250, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []Expr{e, Simplify(e)} {
			got, err := form.EvalBig(row.X, 150)
			if err != nil {
				t.Errorf("%s at %g: %v", form, row.X, err)
				continue
			}
			if off := relative(got, want); off > 0x1p-149 {
				t.Errorf("%s at %g: got %.40g, want %s", form, row.X, got, row.Value)
			}
		}
		wide := e.Interval(row.X, row.X)
		lo, hi := new(big.Float).SetFloat64(wide.Lo), new(big.Float).SetFloat64(wide.Hi)
		if lo.Cmp(want) > 0 || hi.Cmp(want) < 0 {
			t.Errorf("%s at %g: %v lies outside %v", e, row.X, row.Value, wide)
		}
		if wide.Hi-wide.Lo > 1e-10*math.Abs(wide.Lo) {
			continue // float64 has lost the digits
		}
		v := e.Eval(row.X)
		if v.Sign() != want.Sign() || v.Fault() != FaultNone {
			t.Errorf("%s at %g: got %v, want the sign of %s", e, row.X, v, row.Value)
		}
		if l := logOf(want); math.Abs(v.Log()-l) > 1e-9*math.Max(1, math.Abs(l)) {
			t.Errorf("%s at %g: the logarithm is %v, want %v", e, row.X, v.Log(), l)
		}
	}
}

func relative(got, want *big.Float) float64 {
	if want.Sign() == 0 {
		f, _ := got.Float64()
		return math.Abs(f)
	}
	d := new(big.Float).SetPrec(300).Sub(got, want)
	f, _ := d.Quo(d, want).Float64()
	return math.Abs(f)
}

func logOf(x *big.Float) float64 {
	m := new(big.Float)
	e := x.MantExp(m)
	f, _ := m.Float64()
	return math.Log(math.Abs(f)) + float64(e)*math.Ln2
}

// Bulk evaluation is the same arithmetic as evaluation one by one, to the bit.
func TestEvalAllEqualsFloat(t *testing.T) {
	rng := rand.New(rand.NewSource(3))
	xs := make([]float64, 300)
	for i := range xs {
		xs[i] = math.Exp(rng.Float64()*16 - 2)
	}
	got := make([]float64, len(xs))
	for range 2000 {
		e := randomExpr(rng, 6, true)
		e.EvalAll(got, xs)
		for i, x := range xs {
			if want := e.Float(x); got[i] != want && (got[i] == got[i] || want == want) {
				t.Fatalf("%s at %g: got %g in bulk, %g alone", e, x, got[i], want)
			}
		}
	}
}

// What an interval promises is held against values proven by EvalBig, at
// points of the range.
func TestIntervalsContainValues(t *testing.T) {
	rng := rand.New(rand.NewSource(5))
	checked := 0
	for range 3000 {
		e := randomExpr(rng, 5, true)
		lo := math.Exp(rng.Float64()*14 - 4)
		hi := lo * (1 + math.Exp(rng.Float64()*12-10))
		whole := e.Interval(lo, hi)
		for _, x := range []float64{lo, hi, lo + (hi-lo)*rng.Float64()} {
			want, err := e.EvalBig(x, 60)
			if err != nil {
				if errors.Is(err, ball.ErrDomain) && !whole.Partial && !whole.Empty() && !usesGamma(e) {
					t.Fatalf("%s is undefined at %g, but %v does not say so", e, x, whole)
				}
				continue
			}
			checked++
			if l, h := new(big.Float).SetFloat64(whole.Lo), new(big.Float).SetFloat64(whole.Hi); l.Cmp(want) > 0 || h.Cmp(want) < 0 {
				t.Fatalf("%s at %g is %g, outside %v on [%g, %g]", e, x, want, whole, lo, hi)
			}
		}
	}
	if checked < 2500 {
		t.Errorf("only %d values were checked", checked)
	}
}

// usesGamma reports whether Γ occurs, of which EvalBig knows the positive
// numbers only.
func usesGamma(e Expr) bool {
	if e.Op() == OpGamma || e.Op() == OpFactorial {
		return true
	}
	for _, a := range e.Args() {
		if usesGamma(a) {
			return true
		}
	}
	return false
}

// Values are held against EvalBig wherever rounding leaves enough digits.
func TestValuesAgreeWithProvenOnes(t *testing.T) {
	rng := rand.New(rand.NewSource(6))
	checked, beyond := 0, 0
	for range 3000 {
		e := randomExpr(rng, 5, false)
		x := math.Exp(rng.Float64()*12 - 2)
		v := e.Eval(x)
		near := e.Interval(x, x)
		want, err := e.EvalBig(x, 60)
		if errors.Is(err, ball.ErrDomain) && v.Fault() == FaultNone && near.Empty() {
			t.Fatalf("%s at %g: got %v outside the domain", e, x, v)
		}
		if err != nil || near.Partial || v.Fault() == FaultLost {
			continue
		}
		precise := near.Hi-near.Lo < 1e-9*math.Min(math.Abs(near.Lo), math.Abs(near.Hi))
		huge := math.Abs(near.Lo) > 1e300 || math.Abs(near.Hi) < 1e-300
		if !precise && !huge || huge && want.Sign() != 0 && !settled(e, x) {
			continue
		}
		if v.Fault() != FaultNone || v.Sign() != want.Sign() {
			t.Fatalf("%s at %g: got %v, want %g", e, x, v, want)
		}
		checked++
		if want.Sign() == 0 {
			continue
		}
		l := logOf(want)
		if math.Abs(l) > 700 {
			beyond++
		}
		if math.Abs(v.Log()-l) > 1e-6*math.Max(1, math.Abs(l)) {
			t.Fatalf("%s at %g: the logarithm is %v, want %v", e, x, v.Log(), l)
		}
	}
	if checked < 700 || beyond < 15 {
		t.Errorf("only %d values were checked, %d of them beyond the range of float64", checked, beyond)
	}
}

// settled reports whether every part of e keeps most digits at x.
func settled(e Expr, x float64) bool {
	for _, a := range e.Args() {
		i := a.Interval(x, x)
		if !(i.Hi-i.Lo <= 1e-12*math.Min(math.Abs(i.Lo), math.Abs(i.Hi))) && !(math.Abs(i.Lo) > 1e300 || math.Abs(i.Hi) < 1e-300) || !settled(a, x) {
			return false
		}
	}
	return true
}

func TestValuesBeyondFloat(t *testing.T) {
	for _, c := range []struct {
		src   string
		x     float64
		want  string
		float float64
	}{
		{"exp(x0)", 1000, "exp(1000)", math.Inf(1)},
		{"exp(exp(x0))", 1000, "exp(exp(1000))", math.Inf(1)},
		{"-exp(exp(exp(x0)))", 10, "-exp(exp(22026.465794806718))", math.Inf(-1)},
		{"exp(-exp(x0))", 1000, "exp(-exp(1000))", 0},
		{"log(exp(exp(x0)))", 10, "22026.465794806718", 22026.465794806718},
		{"exp(x0)/exp(x0)", 1000, "1", 1},
		{"exp(x0)*exp(-x0)", 1e6, "1", 1},
		{"exp(x0)/exp(x0 - 1)", 800, "2.718281828459045", math.E},
		{"sqrt(exp(x0))", 2000, "exp(1000)", math.Inf(1)},
		{"exp(x0)**0.001", 1000, "2.718281828459045", math.E},
		{"Max(exp(x0), exp(2*x0))", 1000, "exp(2000)", math.Inf(1)},
		{"exp(x0) + 1", 1000, "exp(1000)", math.Inf(1)},
		{"exp(2*x0) - exp(x0)", 1000, "exp(2000)", math.Inf(1)},
		{"exp(exp(x0)) - exp(exp(x0))", 1000, "lost to cancellation", math.NaN()},
		{"5.6e-10097*x0", 10, "exp(-23245.17", 0},
		{"5.6e-10097*10**10097*x0", 1, "5.59999999999", 5.6},
		{"log(x0 - 5)", 4, "outside the domain", math.NaN()},
		{"log(x0 - 5)", 5, "division by zero", math.NaN()},
		{"1/(x0 - 5)", 5, "division by zero", math.NaN()},
		{"(x0 - 5)**0.5", 4, "outside the domain", math.NaN()},
		{"(x0 - 5)**3", 4, "-1", -1},
		{"sqrt(x0 - 5)", 4, "outside the domain", math.NaN()},
		{"(-x0)**(2*x0)", 500, "exp(6214.6", math.Inf(1)},
		{"(-x0)**(2*x0 + 1)", 500, "-exp(6220.8", math.Inf(-1)},
		{"factorial(x0)", 1000, "exp(5912.1", math.Inf(1)},
		{"factorial(exp(x0))", 1000, "exp(exp(1006.9", math.Inf(1)},
		{"tanh(exp(x0))", 1000, "1", 1},
		{"cosh(x0)", 1000, "exp(999.30", math.Inf(1)},
		{"sin(exp(x0))", 1000, "lost to cancellation", math.NaN()},
		{"sin(exp(-x0))", 1000, "exp(-1000)", 0},
		{"floor(exp(-x0)) + ceiling(exp(-x0))", 1000, "1", 1},
	} {
		v := parse(t, c.src).Eval(c.x)
		if got := v.String(); len(got) < len(c.want) || got[:len(c.want)] != c.want {
			t.Errorf("%s at %g: got %s, want %s", c.src, c.x, got, c.want)
		}
		if f := v.Float(); math.Abs(f-c.float) > 1e-9 && f == f || (f == f) != (c.float == c.float) {
			t.Errorf("%s at %g: as float64 %g, want %g", c.src, c.x, f, c.float)
		}
	}
}

func TestValuesCompare(t *testing.T) {
	// in increasing order
	order := []string{"-exp(exp(x0))", "-exp(x0)", "-1", "-exp(-x0)", "-exp(-exp(x0))", "0*x0", "exp(-exp(x0))", "exp(-x0)", "1", "exp(x0)", "exp(x0 + 1)", "exp(exp(x0))", "exp(exp(exp(x0)))"}
	for i, a := range order {
		for j, b := range order {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := parse(t, a).Eval(1000).Compare(parse(t, b).Eval(1000)); got != want {
				t.Errorf("%s beside %s: got %d, want %d", a, b, got, want)
			}
		}
	}
}

// float32 shows what a regression in float32 has seen: the difference is lost
// or far off.
func TestFloat32KeepsItsArtefacts(t *testing.T) {
	for _, c := range []struct {
		src  string
		x    float64
		want float32
	}{
		{"x0*0.9999994 - x0", 1e6, -0.625}, // exactly -0.6
		{"x0 + 0.1 - x0", 1e8, 0},
		{"0.1 + x0 - x0", 1e8, 0},
		{"x0 - x0 + 0.1", 1e8, 0.1},
		{"exp(x0)", 100, float32(math.Inf(1))},
		{"1/3*x0", 1, 0.33333334},
	} {
		if got := parse(t, c.src).EvalFloat32(c.x); got != c.want {
			t.Errorf("%s at %g: got %v, want %v", c.src, c.x, got, c.want)
		}
	}
}

// A literal near 1 is taken exactly: float64 would be off by 1e-9.
func TestPowersOfLiteralsAreExact(t *testing.T) {
	e := parse(t, "1.0000017**x0")
	for _, x := range []float64{1e3, 1e6, 1e7, 4e8, -1e8, 0, 1} {
		want, err := e.EvalBig(x, 80)
		if err != nil {
			t.Fatal(err)
		}
		if off := relative(new(big.Float).SetFloat64(e.Float(x)), want); off > 4e-16 {
			t.Errorf("at %g: off by %g", x, off)
		}
	}
}

func TestEvalBigErrors(t *testing.T) {
	for _, c := range []struct {
		src  string
		x    float64
		want error
	}{
		{"log(x0 - 5)", 4, ball.ErrDomain},
		{"1/(x0 - 5)", 5, ball.ErrDomain},
		{"(x0 - 5)**0.5", 4, ball.ErrDomain},
		{"exp(exp(x0))", 100, ball.ErrRange},
		{"10**10**10*x0", 1, ball.ErrRange},
		{"exp(log(x0)) - x0", 5, ball.ErrWide}, // zero, and no precision can tell
	} {
		if _, err := parse(t, c.src).EvalBig(c.x, 64); !errors.Is(err, c.want) {
			t.Errorf("%s at %g: got %v, want %v", c.src, c.x, err, c.want)
		}
	}
	if v, err := parse(t, "x0*3 - x0 - 2*x0").EvalBig(1e9, 64); err != nil || v.Sign() != 0 {
		t.Errorf("an exact zero: got %v, %v", v, err)
	}
}
