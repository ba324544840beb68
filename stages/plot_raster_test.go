package stages

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// coverage returns how much ink a pixel holds, 0 to 1.
func (r *raster) coverage(x, y int, top ink) float64 {
	m := r.entries[r.image.Pix[y*r.image.Stride+x]]
	switch {
	case m.top == top:
		return float64(m.step) / solid
	case m.below == top:
		return 1 - float64(m.step)/solid
	}
	return 0
}

// Lines cover pixels as much as counting 16 × 16 points within each says, also
// where they are drawn in pieces.
func TestRasterCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	r := rasters.Get().(*raster)
	defer rasters.Put(r)
	for range 30 {
		r.reset(40, 40)
		at := func() xy { return xy{5 + 30*random.Float64(), 5 + 30*random.Float64()} }
		a, b, width := at(), at(), 1+8*random.Float64()
		var line []xy
		for i := range 5 {
			t := float64(i) / 4
			line = append(line, xy{a.x + t*(b.x-a.x), a.y + t*(b.y-a.y)})
		}
		r.polylines([][]xy{line}, width, nil, black)
		for y := range 40 {
			for x := range 40 {
				inside := 0
				for k := range 256 {
					p := xy{float64(x) + (float64(k%16)+0.5)/16, float64(y) + (float64(k/16)+0.5)/16}
					if distance(p, a, b) <= width/2 {
						inside++
					}
				}
				want := float64(inside) / 256
				if got := r.coverage(x, y, black); math.Abs(got-want) > 0.15 {
					t.Fatalf("line %v %v of width %.2f: pixel (%d, %d) is covered %.2f, want %.2f", a, b, width, x, y, got, want)
				}
			}
		}
	}
}

func distance(p, a, b xy) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	t := max(0, min(1, ((p.x-a.x)*dx+(p.y-a.y)*dy)/(dx*dx+dy*dy)))
	return math.Hypot(p.x-a.x-t*dx, p.y-a.y-t*dy)
}

// However many inks meet, 256 colours are enough or are made do with.
func TestRasterPalette(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	r := rasters.Get().(*raster)
	defer rasters.Put(r)
	r.reset(300, 300)
	for i := range 400 {
		at := func() xy { return xy{320*random.Float64() - 10, 320*random.Float64() - 10} }
		r.polylines([][]xy{{at(), at()}}, 3.3, nil, black+ink(i)%(inks-1))
	}
	if n := len(r.image.Palette); n != 256 || len(r.entries) != n {
		t.Errorf("%d colours, %d entries, want 256", n, len(r.entries))
	}
	for _, p := range r.image.Pix {
		if int(p) >= len(r.entries) {
			t.Fatalf("pixel of colour %d", p)
		}
	}
}

func TestDashed(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		line := []xy{{0, 0}}
		total := 0.0
		for range 1 + random.IntN(20) {
			step := xy{20 * random.Float64(), 40*random.Float64() - 20}
			last := line[len(line)-1]
			line = append(line, xy{last.x + step.x, last.y + step.y})
			total += math.Hypot(step.x, step.y)
		}
		dash := []float64{7, 5}
		parts := dashed(line, dash)
		whole, rest := math.Floor(total/12), math.Mod(total, 12)
		want := 7*whole + min(7, rest)
		got := 0.0
		for _, part := range parts {
			length := 0.0
			for i := range len(part) - 1 {
				length += math.Hypot(part[i+1].x-part[i].x, part[i+1].y-part[i].y)
			}
			if length > 7+1e-6 {
				t.Fatalf("a dash of %v", length)
			}
			got += length
		}
		if math.Abs(got-want) > 1e-6 {
			t.Fatalf("dashes of %v in all, want %v of %v", got, want, total)
		}
	}
}

func TestShorten(t *testing.T) {
	face := newTypeface()
	tests := []struct {
		in    string
		width float64
		want  string
	}{
		{"x0 + 1.23456789", 1000, "x0 + 1.23456789"},
		{"x0 + 1.23456789", 110, "x0 + 1.235"},
		{"5.0312345e-07*x0", 100, "5.031e-7*x0"},
		{"5.0312345e+17*x0", 100, "5.031e17*x0"},
		{"123456.789*x0", 95, "1.235e5*x0"},
		{strings.Repeat("x0 + ", 50), 110, "x0 + x0 + x0…"},
		{"tab\tand\x00nul\xff", 1000, "tab and nul "},
		{"", 10, ""},
		{"x", 0, "…"},
	}
	for _, test := range tests {
		got := face.shorten(test.in, 16, test.width)
		if got != test.want {
			t.Errorf("shorten(%q, %v) = %q, want %q", test.in, test.width, got, test.want)
		}
		if w := face.measure(got, 16); w > test.width && got != "…" {
			t.Errorf("shorten(%q, %v) is %.1f wide", test.in, test.width, w)
		}
	}
}

// Letters have ink, in the places where they are expected.
func TestText(t *testing.T) {
	r := rasters.Get().(*raster)
	defer rasters.Put(r)
	r.reset(200, 200)
	r.text(20, 100, "lI", 60, false, black)
	ink := func(x0, y0, x1, y1 int) float64 {
		sum := 0.0
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				sum += r.coverage(x, y, black)
			}
		}
		return sum
	}
	all := ink(0, 0, 200, 200)
	if all < 400 || ink(20, 55, 55, 101) != all {
		t.Errorf("ink %v, of which %v in its place", all, ink(20, 55, 55, 101))
	}
	r.reset(200, 200)
	r.text(100, 180, "lI", 60, true, black)
	if up := ink(55, 145, 101, 181); math.Abs(up-all) > 1 || ink(0, 0, 200, 200) != up {
		t.Errorf("turned text has %v of ink, %v in its place, want %v", ink(0, 0, 200, 200), up, all)
	}
}
