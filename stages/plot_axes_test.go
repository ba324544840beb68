package stages

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/plot"
)

// shown returns the labels of the ticks that have one, and the axis's label.
func shown(ticks []plot.Tick, label string) string {
	var labels []string
	for _, t := range ticks {
		if !t.IsMinor() {
			labels = append(labels, t.Label)
		}
	}
	return strings.ReplaceAll(strings.Join(labels, " ")+" | "+label, raise, "^")
}

func TestTicks(t *testing.T) {
	tests := []struct {
		values []float64
		label  string
		log    bool
		want   string
	}{
		{[]float64{0, 10}, "size", false, "0 2 4 6 8 10 | size"},
		{[]float64{1, 9}, "size", false, "0 2 4 6 8 | size"},
		{[]float64{90, 100}, "size", false, "90 92 94 96 98 100 | size"},
		{[]float64{-3, 3}, "size", false, "−3 −2 −1 0 1 2 3 | size"},
		{[]float64{0, 0.6}, "time (s)", false, "0 0.1 0.2 0.3 0.4 0.5 0.6 | time (s)"},
		{[]float64{0, 0.06}, "time (s)", false, "0 10 20 30 40 50 60 | time (ms)"},
		{[]float64{0, 0.06}, "time", false, "0 0.01 0.02 0.03 0.04 0.05 0.06 | time"},
		{[]float64{0, 3e-5}, "time (s)", false, "0 5 10 15 20 25 30 | time (µs)"},
		{[]float64{0, 3e-5}, "time", false, "0 5 10 15 20 25 30 | time × 10^−6"},
		{[]float64{0, 3e-14}, "time (s)", false, "0 5 10 15 20 25 30 | time (s) × 10^−15"},
		{[]float64{0, 51e6}, "size", false, "0 10M 20M 30M 40M 50M | size"},
		{[]float64{0, 2.2e6}, "size", false, "0 0.5M 1.0M 1.5M 2.0M | size"},
		{[]float64{0, 12000}, "size", false, "0 2k 4k 6k 8k 10k 12k | size"},
		{[]float64{0, 3e20}, "size", false, "0 50 100 150 200 250 300 | size × 10^18"},
		{[]float64{7, 7}, "size", false, "4 5 6 7 8 9 10 | size"},
		{[]float64{0, 0}, "size", false, "0 0.2 0.4 0.6 0.8 1.0 | size"},
		{nil, "size", false, "0 2 4 6 8 10 | size"},

		{[]float64{0.01, 1800}, "t", true, "0.01 0.1 1 10 100 1000 | t, log scale"},
		{[]float64{1e-6, 2}, "t", true, "10^−6 10^−5 10^−4 10^−3 10^−2 10^−1 10^0 | t, log scale"},
		{[]float64{21457, 447497}, "n", true, "20k 50k 100k 200k | n, log scale"},
		{[]float64{20, 6000}, "n", true, "20 50 100 200 500 1000 2000 5000 | n, log scale"},
		{[]float64{2e-6, 3e-4}, "n", true, "2·10^−6 5·10^−6 10^−5 2·10^−5 5·10^−5 0.0001 0.0002 | n, log scale"},
		{[]float64{0.02, 60}, "n", true, "0.03 0.1 0.3 1 3 10 30 | n, log scale"},
		{[]float64{10, 28}, "n", true, "10 15 20 25 | n, log scale"},
		{[]float64{1e-20, 1e20}, "n", true, "10^−21 10^−14 10^−7 10^0 10^7 10^14 10^21 | n, log scale"},
		{[]float64{5, 5}, "n", true, "3 4 5 6 7 8 9 10 | n, log scale"},
	}
	for _, test := range tests {
		if got := shown(newSpan(test.values, test.log).ticks(test.label, 7)); got != test.want {
			t.Errorf("%v, log %v: %s\nwant %s", test.values, test.log, got, test.want)
		}
	}
}

// Ticks lie in the range and rise; labels are neither too many nor too few, and
// no two are alike.
func TestTicksAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		scale := math.Pow(10, 40*r.Float64()-20)
		values := []float64{scale * r.Float64(), scale * (1 + math.Pow(10, 8*r.Float64()-6))}
		log := r.IntN(2) == 0
		a := newSpan(values, log)
		count := 4 + 8*r.Float64()
		ticks, _ := a.ticks("v", count)
		seen := map[string]bool{}
		before := math.Inf(-1)
		for _, tick := range ticks {
			if tick.Value < a.lo || tick.Value > a.hi || tick.Value <= before {
				t.Fatalf("%v, log %v: tick %v after %v in [%v, %v]", values, log, tick.Value, before, a.lo, a.hi)
			}
			before = tick.Value
			if s := tick.Label; s != "" {
				if seen[s] {
					t.Fatalf("%v, log %v: two labels %s", values, log, s)
				}
				seen[s] = true
			}
		}
		if len(seen) < 2 || float64(len(seen)) > 2*count+2 {
			t.Fatalf("%v, log %v: %d labels for %.1f: %s", values, log, len(seen), count, shown(ticks, ""))
		}
	}
}

// Points lie within the range that is shown, off its ends.
func TestSpan(t *testing.T) {
	for _, log := range []bool{false, true} {
		for _, values := range [][]float64{{1, 5}, {1e-250, 1e250}, {3}, {8, 8.0000000001}, {1e299, 9e299}} {
			s := newSpan(values, log)
			p := plot.New()
			s.put(&p.X, "v", 500, 70)
			for _, v := range values {
				if at := p.X.Norm(s.at(v)); !(at > 0.01 && at < 0.99) {
					t.Errorf("%v, log %v: %v lies at %v of 0 to 1", values, log, v, at)
				}
			}
		}
	}
}
