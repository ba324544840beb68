package growth

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Where nothing grows the bound is the largest value; where something grows too
// slowly for a class, its shape is that of the growth.
func TestBoundsOfUnknown(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, tt := range []struct {
		name  string
		f     func(x float64) float64
		shape string // "" for the largest value
	}{
		{"falling", func(x float64) float64 { return 100 / x }, ""},
		{"constant and noise", func(float64) float64 { return 10 * math.Exp(0.1*r.NormFloat64()) }, ""},
		{"uniform", func(float64) float64 { return r.Float64() }, ""},
		{"logarithm", func(x float64) float64 { return 3 * math.Log(x) }, "log(x0)"},
		{"logarithm and offset", func(x float64) float64 { return 2 + math.Log(x) }, "log(x0)"},
		{"square root", math.Sqrt, "x0^0.5"},
	} {
		for _, n := range []int{12, 50, 300} {
			s := along(n, tt.f)
			for _, resamples := range []int{0, -1} {
				a := Analyze(s, Options{Resamples: resamples})
				if a.Class != Unknown {
					t.Errorf("%s, %d points: %s", tt.name, n, a.Class)
					continue
				}
				c := Conclude(s, a, nil)
				above(t, c.Bound.Text, s)
				switch {
				case tt.shape != "" && (c.Shape.IsZero() || caret(c.Shape) != tt.shape):
					t.Errorf("%s, %d points: the shape is %s, the bound %s", tt.name, n, c.Shape, c.Bound.Text)
				case tt.shape == "" && (!c.Shape.IsZero() || c.Bound.At(s.X[0]) > slices.Max(s.Y)*(1+1e-15)):
					t.Errorf("%s, %d points: the bound is %s", tt.name, n, c.Bound.Text)
				}
			}
		}
	}
}

// The winner of an unknown series is the family that follows its points best,
// a constant where nothing else does.
func TestWinnerOfUnknown(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, tt := range []struct {
		name    string
		f       func(x float64) float64
		formula string // its end
	}{
		{"square root", math.Sqrt, "x0**0.5"},
		{"square root, rounded", func(x float64) float64 { return math.Round(math.Sqrt(x)*1000) / 1000 }, "x0**0.5"},
		{"constant and noise", func(float64) float64 { return 10 * math.Exp(0.1*r.NormFloat64()) }, ""},
	} {
		for _, n := range []int{20, 50, 300} {
			for _, resamples := range []int{0, -1} {
				a := Analyze(along(n, tt.f), Options{Resamples: resamples})
				if w := a.Winner; w == nil || w.Formula.HasVar() != (tt.formula != "") || !strings.HasSuffix(w.Formula.String(), tt.formula) {
					t.Errorf("%s, %d points: the winner is %+v", tt.name, n, w)
				}
			}
		}
	}
}
