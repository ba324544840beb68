package stages

import (
	"errors"
	"math"
)

// A Figure is one plot of an instance: its measured points and curves held
// against them. It is drawn on a linear scale and, where LogLog says so, on a
// second panel with two logarithmic axes.
type Figure struct {
	Title          string // "6s0: polynomial"
	XLabel, YLabel string // with units: "time (s)"
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
// that the extension of path names: ".png" or ".svg". The same figure gives
// the same bytes. It may be called from several goroutines.
func (f Figure) Write(path string, width, height int) error {
	return errors.New("plots cannot be drawn yet")
}

// LogScale reports whether points deserve logarithmic axes: all coordinates
// are positive, and one axis spans more than two decades.
func LogScale(x, y []float64) bool {
	return spansDecades(x, y, 100)
}

func spansDecades(x, y []float64, ratio float64) bool {
	wide := false
	for _, v := range [][]float64{x, y} {
		if len(v) == 0 {
			return false
		}
		lo, hi := v[0], v[0]
		for _, w := range v {
			lo, hi = math.Min(lo, w), math.Max(hi, w)
		}
		if !(lo > 0) || math.IsInf(hi, 0) {
			return false
		}
		wide = wide || hi/lo > ratio
	}
	return wide
}
