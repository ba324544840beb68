package growth

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

func parse(t testing.TB, s string) expr.Expr {
	t.Helper()
	r, err := expr.Parse(s, expr.Sympy)
	if err != nil {
		t.Fatalf("parse %q: %v", s, err)
	}
	return r.Expr
}

// above checks a printed bound on every point in numbers of 200 bits, from its
// text alone.
func above(t testing.TB, bound string, s Series) bool {
	t.Helper()
	e := parse(t, bound)
	for i, x := range s.X {
		u, err := e.EvalBig(x, 200)
		if err != nil {
			t.Errorf("%s at %g: %v", bound, x, err)
			return false
		}
		if u.Cmp(new(big.Float).SetFloat64(s.Y[i])) < 0 {
			t.Errorf("%.60s at %g is %s, under %g", bound, x, u.Text('g', 20), s.Y[i])
			return false
		}
	}
	return true
}

var shapes = []string{"x0", "x0**2", "x0**1.37", "x0*log(x0)", "exp(1e-5*x0)", "exp(0.01*x0)", "exp(x0**0.31)", "1.0000017**x0", "2**x0", "sqrt(x0)", "log(x0)"}

// Property: an envelope holds on every point, and no line over fewer than all
// hull points does better than it by more than its rounding.
func TestEnvelopeHoldsAndIsLeast(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, tr := range truths {
		for range 12 {
			s := tr.draw(r, 6+r.IntN(60), 0.3)
			for _, shape := range shapes {
				b, err := Envelope(parse(t, shape), s)
				var refused *ShapeError
				if errors.As(err, &refused) && strings.Contains(err.Error(), "no printed coefficient") {
					continue
				} else if err != nil {
					t.Fatal(err)
				}
				if !above(t, b.Text, s) || b.Flat {
					continue
				}
				if got, want := b.sum(s), leastSum(b.values.h, s.Y); got > want*1.01+1e-9 || got < want*(1-1e-9) {
					t.Errorf("%s on %s: sum over the points %g, least %g", shape, tr.name, got, want)
				}
				under := 0
				rob := parse(t, b.Robust95)
				for i, x := range s.X {
					u, err := rob.EvalBig(x, 100)
					if err != nil {
						t.Fatal(err)
					}
					if u.Cmp(new(big.Float).SetFloat64(s.Y[i])) < 0 {
						under++
					}
				}
				if under > len(s.X)/20 {
					t.Errorf("%s: %d of %d points over the 95 %% form %s", shape, under, len(s.X), b.Robust95)
				}
			}
		}
	}
}

// sum of the bound over the points.
func (b *Bound) sum(s Series) float64 {
	total := 0.0
	for i := range s.X {
		total += math.Exp(b.a.log()+b.values.log)*b.values.h[i] + b.b.float()
	}
	return total
}

// leastSum tries the lines through every pair of points, and through each
// point with b = 0: the optimum of a linear programme in two unknowns is one
// of them.
func leastSum(h, y []float64) float64 {
	best := math.Inf(1)
	try := func(a, b float64) {
		if a <= 0 || b < -1e-12 {
			return
		}
		sum := 0.0
		for i := range h {
			u := a*h[i] + b
			if u < y[i]-1e-9*math.Max(1, y[i]) {
				return
			}
			sum += u
		}
		best = math.Min(best, sum)
	}
	for i := range h {
		try(y[i]/h[i], 0)
		for j := range h {
			if h[j] > h[i] {
				a := (y[j] - y[i]) / (h[j] - h[i])
				try(a, y[i]-a*h[i])
			}
		}
	}
	return best
}

func TestEnvelopeRefuses(t *testing.T) {
	s := Series{X: []float64{1, 2, 3, 4, 5, 6}, Y: []float64{1, 2, 3, 4, 5, 6}}
	for shape, want := range map[string]string{
		"3":           "does not depend",
		"-x0":         "negative",
		"1/x0":        "falls",
		"0.9**x0":     "falls",
		"log(3 - x0)": "not defined",
		"x0 - x0":     "does not grow",
	} {
		_, err := Envelope(parse(t, shape), s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", shape, err, want)
		}
	}
}

func TestEnvelopePrintsPlainly(t *testing.T) {
	s := Series{X: []float64{10, 20, 30, 40, 50, 60}, Y: []float64{1, 4, 9, 16, 25, 36}}
	b, err := Envelope(parse(t, "x0**2"), s)
	if err != nil {
		t.Fatal(err)
	}
	if b.Text != "0.01001*x0^2" {
		t.Errorf("bound %q", b.Text)
	}
	s.Y = []float64{5, 9, 5.2, 5.3, 5.4, 5.5}
	b, err = Envelope(parse(t, "x0"), s)
	if err != nil {
		t.Fatal(err)
	}
	if !b.Flat {
		t.Errorf("a series with its peak in the middle gives %q, not flat", b.Text)
	}
	above(t, b.Text, s)
}
