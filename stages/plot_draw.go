package stages

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A Figure is one plot of an instance: its measured points and curves held
// against them. It is drawn on a linear scale and, where LogLog says so, on a
// second panel with two logarithmic axes.
type Figure struct {
	Title          string // "6s0: polynomial"
	XLabel, YLabel string // with units; "time (s)" turns into "time (ms)" for small times
	X, Y           []float64
	Limit          float64 // time limit of the measurements, drawn as a dashed line when > 0
	Curves         []Curve
	LogLog         bool
}

// A Curve is a function drawn over the range of the points.
type Curve struct {
	Label string // its entry in the legend, shortened when long

	// F writes the function's value at each xs[i] to ys[i]; the two have equal
	// length. Values that are NaN or infinite are left out of the picture.
	F func(xs, ys []float64)
}

// Draw returns a picture of the figure, width × height pixels, in a format:
// "png" or "svg". Points that are not finite are left out. The same figure gives
// the same bytes. It may be called from several goroutines, also on one Figure
// if its functions allow it.
func (f Figure) Draw(format string, width, height int) ([]byte, error) {
	const least, most = 200, 20_000
	if width < least || height < least || width > most || height > most {
		return nil, fmt.Errorf("drawing a picture: %d × %d pixels, expected %d to %d each", width, height, least, most)
	}
	if len(f.X) != len(f.Y) {
		return nil, fmt.Errorf("drawing a picture: %d x for %d y values", len(f.X), len(f.Y))
	}
	for _, c := range f.Curves {
		if c.F == nil {
			return nil, fmt.Errorf("drawing a picture: the curve %q has no function", c.Label)
		}
	}

	var picture bytes.Buffer
	var err error
	switch format {
	case "png":
		err = f.png(&picture, width, height)
	case "svg":
		err = f.svg(&picture, width, height)
	default:
		err = fmt.Errorf("no picture format %q, expected png or svg", format)
	}
	if err != nil {
		return nil, fmt.Errorf("drawing a picture: %w", err)
	}
	return picture.Bytes(), nil
}

// size returns that of the figure in points, in which all its lengths are
// given, and how many pixels a point takes: it is 800 points high, or 1000 wide
// where it is narrower than that.
func size(width, height int) (w, h vg.Length, dots float64) {
	dots = min(float64(height)/800, float64(width)/1000)
	return vg.Length(float64(width) / dots), vg.Length(float64(height) / dots), dots
}

func (f Figure) png(b *bytes.Buffer, width, height int) error {
	_, _, dots := size(width, height)
	r := newRaster(width, height, dots, inks())
	f.draw(draw.New(r))
	return r.encode(b)
}

func (f Figure) svg(b *bytes.Buffer, width, height int) error {
	const point = 0.75 // a pixel of SVG in points
	w, h, dots := size(width, height)
	c := vgsvg.New(point*vg.Length(width), point*vg.Length(height))
	c.Scale(point*dots, point*dots)
	area := draw.NewCanvas(c, w, h)
	area.SetColor(paper.color())
	area.Fill(area.Rectangle.Path())
	f.draw(area)

	var plain bytes.Buffer
	if _, err := c.WriteTo(&plain); err != nil {
		return err
	}
	const family, head = "font-family:Liberation Sans", "/xlink\">\n"
	_, err := strings.NewReplacer(
		family, family+",Arial,Helvetica,sans-serif", // of equal widths, where the first is missing
		head, head+"<title>"+html.EscapeString(printable(f.Title))+"</title>\n",
	).WriteString(b, plain.String())
	return err
}

// LogScale reports whether points deserve logarithmic axes: all coordinates
// are positive, and those of one axis span more than two decades.
func LogScale(x, y []float64) bool {
	wide := false
	for _, v := range [][]float64{x, y} {
		if len(v) == 0 {
			return false
		}
		lo, hi := v[0], v[0]
		for _, w := range v {
			lo, hi = math.Min(lo, w), math.Max(hi, w)
		}
		if !(lo > 0) || math.IsInf(hi, 1) {
			return false
		}
		wide = wide || hi/lo > 100
	}
	return wide
}

// An ink is one of the few colours of a figure.
type ink uint8

const (
	paper ink = iota
	black
	frameInk
	gridInk
	limitInk
	pointInk
	curveInk // the first of curveInks
)

// curveInks is how many colours curves have before they come round again.
const curveInks = 5

// inks are the colours of a figure. Those of points and curves are Okabe and
// Ito's (https://jfly.uni-koeln.de/color/), which colour-blind people can tell
// apart; curves differ in their dashes too.
func inks() color.Palette {
	p := make(color.Palette, 0, curveInk+curveInks)
	for _, rgb := range []uint32{
		0xffffff, 0x222222, 0x5a5a5a, 0xe4e4e4, 0x5a5a5a,
		0x0072b2,
		0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9,
	} {
		p = append(p, color.RGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 255})
	}
	return p
}

func (i ink) color() color.Color { return inks()[i] }

// stroke returns a line of the usual width.
func (i ink) stroke(dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: i.color(), Width: 2.2, Dashes: dashes}
}

// curveStyle returns the line of curve i.
func curveStyle(i int) draw.LineStyle {
	dashes := [][]vg.Length{nil, {13, 3}, {5, 3}, {13, 3, 5, 3}}
	return (curveInk + ink(i%curveInks)).stroke(dashes[i%len(dashes)]...)
}
