package stages

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
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

// Write draws the figure into a file of width × height pixels, in the format
// that the extension of path names: ".png" or ".svg". Points that are not
// finite are left out. The same figure gives the same bytes. It may be called
// from several goroutines, also on one Figure if its functions allow it.
func (f Figure) Write(path string, width, height int) (err error) {
	const least, most = 200, 20_000
	if width < least || height < least || width > most || height > most {
		return fmt.Errorf("drawing %s: %d × %d pixels, expected %d to %d each", path, width, height, least, most)
	}
	if len(f.X) != len(f.Y) {
		return fmt.Errorf("drawing %s: %d x for %d y values", path, len(f.X), len(f.Y))
	}

	for _, c := range f.Curves {
		if c.F == nil {
			return fmt.Errorf("drawing %s: the curve %q has no function", path, c.Label)
		}
	}

	var draw func(io.Writer) error
	switch ext := filepath.Ext(path); ext {
	case ".png":
		r := rasters.Get().(*raster)
		defer rasters.Put(r)
		r.reset(width, height)
		f.compose(r, r.face, float64(width), float64(height))
		draw = r.encode
	case ".svg":
		face := faces.Get().(*typeface)
		defer faces.Put(face)
		s := newVectorFile(f.Title, width, height)
		f.compose(s, face, float64(width), float64(height))
		draw = s.encode
	default:
		return fmt.Errorf("drawing %s: no picture format %q, expected .png or .svg", path, ext)
	}

	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	w := bufio.NewWriterSize(file, 1<<16)
	return errors.Join(draw(w), w.Flush(), file.Close())
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

// A canvas takes the strokes of a figure on white. Coordinates are pixels from
// the upper left corner.
type canvas interface {
	rectangle(x0, y0, x1, y1 float64, color ink)

	// polylines draws strokes with round caps and joins; dash holds the lengths
	// of dashes and gaps in turn, none for a whole line.
	polylines(lines [][]xy, width float64, dash []float64, color ink)

	// dots draws discs, with a white rim of a width that keeps them apart.
	dots(centres []xy, radius, rim float64, color ink)

	// text starts at (x, y) on the base line and runs right, or up.
	text(x, y float64, s string, size float64, up bool, color ink)
}

type xy struct{ x, y float64 }

// An ink is one of the few colours of a figure.
type ink uint8

const (
	paper ink = iota
	black
	frame
	grid
	limitInk
	pointInk
	curveInk // the first of curveInks
	inks     = curveInk + curveInks
)

// curveInks is how many colours curves have before they come round again.
const curveInks = 5

// rgb are the colours of the inks. Those of points and curves are Okabe and
// Ito's (https://jfly.uni-koeln.de/color/), which colour-blind people can tell
// apart; curves differ in their dashes too.
func (i ink) rgb() [3]uint8 {
	return [inks][3]uint8{
		paper: {255, 255, 255}, black: {34, 34, 34}, frame: {90, 90, 90}, grid: {228, 228, 228}, limitInk: {90, 90, 90},
		pointInk: {0, 114, 178},
		curveInk: {213, 94, 0}, {0, 158, 115}, {204, 121, 167}, {230, 159, 0}, {86, 180, 233},
	}[i]
}

// style returns the ink and the dashes, in units of the figure, of curve i.
func style(i int) (ink, []float64) {
	dashes := [][]float64{nil, {11, 5}, {3, 5}, {11, 5, 3, 5}}
	return curveInk + ink(i%curveInks), dashes[i%len(dashes)]
}
