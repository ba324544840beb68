package stages

import (
	"math"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// traced returns the lines of a curve on a canvas 1000 points wide and 500 high.
func traced(f func(float64) float64, x, y span) [][]vg.Point {
	p := plot.New()
	x.put(&p.X, "x", 1000, 85)
	y.put(&p.Y, "y", 500, 70)
	return trace{Curve: each("", f), panel: panel{x: x, y: y}}.lines(draw.NewCanvas(nil, 1000, 500), p)
}

func linear(hi float64) span { return span{hi: hi, most: hi} }

func TestTrace(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name       string
		f          func(x float64) float64
		parts      int
		first, end vg.Point // of the whole trace
	}{
		{"inside", func(x float64) float64 { return 50 }, 1, vg.Point{X: 0, Y: 250}, vg.Point{X: 1000, Y: 250}},
		{"leaves at the top", func(x float64) float64 { return x }, 1, vg.Point{X: 0, Y: 0}, vg.Point{X: 100, Y: 500}},
		{"leaves at the bottom", func(x float64) float64 { return 50 - x }, 1, vg.Point{X: 0, Y: 250}, vg.Point{X: 50, Y: 0}},
		{"comes in", func(x float64) float64 { return x - 900 }, 1, vg.Point{X: 900, Y: 0}, vg.Point{X: 1000, Y: 500}},
		{"comes in and leaves", func(x float64) float64 { return math.Abs(x-500) - 50 }, 2, vg.Point{X: 350, Y: 500}, vg.Point{X: 650, Y: 500}},
		{"overflows", func(x float64) float64 { return math.Exp(x) }, 1, vg.Point{X: 0, Y: 5}, vg.Point{X: vg.Length(math.Log(100)), Y: 500}},
		{"infinite", func(x float64) float64 {
			if x > 500 {
				return math.Inf(1)
			}
			return 50
		}, 1, vg.Point{X: 0, Y: 250}, vg.Point{X: 500, Y: 500}},
		{"odd pole", func(x float64) float64 { return 50 + 100/(x-500.3) }, 2, vg.Point{X: 0, Y: 249}, vg.Point{X: 1000, Y: 251}},
		{"domain", func(x float64) float64 { return 50 + math.Log(x-500)/1e6 }, 1, vg.Point{X: 501, Y: 250}, vg.Point{X: 1000, Y: 250}},
		{"hole", func(x float64) float64 {
			if x > 400 && x < 600 {
				return nan
			}
			return 50
		}, 2, vg.Point{X: 0, Y: 250}, vg.Point{X: 1000, Y: 250}},
		{"missing value", func(x float64) float64 {
			if math.Abs(x-500) < 1.5 {
				return nan
			}
			return 50
		}, 1, vg.Point{X: 0, Y: 250}, vg.Point{X: 1000, Y: 250}},
		{"never seen", func(x float64) float64 { return 200 }, 0, vg.Point{}, vg.Point{}},
		{"nothing", func(x float64) float64 { return nan }, 0, vg.Point{}, vg.Point{}},
	}
	for _, test := range tests {
		parts := traced(test.f, linear(1000), linear(100))
		if len(parts) != test.parts {
			t.Errorf("%s: %d parts, want %d", test.name, len(parts), test.parts)
			continue
		}
		for _, part := range parts {
			for _, q := range part {
				if !(q.Y >= 0 && q.Y <= 500 && q.X >= 0 && q.X <= 1000) {
					t.Errorf("%s: %v outside the frame", test.name, q)
				}
			}
		}
		if len(parts) == 0 {
			continue
		}
		first := parts[0][0]
		last := parts[len(parts)-1]
		end := last[len(last)-1]
		// Two points between samples, an eighth of that where it is steep.
		near := func(a, b vg.Point) bool { return math.Abs(float64(a.X-b.X)) <= 2 && math.Abs(float64(a.Y-b.Y)) <= 1 }
		if !near(first, test.first) || !near(end, test.end) {
			t.Errorf("%s: from %v to %v, want %v to %v", test.name, first, end, test.first, test.end)
		}
	}
}

// A steep curve is sampled so densely that no corner shows.
func TestTraceSmooth(t *testing.T) {
	f := func(x float64) float64 { return 1e-4 * math.Exp(x/40) }
	for _, part := range traced(f, linear(1000), linear(100)) {
		for i := range len(part) - 1 {
			middle := part[i].Add(part[i+1]).Scale(0.5)
			if gap := math.Abs(5*f(float64(middle.X)) - float64(middle.Y)); gap > 0.3 && part[i+1].Y < 500 {
				t.Errorf("the line between %v and %v misses the curve by %.2f points", part[i], part[i+1], gap)
			}
		}
	}
}

// A logarithmic panel shows a power as a straight line and leaves out what is
// not positive.
func TestTraceLog(t *testing.T) {
	x, y := span{log: true, hi: 4, most: 4}, span{log: true, hi: 8, most: 8}
	parts := traced(func(x float64) float64 { return x * x }, x, y)
	if len(parts) != 1 {
		t.Fatalf("%d parts", len(parts))
	}
	for _, q := range parts[0] {
		if math.Abs(float64(q.Y-q.X/2)) > 1e-6 {
			t.Errorf("%v is off the line", q)
		}
	}
	parts = traced(func(x float64) float64 { return x - 100 }, x, y)
	if len(parts) != 1 || math.Abs(float64(parts[0][0].X-501)) > 3 || math.Abs(float64(parts[0][0].Y)) > 1e-6 {
		t.Errorf("a curve that is negative below 100 starts at %v", parts)
	}
}
