package growth

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func line10(f func(x float64) float64) Series {
	var s Series
	for i := 1; i <= 10; i++ {
		s.X = append(s.X, float64(100*i))
		s.Y = append(s.Y, f(float64(100*i)))
	}
	return s
}

func TestDegenerateSeriesAreUnknown(t *testing.T) {
	for name, tt := range map[string]struct {
		s     Series
		basis string
	}{
		"five points":   {Series{X: []float64{1, 2, 3, 4, 5}, Y: []float64{1, 4, 9, 16, 25}}, "fewer than 6"},
		"one size":      {Series{X: []float64{7, 7, 7, 7, 7, 7}, Y: []float64{1, 2, 3, 4, 5, 6}}, "one size"},
		"level":         {line10(func(float64) float64 { return 0.25 }), "equal"},
		"three steps":   {line10(func(x float64) float64 { return math.Round(x/400+1) / 100 }), "three steps"},
		"no points":     {Series{}, "fewer than 6"},
		"out of range":  {line10(func(x float64) float64 { return x * 1e70 }), "beyond"},
		"all zero":      {line10(func(float64) float64 { return 0 }), "equal"},
		"negative size": {Series{X: []float64{-6, -5, -4, -3, -2, -1}, Y: []float64{9, 1, 8, 2, 7, 3}}, ""},
	} {
		a := Analyze(tt.s, Options{})
		if a.Class != Unknown || !strings.Contains(a.Basis, tt.basis) {
			t.Errorf("%s: %s, %q", name, a.Class, a.Basis)
		}
		if len(tt.s.X) == 0 {
			continue
		}
		c := Conclude(tt.s, a, nil)
		if c.Bound.Text == "" {
			t.Errorf("%s: no bound", name)
		}
	}
}

// A series within three steps of its grid is bounded by its largest value.
func TestBoundBelowTheQuantum(t *testing.T) {
	s := line10(func(x float64) float64 { return math.Round(x/400+1) / 100 })
	c := Conclude(s, Analyze(s, Options{}), nil)
	if got := c.Bound.At(s.X[0]); math.Abs(got-0.04) > 1e-15 || c.Verification.Data.Least != nil {
		t.Errorf("bound %q, least %v", c.Bound.Text, c.Verification.Data.Least)
	}
	above(t, c.Bound.Text, s)
}

// Equal input gives equal output, and the bootstrap changes neither class nor
// confidence.
func TestAnalysisIsDeterministic(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, tr := range truths {
		s := tr.draw(r, 70, 0.3)
		a, b := Analyze(s, Options{}), Analyze(s, Options{})
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: two analyses of the same points differ", tr.name)
		}
		if c := Analyze(s, Options{Resamples: -1}); c.Class != a.Class || c.Confidence != a.Confidence {
			t.Errorf("%s: %s %g with the bootstrap, %s %g without", tr.name, a.Class, a.Confidence, c.Class, c.Confidence)
		}
	}
}

// The class does not depend on the units. A power of two changes no digit of a
// value; of sizes it changes x·log x, which is why lines are left out there.
func TestClassIsFreeOfUnits(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	scaled := func(s Series, kx, ky float64) Series {
		var out Series
		for i := range s.X {
			out.X, out.Y = append(out.X, kx*s.X[i]), append(out.Y, ky*s.Y[i])
		}
		return out
	}
	for _, tr := range truths {
		for range 10 {
			s := tr.draw(r, 50, 0.1)
			want := Analyze(s, Options{Resamples: -1})
			for _, k := range []float64{100, 0.01} {
				if got := Analyze(scaled(s, 1, k), Options{Resamples: -1}); got.Class != want.Class {
					t.Errorf("%s: %s, with values times %g %s", tr.name, want.Class, k, got.Class)
				}
			}
			if tr.class == Linear {
				continue
			}
			if got := Analyze(scaled(s, 1024, 1), Options{Resamples: -1}); got.Class != want.Class {
				t.Errorf("%s: %s, with sizes times 1024 %s", tr.name, want.Class, got.Class)
			}
		}
	}
}

func TestCensoredPointsAreLeftOut(t *testing.T) {
	s := Series{Limit: 100}
	for i := 1; i <= 30; i++ {
		x := float64(i)
		s.X, s.Y = append(s.X, 1000*x), append(s.Y, math.Min(0.2*x*x, 100))
	}
	a := Analyze(s, Options{})
	if len(a.Censored) != 8 || a.Class != Polynomial || a.Truncated != "right-truncated by the limit" {
		t.Errorf("%d points censored, %s, %q", len(a.Censored), a.Class, a.Truncated)
	}
	if p := a.Exponent; math.Abs(p.Value-2) > 0.02 {
		t.Errorf("exponent %v", p)
	}
	s.Limit = 0
	if b := Analyze(s, Options{}); b.Class == Polynomial && b.Clear {
		t.Errorf("with the plateau in, still clearly polynomial: %s", b.Reasoning)
	}
}

func TestReasoningNamesItsNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	for _, tr := range truths {
		for _, noise := range []float64{0.02, 0.4} {
			a := Analyze(tr.draw(r, 60, noise), Options{})
			for _, want := range []string{"60 points", "straight line leaves", "resamples", "Fitted to the smallest"} {
				if !strings.Contains(a.Reasoning, want) {
					t.Errorf("%s: no %q in %q", tr.name, want, a.Reasoning)
				}
			}
			sum := 0.0
			for _, p := range a.Odds {
				sum += p
			}
			if math.Abs(sum-1) > 1e-9 || math.Abs(a.Odds[a.Class]-a.Confidence) > 1e-9 {
				t.Errorf("%s: odds %v, confidence %g", tr.name, a.Odds, a.Confidence)
			}
		}
	}
}

// Intervals of the exponent cover the truth about as often as they say.
func TestExponentIntervalCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	covered, n := 0, 0
	for range 60 {
		p := uniform(r, 1.4, 3)
		tr := truth{"", Polynomial, func(*rand.Rand) func(float64) float64 {
			return func(u float64) float64 { return math.Pow(u, p) }
		}}
		a := Analyze(tr.draw(r, 80, 0.08), Options{})
		n++
		if a.Exponent.Low <= p && p <= a.Exponent.High {
			covered++
		}
	}
	if covered < n*75/100 {
		t.Errorf("95 %% intervals cover %d of %d", covered, n)
	}
	t.Logf("95 %% intervals cover %d of %d", covered, n)
}
