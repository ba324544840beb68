package stages

import (
	"image"
	"image/color"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"git.sr.ht/~sbinet/gg"
	"gonum.org/v1/gonum/spatial/r2"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pixels returns a raster whose points are pixels from the upper left corner.
func pixels(width, height int) *raster {
	r := newRaster(width, height, 1, inks())
	r.matrix = gg.Identity()
	r.SetColor(black.color())
	return r
}

func path(points ...r2.Vec) vg.Path {
	var p vg.Path
	for i, at := range points {
		if i == 0 {
			p.Move(vg.Point{X: vg.Length(at.X), Y: vg.Length(at.Y)})
		} else {
			p.Line(vg.Point{X: vg.Length(at.X), Y: vg.Length(at.Y)})
		}
	}
	return p
}

// coverage returns how much of the ink a pixel holds, 0 to 1.
func (r *raster) coverage(x, y int) float64 {
	m := r.entries[r.image.Pix[y*r.image.Stride+x]]
	switch {
	case m.top == r.ink:
		return float64(m.step) / solid
	case m.below == r.ink:
		return 1 - float64(m.step)/solid
	}
	return 0
}

// Lines cover pixels as much as counting 16 × 16 points within each says, also
// where they are drawn in pieces.
func TestRasterCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		r := pixels(40, 40)
		at := func() r2.Vec { return r2.Vec{X: 5 + 30*random.Float64(), Y: 5 + 30*random.Float64()} }
		a, b, width := at(), at(), 1+8*random.Float64()
		var line []r2.Vec
		for i := range 5 {
			line = append(line, r2.Add(a, r2.Scale(float64(i)/4, r2.Sub(b, a))))
		}
		r.SetLineWidth(vg.Length(width))
		r.Stroke(path(line...))
		for y := range 40 {
			for x := range 40 {
				inside := 0
				for k := range 256 {
					p := r2.Vec{X: float64(x) + (float64(k%16)+0.5)/16, Y: float64(y) + (float64(k/16)+0.5)/16}
					if distance(p, a, b) <= width/2 {
						inside++
					}
				}
				want := float64(inside) / 256
				if got := r.coverage(x, y); math.Abs(got-want) > 0.15 {
					t.Fatalf("line %v %v of width %.2f: pixel (%d, %d) is covered %.2f, want %.2f", a, b, width, x, y, got, want)
				}
			}
		}
	}
}

func distance(p, a, b r2.Vec) float64 {
	d := r2.Sub(b, a)
	t := max(0, min(1, r2.Dot(r2.Sub(p, a), d)/r2.Norm2(d)))
	return r2.Norm(r2.Sub(r2.Sub(p, a), r2.Scale(t, d)))
}

// Lines along the axes are crisp, wherever they lie.
func TestRasterCrisp(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	for range 50 {
		at, width := 10+30*random.Float64(), 0.2+4*random.Float64()
		for _, line := range []vg.Path{
			path(r2.Vec{X: 10, Y: at}, r2.Vec{X: 40, Y: at}),
			path(r2.Vec{X: at, Y: 10}, r2.Vec{X: at, Y: 40}),
		} {
			r := pixels(50, 50)
			r.SetLineWidth(vg.Length(width))
			r.Stroke(line)
			ink := 0.0
			for i := range 50 * 50 {
				ink += r.coverage(i%50, i/50)
			}
			// At each end it is longer by half its width.
			if want := max(1, math.Round(width)) * math.Round(30+width); ink != want || len(r.entries) != len(r.inks) {
				t.Errorf("a line at %v of width %v covers %v pixels, want %v and no soft edges", at, width, ink, want)
			}
		}
	}
}

// However many inks meet, 256 colours are enough or are made do with.
func TestRasterPalette(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	r := pixels(300, 300)
	r.SetLineWidth(3.3)
	for i := range 400 {
		at := func() r2.Vec { return r2.Vec{X: 320*random.Float64() - 10, Y: 320*random.Float64() - 10} }
		r.SetColor(r.inks[1+i%(len(r.inks)-1)])
		r.Stroke(path(at(), at()))
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

// Figures look as on gonum's own canvas of pixels: no cell of 12 × 12 pixels has
// another mean colour but for how lines end and keep to whole pixels.
func TestRasterAgainstStock(t *testing.T) {
	for name, f := range sampleFigures() {
		w, h, dots := size(1800, 1200)
		r, stock := newRaster(1800, 1200, dots, inks()), stockCanvas(w, h, dots)
		f.draw(draw.New(r))
		f.draw(draw.New(stock))
		comparePictures(t, name, &r.image, stock.Image(), 24)
	}
}

// Lines, discs and text are as on gonum's canvas also where they are turned,
// scaled and moved.
func TestRasterTransformed(t *testing.T) {
	shapes := func(c vg.CanvasSizer) {
		area := draw.New(c)
		c.SetLineWidth(3)
		for i := range 3 {
			c.Push()
			c.Translate(vg.Point{X: 20 + 80*vg.Length(i), Y: 10})
			c.Rotate(0.2 * float64(i))
			c.SetColor(curveStyle(i).Color)
			c.SetLineDash(curveStyle(i).Dashes, 0)
			line := path(r2.Vec{}, r2.Vec{X: 50, Y: 10}, r2.Vec{X: 40, Y: 70})
			line.Close()
			c.Stroke(line)
			area.DrawGlyph(dot(i), vg.Point{X: 30, Y: 90})
			c.Pop()
		}
		sty := textStyle(30)
		for i, x := range []vg.Length{20, 290} {
			sty.Rotation = math.Pi / 2 * float64(i)
			area.FillText(sty, vg.Point{X: x, Y: 150}, "nmdb·uqh")
		}
	}
	const dots = 2
	r, stock := newRaster(600, 600, dots, inks()), stockCanvas(300, 300, dots)
	shapes(r)
	shapes(stock)
	comparePictures(t, "shapes", &r.image, stock.Image(), 40)
}

// comparePictures finds cells of two pictures whose mean brightness, 0 to 255, differs.
func comparePictures(t *testing.T, name string, got, want image.Image, most float64) {
	t.Helper()
	const cell = 12
	if got.Bounds() != want.Bounds() {
		t.Fatalf("%s: a picture of %v, want %v", name, got.Bounds(), want.Bounds())
	}
	mean := func(m image.Image, x0, y0 int) float64 {
		sum := 0
		for y := y0; y < y0+cell; y++ {
			for x := x0; x < x0+cell; x++ {
				sum += int(color.GrayModel.Convert(m.At(x, y)).(color.Gray).Y)
			}
		}
		return float64(sum) / (cell * cell)
	}
	for y := 0; y+cell <= got.Bounds().Max.Y; y += cell {
		for x := 0; x+cell <= got.Bounds().Max.X; x += cell {
			g, w := mean(got, x, y), mean(want, x, y)
			if math.Abs(g-w) > most {
				t.Errorf("%s: the cell at (%d, %d) has brightness %.0f, want %.0f", name, x, y, g, w)
			}
		}
	}
}

// What a raster cannot draw is no silent gap in a picture.
func TestRasterLimits(t *testing.T) {
	square := path(r2.Vec{}, r2.Vec{X: 1}, r2.Vec{X: 1, Y: 1})
	var bend vg.Path
	bend.Move(vg.Point{})
	bend.QuadTo(vg.Point{X: 1}, vg.Point{Y: 1})
	for name, try := range map[string]func(vg.Canvas){
		"image":  func(c vg.Canvas) { c.DrawImage(vg.Rectangle{}, image.Black) },
		"fill":   func(c vg.Canvas) { c.Fill(square) },
		"curve":  func(c vg.Canvas) { c.Stroke(bend) },
		"offset": func(c vg.Canvas) { c.SetLineDash([]vg.Length{1}, 1) },
	} {
		r := pixels(10, 10)
		try(r)
		if err := r.encode(io.Discard); err == nil || err.Error() != "a paletted canvas draws only lines, discs and text" {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestDashed(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		line := []r2.Vec{{}}
		total := 0.0
		for range 1 + random.IntN(20) {
			step := r2.Vec{X: 20 * random.Float64(), Y: 40*random.Float64() - 20}
			line = append(line, r2.Add(line[len(line)-1], step))
			total += r2.Norm(step)
		}
		// Of 9 pixels, 1 at each end is left to the cap; the gap has 5.
		drawn := func(upTo float64) float64 { return 7*math.Floor(upTo/14) + min(7, math.Mod(upTo, 14)) }
		want := drawn(13+total) - drawn(13)
		got := 0.0
		r := pixels(1, 1)
		r.dashes = []vg.Length{9, 5}
		for _, part := range r.dashed(line, 1) {
			length := 0.0
			for i := range len(part) - 1 {
				length += r2.Norm(r2.Sub(part[i+1], part[i]))
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
	sty := textStyle(16)
	tests := []struct {
		in    string
		width vg.Length
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
		got := shorten(sty, test.in, test.width)
		if got != test.want {
			t.Errorf("shorten(%q, %v) = %q, want %q", test.in, test.width, got, test.want)
		}
		if w := sty.Width(got); w > test.width && got != "…" {
			t.Errorf("shorten(%q, %v) is %.1f wide", test.in, test.width, w)
		}
	}
}

// Letters have ink, in the places where they are expected, also an exponent's.
func TestText(t *testing.T) {
	sty := textStyle(60)
	sty.Handler = exponents{sty.Handler}
	text := "11VAI" + raise + "l" // pairs with a kern
	r := newRaster(300, 300, 1, inks())
	c := draw.New(r)
	c.FillText(sty, vg.Point{X: 20, Y: 200}, text)
	ink := func(x0, y0, x1, y1 int) float64 {
		sum := 0.0
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				sum += r.coverage(x, y)
			}
		}
		return sum
	}
	all, right := ink(0, 0, 300, 300), 20+int(math.Ceil(float64(sty.Width(text))))
	if all < 1000 || ink(20, 20, right, 101) != all {
		t.Errorf("ink %v, of which %v in its place", all, ink(20, 20, right, 101))
	}
	end := right - int(sty.Width("I"+raise+"l")-sty.Width("I"))
	if inside, room := ink(end-8, 85, end-4, 101), ink(end-4, 85, right, 101); inside == 0 || room != 0 {
		t.Errorf("the last letter is not at its end: ink %v at its edge, %v behind it", inside, room)
	}
	if high := ink(end, 20, right, 101); high < 50 || ink(end, 20, right, 75) != high {
		t.Errorf("an exponent of ink %v, of which %v is high", high, ink(end, 20, right, 75))
	}
	r = newRaster(300, 300, 1, inks())
	c = draw.New(r)
	sty.Rotation = math.Pi / 2
	c.FillText(sty, vg.Point{X: 100, Y: 20}, text)
	if up := ink(0, 0, 300, 300); math.Abs(up-all) > 1 || ink(20, 300-right, 101, 280) != up {
		t.Errorf("turned text has %v of ink, %v in its place, want %v", up, ink(20, 300-right, 101, 280), all)
	}
}
