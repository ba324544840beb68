package growth

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/expr"
)

// read parses a formula that a test is written with.
func read(t testing.TB, src string) expr.Expr {
	t.Helper()
	r, err := expr.Parse(src, expr.Sympy)
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	return r.Expr
}

// A pair is two expressions and the limit of their ratio by sympy, confirmed
// by mpmath; testdata/orders.py writes them.
type pair struct {
	Family, F, G, Order, Ratio string
}

func oracle(t testing.TB) []pair {
	t.Helper()
	text, err := os.ReadFile("testdata/orders.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Pairs []pair }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Pairs) < 800 {
		t.Fatalf("only %d pairs", len(file.Pairs))
	}
	return file.Pairs
}

// No pair of the oracle may come out wrong, and hardly any unresolved.
func TestCompareAgreesWithTheOracle(t *testing.T) {
	pairs := oracle(t)
	unresolved := map[string]int{}
	total := 0
	for _, p := range pairs {
		c := Compare(read(t, p.F), read(t, p.G))
		if c.Order == Unresolved {
			t.Logf("unresolved: %s beside %s: %s", p.F, p.G, c.Reason)
			unresolved[p.Family]++
			total++
			continue
		}
		want, err := strconv.ParseFloat(p.Ratio, 64)
		if err != nil {
			t.Fatal(err)
		}
		if c.Order.String() != p.Order || !sameRatio(c.Ratio, want) {
			t.Errorf("%s beside %s: got %v, ratio %v; the oracle says %s, ratio %s", p.F, p.G, c.Order, c.Ratio, p.Order, p.Ratio)
		}
	}
	t.Logf("%d pairs, %d unresolved: %v", len(pairs), total, unresolved)
	if total*50 > len(pairs) {
		t.Errorf("%d of %d pairs are unresolved, more than 2 %%", total, len(pairs))
	}
}

func sameRatio(got, want float64) bool {
	return got == want || math.Abs(got-want) <= 1e-12*math.Abs(want)
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		f, g  string
		want  Order
		ratio float64 // 1 where it does not matter
	}{
		{"x0", "x0**2", Smaller, 0},
		{"3*x0", "x0", Same, 3},
		{"-x0**2", "x0", Larger, math.Inf(-1)},
		{"x0 - x0*0.9999994", "x0", Same, 6e-7},
		{"x0 - x0*0.9999994", "1", Larger, math.Inf(1)},
		{"x0 - x0", "exp(-exp(x0))", Smaller, 0},
		{"-x0 + x0 + x0**0.5", "x0**0.5", Same, 1},
		{"x0*log(x0)", "x0**1.0001", Smaller, 0},
		{"log(x0)**50", "x0**0.001", Smaller, 0},
		{"exp(log(x0)**2)", "x0**500", Larger, math.Inf(1)},
		{"exp(sqrt(log(x0)))", "log(x0)**50", Larger, math.Inf(1)},
		{"exp(sqrt(log(x0)))", "x0**0.001", Smaller, 0},
		{"0.9**x0", "x0**(-100)", Smaller, 0},
		{"1.0000011**x0", "exp(0.0000011*x0)", Smaller, 0},
		{"2**x0", "3**x0", Smaller, 0},
		{"4**x0", "2**(2*x0)", Same, 1},
		{"exp(x0 + log(x0))", "x0*exp(x0)", Same, 1},
		{"exp(x0**0.2 + 3)", "exp(x0**0.2)", Same, math.Exp(3)},
		{"(1 + 1/x0)**(x0**2)", "exp(x0)", Same, math.Exp(-0.5)},
		{"factorial(x0)", "x0**x0*exp(-x0)*sqrt(x0)", Same, math.Sqrt(2 * math.Pi)},
		{"gamma(x0)", "factorial(x0)", Smaller, 0},
		{"x0**(x0**0.05)", "exp(x0**0.05)", Larger, math.Inf(1)},
		{"exp(exp(x0))", "exp(exp(x0 + 1/x0))", Smaller, 0},
		{"exp(exp(x0 + exp(-x0)))", "exp(exp(x0))", Same, math.E},
		{"exp(exp(x0 + 1/x0) + x0)", "exp(exp(x0 + 1/x0))", Larger, math.Inf(1)},
		{"exp(-exp(-x0)) - 1", "exp(-x0)", Same, -1},
		{"exp(x0)/(1 - 1/x0) - exp(x0)", "exp(x0)/x0", Same, 1},
		{"sqrt(x0 + 1) - sqrt(x0)", "1/sqrt(x0)", Same, 0.5},
		{"log(log(log(x0)))**9", "log(log(x0))", Smaller, 0},
		{"Max(x0, x0**2) + Min(x0, 5)", "x0**2", Same, 1},
		{"Abs(x0 - x0**2)", "x0**2", Same, 1},
		{"floor(3.5 + 1/x0)", "1", Same, 3},
		{"ceiling(3 + 1/x0) + floor(3 - 1/x0)", "1", Same, 6},
		{"floor(x0)", "x0", Same, 1},
		{"x0 + 100*sin(x0)", "x0", Same, 1},
		{"x0*sin(x0)", "x0**2", Smaller, 0},
		{"x0**2", "x0*sin(x0)", Larger, math.Inf(1)},
		{"cosh(x0)", "sinh(x0)", Same, 1},
		{"tanh(x0) - 1", "exp(-2*x0)", Same, -2},
		{"atan(x0) - pi/2", "1/x0", Same, -1},
		{"asin(1/x0)", "1/x0", Same, 1},
		{"erf(1/x0)", "1/x0", Same, 2 / math.Sqrt(math.Pi)},
		{"5.6e-10097*x0", "x0", Same, 0}, // the ratio is beyond float64, the order is not
		{"exp(exp(30))*x0", "x0", Same, math.Inf(1)},
		{"10**10**10*x0", "x0**2", Smaller, 0},
		{"sqrt(2)*sqrt(3)*x0 - sqrt(6)*x0 + 1", "1", Same, 1},
		{"log(6)*x0 - log(2)*x0 - log(3)*x0 + 5", "1", Same, 5},
		// what cannot be decided is said to be so
		{"x0*sin(x0)", "x0", Unresolved, 1},
		{"sin(x0)**2 + cos(x0)**2", "1", Unresolved, 1},
		{"exp(floor(x0))", "exp(x0)", Unresolved, 1},
		{"log(-x0)", "x0", Unresolved, 1},
		{"(-2)**x0", "x0", Unresolved, 1},
		{"1/(x0 - x0)", "x0", Unresolved, 1},
		{"x0", "x0 - x0", Unresolved, 1},
	} {
		got := Compare(read(t, c.f), read(t, c.g))
		if got.Order != c.want || c.want != Unresolved && !sameRatio(got.Ratio, c.ratio) {
			t.Errorf("%s beside %s: got %v, ratio %v (%s); want %v, ratio %v", c.f, c.g, got.Order, got.Ratio, got.Reason, c.want, c.ratio)
		}
		if (got.Order == Unresolved) != (got.Reason != "") || (got.Order == Unresolved) != math.IsNaN(got.Ratio) {
			t.Errorf("%s beside %s: %v, ratio %v with reason %q", c.f, c.g, got.Order, got.Ratio, got.Reason)
		}
	}
}

// What was taken to be true is said.
func TestCompareListsAssumptions(t *testing.T) {
	c := Compare(read(t, "sqrt(2)*sqrt(3)*x0 - sqrt(6)*x0 + 1"), read(t, "1"))
	if len(c.Assumptions) != 1 {
		t.Errorf("got %q, want that two constants are equal", c.Assumptions)
	}
	if c := Compare(read(t, "x0"), read(t, "x0**2")); len(c.Assumptions) > 0 {
		t.Errorf("got %q for powers", c.Assumptions)
	}
}

func BenchmarkCompare(b *testing.B) {
	pairs := oracle(b)
	type parsed struct{ f, g expr.Expr }
	all := make([]parsed, len(pairs))
	for i, p := range pairs {
		all[i] = parsed{read(b, p.F), read(b, p.G)}
	}
	times := make([]float64, 0, len(all))
	for b.Loop() {
		times = times[:0]
		for _, p := range all {
			start := time.Now()
			Compare(p.f, p.g)
			times = append(times, time.Since(start).Seconds())
		}
	}
	b.ReportMetric(1e6*quantileOf(times, 0.5), "µs/median")
	b.ReportMetric(1e6*quantileOf(times, 0.99), "µs/p99")
	b.ReportMetric(1e6*quantileOf(times, 1), "µs/max")
}

func quantileOf(v []float64, q float64) float64 {
	s := append([]float64(nil), v...)
	for i := 1; i < len(s); i++ {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return s[int(q*float64(len(s)-1))]
}
