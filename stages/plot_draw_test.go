package stages

import (
	"bytes"
	"flag"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

var updatePlots = flag.Bool("update-plots", false, "write the golden pictures of the plots anew")

// each makes a curve of a function of one value.
func each(label string, f func(float64) float64) Curve {
	return Curve{label, func(xs, ys []float64) {
		for i, x := range xs {
			ys[i] = f(x)
		}
	}}
}

// sampleFigures are figures of every kind, by name.
func sampleFigures() map[string]Figure {
	few := Figure{
		Title: "few: linear", XLabel: "size", YLabel: "time (s)",
		X: []float64{1, 2, 3, 4, 5, 6}, Y: []float64{0.011, 0.019, 0.03, 0.042, 0.05, 0.061},
		Curves: []Curve{each("equation: 0.01*x0", func(x float64) float64 { return 0.01 * x })},
	}
	var many Figure
	many.Title, many.XLabel, many.YLabel, many.LogLog = "many & <wide>: polynomial", "size_of_cnf", "solving_time", true
	for i := 1; i <= 500; i++ {
		x := 40 * float64(i)
		many.X, many.Y = append(many.X, x), append(many.Y, 2e-6*x*x*(1+0.2*math.Sin(x)))
	}
	many.Limit = 900
	many.Curves = []Curve{
		each("equation: 2.0000000123456789e-6*x0**2", func(x float64) float64 { return 2e-6 * x * x }),
		each("upper bound: "+strings.Repeat("(1.23456789*x0 + ", 40)+"1"+strings.Repeat(")", 40), func(x float64) float64 { return 2.4e-6*x*x + 1 }),
		each("too fast", func(x float64) float64 { return math.Exp(x / 100) }),
		each("elsewhere", func(x float64) float64 { return -1e9 - x }),
	}
	wild := Figure{
		Title: "wild: unknown", XLabel: "n", YLabel: "t",
		X: []float64{0, 10, 20, 30, 40}, Y: []float64{3, 1, 4, 1, 5},
		Limit: 1800,
		Curves: []Curve{
			each("pole", func(x float64) float64 { return 10 / (x - 17.3) }),
			each("half", func(x float64) float64 { return math.Log(x - 20) }),
			each("nothing", func(float64) float64 { return math.NaN() }),
		},
	}
	tiny := Figure{
		Title: "tiny: exponential", XLabel: strings.Repeat("a long label ", 20), YLabel: "energy", LogLog: true,
		X: []float64{20, 22, 24, 26, 28}, Y: []float64{2e-17, 3e-16, 1e-15, 4e-15, 3e-14},
		Curves: []Curve{each("upper bound: constant", func(x float64) float64 { return 3e-14 })},
	}
	return map[string]Figure{"few": few, "many": many, "wild": wild, "tiny": tiny}
}

func TestFigureGolden(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("fused multiplications move some coordinates by a tenth of a pixel")
	}
	for name, f := range sampleFigures() {
		path := filepath.Join(t.TempDir(), name+".svg")
		if err := writeFigure(f, path, 1200, 800); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "plot", name+".svg")
		if *updatePlots {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from %s; look at it, then run with -update-plots", path, golden)
		}
	}
}

// The same figure gives the same bytes, whatever the pools were used for
// before and whoever draws at the same time.
func TestFigureDeterministic(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for name, f := range sampleFigures() {
		for i := range 4 {
			for _, ext := range []string{"png", "svg"} {
				wait.Go(func() {
					if err := writeFigure(f, filepath.Join(dir, fmt.Sprintf("%s-%d.%s", name, i, ext)), 900, 600); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
	wait.Wait()
	for name := range sampleFigures() {
		for _, ext := range []string{"png", "svg"} {
			first, err := os.ReadFile(filepath.Join(dir, name+"-0."+ext))
			if err != nil {
				t.Fatal(err)
			}
			for i := 1; i < 4; i++ {
				other, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%s-%d.%s", name, i, ext)))
				if err != nil || !bytes.Equal(first, other) {
					t.Errorf("%s.%s: drawing %d differs (%v)", name, ext, i, err)
				}
			}
		}
	}
}

// A decoder that this package did not write sees the points, the curve and the
// paper where they belong.
func TestFigurePNG(t *testing.T) {
	path := filepath.Join(t.TempDir(), "few.png")
	f := sampleFigures()["few"]
	if err := writeFigure(f, path, 1800, 1200); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if b := picture.Bounds(); b.Dx() != 1800 || b.Dy() != 1200 {
		t.Errorf("picture of %v", b)
	}
	count := map[color.Color]int{}
	for y := range 1200 {
		for x := range 1800 {
			count[color.RGBAModel.Convert(picture.At(x, y))]++
		}
	}
	solid := func(i ink) color.RGBA {
		return i.color().(color.RGBA)
	}
	if n := count[solid(paper)]; n < 1800*1200*9/10 {
		t.Errorf("%d pixels of paper", n)
	}
	// Seven discs with the one in the legend, in part under the curve.
	disc := math.Pi * math.Pow(float64(dot(6).Radius)*1.5, 2)
	if n := float64(count[solid(pointInk)]); n < 3*disc || n > 7*disc {
		t.Errorf("%v pixels of points, want about 5 discs of %.0f", n, disc)
	}
	if n := float64(count[solid(curveInk)]); n < 1400*2 || n > 1800*5 {
		t.Errorf("%v pixels of the curve", n)
	}
	if count[solid(curveInk+1)] != 0 {
		t.Error("pixels of a second curve, of which there is none")
	}
}

// writeFigure draws a figure into a file, in the format that its extension names.
func writeFigure(f Figure, path string, width, height int) error {
	b, err := f.Draw(strings.TrimPrefix(filepath.Ext(path), "."), width, height)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o666)
}

func TestFigureErrors(t *testing.T) {
	dir := t.TempDir()
	f := sampleFigures()["few"]
	tests := []struct {
		name, path    string
		width, height int
		change        func(*Figure)
		want          string
	}{
		{"format", "a.gif", 900, 600, nil, `no picture format "gif", expected png or svg`},
		{"small", "a.png", 10, 600, nil, "10 × 600 pixels, expected 200 to 20000 each"},
		{"large", "a.png", 900, 60000, nil, "expected 200 to 20000 each"},
		{"lengths", "a.png", 900, 600, func(f *Figure) { f.X = f.X[1:] }, "5 x for 6 y values"},
		{"function", "a.png", 900, 600, func(f *Figure) { f.Curves = []Curve{{Label: "c"}} }, `the curve "c" has no function`},
	}
	for _, test := range tests {
		changed := f
		if test.change != nil {
			test.change(&changed)
		}
		err := writeFigure(changed, filepath.Join(dir, test.path), test.width, test.height)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	if rest, err := os.ReadDir(dir); err != nil || len(rest) > 0 {
		t.Errorf("files are left behind: %v, %v", rest, err)
	}
}

func TestLogScale(t *testing.T) {
	tests := []struct {
		x, y []float64
		want bool
	}{
		{[]float64{1, 10}, []float64{1, 101}, true},
		{[]float64{1, 101}, []float64{1, 2}, true},
		{[]float64{1, 10}, []float64{1, 100}, false},
		{[]float64{1, 10}, []float64{0, 1000}, false},
		{[]float64{-1, 10}, []float64{1, 1000}, false},
		{[]float64{1, math.NaN()}, []float64{1, 1000}, false},
		{[]float64{1, math.Inf(1)}, []float64{1, 1000}, false},
		{nil, nil, false},
	}
	for _, test := range tests {
		if got := LogScale(test.x, test.y); got != test.want {
			t.Errorf("LogScale(%v, %v) = %v", test.x, test.y, got)
		}
	}
}

// Any points, curve and size give a picture: no panic, no endless loop.
func FuzzFigure(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, 4.0, 5.0, 0.5, 900, 600, false)
	f.Add(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 200, 200, true)
	f.Add(1e300, -1e300, 5e-324, 1e308, -1e308, math.Inf(1), 200, 20000, true)
	f.Add(1e16, 1e16+2, 1e16, 1e16+2, 1e9, math.NaN(), 900, 300, true)
	f.Add(1e-299, 1e299, 1e-299, 1e299, -1.0, 1e300, 640, 480, true)
	f.Fuzz(func(t *testing.T, x0, x1, y0, y1, limit, rate float64, width, height int, log bool) {
		if width > 2000 || height > 2000 {
			t.Skip("large pictures only take longer")
		}
		figure := Figure{
			Title: "fuzz", XLabel: "x", YLabel: "y (s)", X: []float64{x0, x1, x1}, Y: []float64{y0, y1, y0}, Limit: limit, LogLog: log,
			Curves: []Curve{
				each("exp", func(x float64) float64 { return math.Exp(rate * x) }),
				each("pole", func(x float64) float64 { return y1 / (x - x0*rate) }),
			},
		}
		for _, ext := range []string{"svg", "png"} {
			path := filepath.Join(t.TempDir(), "a."+ext)
			if err := writeFigure(figure, path, width, height); err != nil {
				if strings.Contains(err.Error(), "pixels, expected") {
					return
				}
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if ext == "svg" {
				if i := bytes.Index(text, []byte("NaN")); i >= 0 || bytes.Contains(text, []byte("Inf")) {
					t.Fatalf("a coordinate is no number: %s", text)
				}
				if len(text) > 1<<20 {
					t.Fatalf("a figure of %d bytes", len(text))
				}
			}
		}
	})
}

// BenchmarkFigure draws what the plot stage draws of an instance, 500 points on
// both scales with an equation and a bound, at 3600 × 2400 pixels: on the
// paletted canvas, on gonum's own for pixels, and on its own for SVG. An instance
// is two pictures in PNG at the same time; Python with matplotlib takes 0.44 s
// for those, with two processes on two cores.
func BenchmarkFigure(b *testing.B) {
	f := sampleFigures()["many"]
	f.Curves = f.Curves[:2]
	const width, height = 3600, 2400
	w, h, dots := size(width, height)
	canvases := []struct {
		name string
		make func() (draw.Canvas, func(io.Writer) error)
	}{
		{"png/paletted", func() (draw.Canvas, func(io.Writer) error) {
			r := newRaster(width, height, dots, inks())
			return draw.New(r), r.encode
		}},
		{"png/vgimg", func() (draw.Canvas, func(io.Writer) error) {
			c := stockCanvas(w, h, dots)
			return draw.New(c), func(w io.Writer) error { return png.Encode(w, c.Image()) }
		}},
		{"svg/vgsvg", func() (draw.Canvas, func(io.Writer) error) {
			c := vgsvg.New(w, h)
			return draw.New(c), func(w io.Writer) error { _, err := c.WriteTo(w); return err }
		}},
	}
	for _, c := range canvases {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var drawing time.Duration
			var bytes counter
			for b.Loop() {
				start := time.Now()
				canvas, encode := c.make()
				f.draw(canvas)
				drawing += time.Since(start)
				bytes = 0
				if err := encode(&bytes); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(drawing.Microseconds())/1e3/float64(b.N), "ms-to-draw")
			b.ReportMetric(float64(bytes), "bytes")
		})
	}
	for _, ext := range []string{"png", "svg"} {
		b.Run("instance/"+ext, func(b *testing.B) {
			dir := b.TempDir()
			for b.Loop() {
				var wait sync.WaitGroup
				for _, name := range []string{"a.", "b."} {
					wait.Go(func() {
						if err := writeFigure(f, filepath.Join(dir, name+ext), width, height); err != nil {
							b.Error(err)
						}
					})
				}
				wait.Wait()
			}
		})
	}
}

// stockCanvas returns gonum's own canvas of pixels.
func stockCanvas(w, h vg.Length, dots float64) *vgimg.Canvas {
	return vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(int(math.Round(72*dots))))
}

// A counter counts the bytes written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
