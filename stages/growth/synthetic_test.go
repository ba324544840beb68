package growth

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"testing"
)

// A truth makes series of a known class.
type truth struct {
	name  string
	class Class
	// curve draws a member of the family on (0, 1], of any height.
	curve func(r *rand.Rand) func(u float64) float64
}

func uniform(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }

var truths = []truth{
	{"constant", Unknown, func(r *rand.Rand) func(float64) float64 {
		return func(float64) float64 { return 1 }
	}},
	{"square root", Unknown, func(r *rand.Rand) func(float64) float64 {
		return math.Sqrt
	}},
	{"line", Linear, func(r *rand.Rand) func(float64) float64 {
		a := uniform(r, 0, 0.3)
		return func(u float64) float64 { return a + u }
	}},
	{"x log x", Linear, func(r *rand.Rand) func(float64) float64 {
		scale := math.Exp(uniform(r, 7, 14)) // sizes from a thousand to a million
		return func(u float64) float64 { return u * math.Log(1+u*scale) }
	}},
	{"a+b*x^p", Polynomial, func(r *rand.Rand) func(float64) float64 {
		a, p := uniform(r, 0, 0.1), uniform(r, 1.5, 4)
		return func(u float64) float64 { return a + math.Pow(u, p) }
	}},
	{"a*x^p", Polynomial, func(r *rand.Rand) func(float64) float64 {
		p := uniform(r, 1.5, 4)
		return func(u float64) float64 { return math.Pow(u, p) }
	}},
	{"a+b*e^(cx)", Exponential, func(r *rand.Rand) func(float64) float64 {
		a, c := uniform(r, 0, 0.02), uniform(r, 5, 12)
		return func(u float64) float64 { return a + math.Exp(c*(u-1)) }
	}},
	{"a*exp(c*x^q)", Exponential, func(r *rand.Rand) func(float64) float64 {
		c, q := uniform(r, 6, 12), uniform(r, 0.6, 1.2)
		return func(u float64) float64 { return math.Exp(c * (math.Pow(u, q) - 1)) }
	}},
}

// draw makes one series: n sizes over a range of ratio, noise relative, times
// on a grid of 0.01.
func (t truth) draw(r *rand.Rand, n int, noise float64) Series {
	f := t.curve(r)
	ratio := math.Exp(uniform(r, math.Log(8), math.Log(500)))
	top := math.Exp(uniform(r, math.Log(20), math.Log(1500)))
	xmax := math.Round(math.Exp(uniform(r, math.Log(5e3), math.Log(1e7))))
	geometric := r.IntN(4) == 0
	var s Series
	for i := range n {
		at := float64(i) / float64(n-1)
		u := 1/ratio + (1-1/ratio)*at
		if geometric {
			u = math.Pow(ratio, at-1)
		}
		y := top * f(u) / f(1) * math.Exp(noise*r.NormFloat64())
		s.X = append(s.X, math.Round(u*xmax))
		s.Y = append(s.Y, math.Round(y*100)/100)
	}
	return s
}

// TestKnownTruth analyses series of known class, of 8 to 500 points and 0 to
// 20 % noise: with 20 points or more and up to 10 % noise at least 97 % must be
// right, and over all of them the confidence must say how often.
func TestKnownTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	type cell struct{ right, total int }
	cells := map[string]*cell{}
	at := func(k string) *cell {
		if cells[k] == nil {
			cells[k] = &cell{}
		}
		return cells[k]
	}
	var clean cell
	type bin struct{ n, right, p float64 }
	var bins [10]bin
	for _, tr := range truths {
		for _, n := range []int{8, 12, 20, 35, 60, 120, 300, 500} {
			for _, noise := range []float64{0, 0.02, 0.05, 0.1, 0.2} {
				for range 12 {
					a := Analyze(tr.draw(r, n, noise), Options{Resamples: -1})
					k := at(fmt.Sprintf("%s  noise %.2f", tr.name, noise))
					k2 := at(fmt.Sprintf("n %3d  noise %.2f", n, noise))
					ok := a.Class == tr.class
					b := &bins[min(int(a.Confidence*10), 9)]
					b.n++
					b.p += a.Confidence
					if n >= 20 {
						k.total++
						if noise <= 0.1 {
							clean.total++
						}
					}
					k2.total++
					if ok {
						b.right++
						k2.right++
						if n >= 20 {
							k.right++
							if noise <= 0.1 {
								clean.right++
							}
						}
					}
				}
			}
		}
	}
	var keys []string
	for k := range cells {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		t.Logf("%-28s %5.1f %% of %d", k, 100*float64(cells[k].right)/float64(cells[k].total), cells[k].total)
	}
	var total, ece float64
	for i, b := range bins {
		if b.n > 0 {
			t.Logf("confidence %.1f: said %.3f, was %.3f (%d)", float64(i)/10, b.p/b.n, b.right/b.n, int(b.n))
			ece += math.Abs(b.p - b.right)
			total += b.n
		}
	}
	t.Logf("right %.2f %% of %d with 20 points or more and noise up to 10 %%; calibration error %.3f", 100*float64(clean.right)/float64(clean.total), clean.total, ece/total)
	if accuracy := float64(clean.right) / float64(clean.total); accuracy < 0.97 {
		t.Errorf("right %.3f, want at least 0.97", accuracy)
	}
	if ece/total > 0.05 {
		t.Errorf("calibration error %.3f, want at most 0.05", ece/total)
	}
}

// TestConfidenceOnKnownTruth draws size and noise evenly: the confidence must
// say how often the class is right.
func TestConfidenceOnKnownTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(0, 77))
	const draws = 3000
	var right, said [10]float64
	for range draws {
		tr := truths[r.IntN(len(truths))]
		n := int(math.Round(math.Exp(uniform(r, math.Log(8), math.Log(500)))))
		a := Analyze(tr.draw(r, n, uniform(r, 0, 0.2)), Options{Resamples: -1})
		b := min(int(10*a.Confidence), 9)
		said[b] += a.Confidence
		if a.Class == tr.class {
			right[b]++
		}
	}
	ece := 0.0
	for i := range said {
		ece += math.Abs(said[i]-right[i]) / draws
	}
	t.Logf("calibration error %.3f", ece)
	if ece > 0.05 {
		t.Errorf("calibration error %.3f, want at most 0.05", ece)
	}
}
