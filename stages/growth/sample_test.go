package growth

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestResolution(t *testing.T) {
	for _, tt := range []struct {
		name string
		y    []float64
		want float64
	}{
		{"hundredths", []float64{0.01, 0.03, 12.37, 0.04}, 0.01},
		{"fifths of a hundredth", []float64{0.002, 0.006, 0.014, 1.002}, 0.002},
		{"halves", []float64{0.5, 1.5, 7}, 0.5},
		{"whole numbers", []float64{3, 4, 11}, 1},
		{"hundreds", []float64{300, 1100, 700}, 100},
		{"no grid", []float64{math.Pi, math.E, math.Sqrt2}, 0},
		{"zeros", []float64{0, 0}, 0},
		{"a microsecond clock", []float64{0.000123, 1.234567, 0.5}, 1e-6},
	} {
		if got := resolution(tt.y); math.Abs(got-tt.want) > 1e-12*tt.want {
			t.Errorf("%s: resolution %g, want %g", tt.name, got, tt.want)
		}
	}
}

// The scatter is found whatever the trend: powers, exponentials, lines.
func TestNoiseIsBlindToTheTrend(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, tr := range truths {
		for _, noise := range []float64{0.05, 0.2} {
			var found []float64
			for range 20 {
				found = append(found, newSample(tr.draw(r, 100, noise)).noise)
			}
			slices.Sort(found)
			if m := median(found); m < 0.8*noise || m > 1.3*noise {
				t.Errorf("%s with noise %g: found %g in the median", tr.name, noise, m)
			}
		}
	}
}

// Averaging long series to groups does not change what is fitted.
func TestGroupsFitLikePoints(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, tr := range truths[2:] {
		s := tr.draw(r, 480, 0.05)
		p := newSample(s)
		if len(p.gx) != maxGroups {
			t.Fatalf("%d groups", len(p.gx))
		}
		v := p.view()
		for _, c := range []struct {
			curve curve
			r2    float64
		}{{v.line, v.r2Line}, {v.exp, v.r2Exp}, {v.power, v.r2Power}} {
			b := newBasis(c.curve.family.term(), p.scale(), p.x)
			ones := slices.Repeat([]float64{1}, len(p.x))
			full := b.fit(c.curve.family, p.scale(), p.x, p.y, ones, true)
			if got := p.r2(full); math.Abs(got-c.r2) > 0.003 {
				t.Errorf("%s, %s: R2 %.4f from groups, %.4f from points", tr.name, c.curve.family, c.r2, got)
			}
		}
	}
}

// Variable projection finds the parameters of curves without noise.
func TestFitRecoversParameters(t *testing.T) {
	var x []float64
	for i := range 60 {
		x = append(x, 1000*float64(i+1))
	}
	near := func(name string, got, want, tolerance float64) {
		t.Helper()
		if math.Abs(got-want) > tolerance*math.Max(math.Abs(want), 1e-12) {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
	series := func(f func(float64) float64) *sample {
		s := Series{X: x}
		for _, v := range x {
			s.Y = append(s.Y, f(v))
		}
		return newSample(s)
	}
	p := series(func(x float64) float64 { return 3 + 2e-7*math.Pow(x, 1.7) })
	f := p.compare(len(p.gx), true)[OffsetPower].natural(p.scale())
	near("p", f.P, 1.7, 0.005)
	near("b", f.B, 2e-7, 0.05)
	near("a", f.A, 3, 0.02)

	p = series(func(x float64) float64 { return 0.5 + 0.02*math.Exp(1.3e-4*x) })
	f = p.compare(len(p.gx), true)[OffsetExp].natural(p.scale())
	near("c", f.P, 1.3e-4, 0.005)
	near("b", f.B, 0.02, 0.03)
	near("a", f.A, 0.5, 0.02)

	p = series(func(x float64) float64 { return 0.01 * math.Exp(0.03*math.Pow(x, 0.5)) })
	f = p.compare(len(p.gx), true)[StretchedExp].natural(p.scale())
	near("q", f.P, 0.5, 0.02)

	p = series(func(x float64) float64 { return 1 + 1e-4*x*math.Log(x) })
	f = p.compare(len(p.gx), true)[LogLinearFamily].natural(p.scale())
	near("b", f.B, 1e-4, 1e-6)
	near("a", f.A, 1, 1e-6)
}

// A printed formula is the fitted curve.
func TestFormulaIsTheCurve(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, tr := range truths {
		p := newSample(tr.draw(r, 40, 0.05))
		for _, c := range p.compare(len(p.gx), true) {
			formula := parse(t, c.natural(p.scale()).Formula.String())
			for i, want := range p.along(c) {
				got := formula.Float(p.x[i])
				if math.Abs(got-want) > 2e-3*math.Max(math.Abs(want), p.ymax/100) {
					t.Errorf("%s, %s at %g: formula %s gives %g, the curve %g", tr.name, c.family, p.x[i], formula, got, want)
					break
				}
			}
		}
	}
}

func TestMiddleIsTheMedian(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 13))
	for n := range 40 {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(r.IntN(12)) // with ties
		}
		sorted := slices.Sorted(slices.Values(v))
		if got, want := middle(v), median(sorted); got != want {
			t.Errorf("middle of %v is %g, median %g", sorted, got, want)
		}
	}
}
