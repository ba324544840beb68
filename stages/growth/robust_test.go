package growth

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The robust form holds on 95 % of the points, and nowhere lies above the bound
// nor outgrows it.
func TestRobustFormLiesBelow(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 5))
	for _, tr := range truths {
		for k := range 25 {
			s := tr.draw(r, 20+r.IntN(100), 0.4)
			if k%5 == 4 { // points far off, early or late
				i := r.IntN(len(s.Y))
				s.Y[i] *= 50
			}
			for _, shape := range shapes {
				g := parse(t, shape)
				if g.Float(s.X[len(s.X)-1]) > 1e250 { // its coefficient is no float64
					continue
				}
				b, err := Envelope(g, s)
				if err != nil {
					t.Fatal(err)
				}
				under := 0
				for i, x := range s.X {
					u, v := b.At(x), b.Robust.Float(x)
					if v > u*(1+1e-12) {
						t.Fatalf("%s, %s: at %g the robust %s is above %s", tr.name, shape, x, b.Robust95, b.Text)
					}
					if s.Y[i] <= v*(1+1e-9) {
						under++
					}
				}
				if under < len(s.X)-len(s.X)/20 {
					t.Errorf("%s, %s: %s holds on %d of %d points", tr.name, shape, b.Robust95, under, len(s.X))
				}
				far := 1e6 * s.X[len(s.X)-1]
				if u, v := b.At(far), b.Robust.Float(far); v > u*(1+1e-12) && !math.IsInf(u, 1) {
					t.Errorf("%s, %s: far out the robust %s is above %s", tr.name, shape, b.Robust95, b.Text)
				}
			}
		}
	}
}

// A twentieth of fewer than 20 points is none: the robust form is the bound.
func TestRobustFormOfFewPoints(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 1))
	parted := 0
	for _, tr := range truths {
		for n := 6; n <= 20; n++ {
			s := tr.draw(r, n, 0.4)
			s.Y[n/2] *= 50
			b, err := Envelope(parse(t, "x0"), s)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case n == 20 && b.Robust95 != b.Text:
				parted++
			case n < 20 && b.Robust95 != b.Text:
				t.Errorf("%s, %d points: %s is not the bound, %s", tr.name, n, b.Robust95, b.Text)
			}
		}
	}
	if parted == 0 {
		t.Error("with 20 points and one far off the robust form is the bound as well")
	}
}
