package stages

import (
	"math"
	"testing"
)

// testPanel is a panel whose pixels are simple: x from 0 to 1000, y from 0 at
// pixel 500 up to 100 at pixel 0.
func testPanel() *panel {
	return &panel{
		u: 1,
		x: axis{lo: 0, hi: 1000, least: 0, most: 1000, from: 0, to: 1000},
		y: axis{lo: 0, hi: 100, least: 0, most: 100, from: 500, to: 0},
	}
}

func TestTrace(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name       string
		f          func(x float64) float64
		parts      int
		first, end xy // pixels of the whole trace
	}{
		{"inside", func(x float64) float64 { return 50 }, 1, xy{0, 250}, xy{1000, 250}},
		{"leaves at the top", func(x float64) float64 { return x }, 1, xy{0, 500}, xy{100, 0}},
		{"leaves at the bottom", func(x float64) float64 { return 50 - x }, 1, xy{0, 250}, xy{50, 500}},
		{"comes in", func(x float64) float64 { return x - 900 }, 1, xy{900, 500}, xy{1000, 0}},
		{"comes in and leaves", func(x float64) float64 { return math.Abs(x-500) - 50 }, 2, xy{350, 0}, xy{650, 0}},
		{"overflows", func(x float64) float64 { return math.Exp(x) }, 1, xy{0, 495}, xy{math.Log(100), 0}},
		{"infinite", func(x float64) float64 {
			if x > 500 {
				return math.Inf(1)
			}
			return 50
		}, 1, xy{0, 250}, xy{500, 0}},
		{"odd pole", func(x float64) float64 { return 50 + 100/(x-500.3) }, 2, xy{0, 251}, xy{1000, 249}},
		{"domain", func(x float64) float64 { return 50 + math.Log(x-500)/1e6 }, 1, xy{501, 250}, xy{1000, 250}},
		{"hole", func(x float64) float64 {
			if x > 400 && x < 600 {
				return nan
			}
			return 50
		}, 2, xy{0, 250}, xy{1000, 250}},
		{"missing value", func(x float64) float64 {
			if math.Abs(x-500) < 1.5 {
				return nan
			}
			return 50
		}, 1, xy{0, 250}, xy{1000, 250}},
		{"never seen", func(x float64) float64 { return 200 }, 0, xy{}, xy{}},
		{"nothing", func(x float64) float64 { return nan }, 0, xy{}, xy{}},
	}
	for _, test := range tests {
		p := testPanel()
		parts := p.trace(each(test.name, test.f))
		if len(parts) != test.parts {
			t.Errorf("%s: %d parts, want %d", test.name, len(parts), test.parts)
			continue
		}
		for _, part := range parts {
			for _, q := range part {
				if !(q.y >= 0 && q.y <= 500 && q.x >= 0 && q.x <= 1000) {
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
		// Two pixels between samples, an eighth of that where it is steep.
		near := func(a, b xy) bool { return math.Abs(a.x-b.x) <= 2 && math.Abs(a.y-b.y) <= 1 }
		if !near(first, test.first) || !near(end, test.end) {
			t.Errorf("%s: from %v to %v, want %v to %v", test.name, first, end, test.first, test.end)
		}
	}
}

// A steep curve is sampled so densely that no corner shows.
func TestTraceSmooth(t *testing.T) {
	p := testPanel()
	f := func(x float64) float64 { return 1e-4 * math.Exp(x/40) }
	for _, part := range p.trace(each("steep", f)) {
		for i := range len(part) - 1 {
			a, b := part[i], part[i+1]
			middle := (a.x + b.x) / 2
			if gap := math.Abs(p.y.at(f(middle)) - (a.y+b.y)/2); gap > 0.3 && b.y > 0 {
				t.Errorf("the line between %v and %v misses the curve by %.2f pixels", a, b, gap)
			}
		}
	}
}

// A logarithmic panel shows a power as a straight line and leaves out what is
// not positive.
func TestTraceLog(t *testing.T) {
	p := &panel{
		u: 1,
		x: axis{log: true, lo: 1, hi: 1e4, least: 1, most: 1e4, from: 0, to: 1000},
		y: axis{log: true, lo: 1, hi: 1e8, least: 1, most: 1e8, from: 500, to: 0},
	}
	parts := p.trace(each("square", func(x float64) float64 { return x * x }))
	if len(parts) != 1 {
		t.Fatalf("%d parts", len(parts))
	}
	for _, q := range parts[0] {
		if math.Abs(q.y-(500-q.x/2)) > 1e-6 {
			t.Errorf("%v is off the line", q)
		}
	}
	parts = p.trace(each("negative first", func(x float64) float64 { return x - 100 }))
	if len(parts) != 1 || math.Abs(parts[0][0].x-501) > 3 || parts[0][0].y != 500 {
		t.Errorf("a curve that is negative below 100 starts at %v", parts)
	}
}
