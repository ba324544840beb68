package growth

import (
	"math"
	"math/big"
	"math/rand"
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

// randomFormula returns an expression such as regression finds, of sums,
// products, powers, exponentials and logarithms.
func randomFormula(rng *rand.Rand, depth int) expr.Expr {
	number := func(scale float64) expr.Expr { return expr.Num(math.Round(rng.NormFloat64()*100*scale) / 100) }
	if depth <= 1 || rng.Intn(7) == 0 {
		switch rng.Intn(6) {
		case 0:
			return number(3)
		case 1:
			return expr.Log(expr.Var())
		}
		return expr.Var()
	}
	arg := func() expr.Expr { return randomFormula(rng, depth-1) }
	switch rng.Intn(10) {
	case 0, 1:
		return expr.Add(arg(), arg())
	case 2:
		return expr.Sub(arg(), arg())
	case 3, 4:
		return expr.Mul(arg(), arg())
	case 5:
		return expr.Div(arg(), arg())
	case 6, 7:
		return expr.Pow(arg(), number(1))
	case 8:
		return expr.Exp(expr.Mul(number(0.5), arg()))
	}
	return expr.Pow(expr.Add(expr.Num(1), expr.Call(expr.OpAbs, number(1))), arg())
}

func TestComparePropertiesOnRandomFormulas(t *testing.T) {
	rng := rand.New(rand.NewSource(21))
	resolved, total := 0, 0
	for range 1500 {
		f, g, h := randomFormula(rng, 4), randomFormula(rng, 4), randomFormula(rng, 4)
		fg, gf := Compare(f, g), Compare(g, f)
		total++
		// Zero is smaller than what is not zero, and nothing is compared with it.
		if fg.Order == Unresolved || gf.Order == Unresolved {
			continue
		}
		resolved++
		if (fg.Order == Smaller) != (gf.Order == Larger) || (fg.Order == Same) != (gf.Order == Same) {
			t.Fatalf("%s beside %s is %v, the other way round %v", f, g, fg.Order, gf.Order)
		}
		if fg.Order == Same && math.Abs(fg.Ratio*gf.Ratio-1) > 1e-12 && !math.IsInf(fg.Ratio, 0) && fg.Ratio != 0 {
			t.Fatalf("%s beside %s: ratios %v and %v", f, g, fg.Ratio, gf.Ratio)
		}
		gh, fh := Compare(g, h), Compare(f, h)
		if gh.Order == fg.Order && fh.Order != Unresolved && fh.Order != fg.Order {
			t.Fatalf("%s is %v beside %s, that is %v beside %s, but the first %v beside the last", f, fg.Order, g, gh.Order, h, fh.Order)
		}
		if c := Compare(f, f); c.Order != Same || c.Ratio != 1 {
			t.Fatalf("%s beside itself: %v, ratio %v", f, c.Order, c.Ratio)
		}
	}
	if resolved*2 < total {
		t.Errorf("only %d of %d pairs are resolved", resolved, total)
	}
}

// Far out the ratio, computed exactly, moves the way the order says.
func TestCompareAgreesWithValuesFarOut(t *testing.T) {
	rng := rand.New(rand.NewSource(22))
	checked := 0
	for range 1500 {
		f, g := randomFormula(rng, 3), randomFormula(rng, 3)
		c := Compare(f, g)
		if c.Order == Unresolved {
			continue
		}
		logs := logRatios(f, g, 3)
		if len(logs) < 3 {
			continue
		}
		checked++
		near, far := logs[1], logs[0]
		steady := math.Abs(far-near) < 1e-3*math.Abs(near-logs[2])+1e-6
		ok := false
		switch c.Order {
		case Smaller:
			ok = far < near
		case Larger:
			ok = far > near
		case Same:
			ok = math.Abs(far-math.Log(math.Abs(c.Ratio))) < 0.5 || steady || math.IsInf(c.Ratio, 0) || c.Ratio == 0
		}
		if !ok {
			t.Errorf("%s beside %s is %v, ratio %v, but the logarithm of the ratio goes %v", f, g, c.Order, c.Ratio, logs)
		}
	}
	if checked < 500 {
		t.Errorf("only %d pairs were checked", checked)
	}
}

// logRatios returns log|f/g| at the n largest places where both are known,
// farthest first.
func logRatios(f, g expr.Expr, n int) []float64 {
	var out []float64
	for _, x := range []float64{1e300, 1e240, 1e180, 1e120, 1e60, 1e30, 1e15, 1e8, 1e6, 1e5, 1e4, 3000, 1000, 300, 100, 30} {
		a, err := f.EvalBig(x, 60)
		if err != nil || a.Sign() == 0 {
			continue
		}
		b, err := g.EvalBig(x, 60)
		if err != nil || b.Sign() == 0 {
			continue
		}
		if out = append(out, logOfBig(a)-logOfBig(b)); len(out) == n {
			break
		}
	}
	return out
}

func logOfBig(x *big.Float) float64 { return logSize(x) }
