package stages

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A trace draws a curve over the range of the points, as far as it lies in the
// frame. Unlike plotter.Function it looks closer where the curve is steep, and
// copes with poles and with values that are none.
type trace struct {
	Curve
	panel panel
	style draw.LineStyle
}

// Plot implements plot.Plotter.
func (t trace) Plot(c draw.Canvas, p *plot.Plot) {
	c.StrokeLines(t.style, t.lines(c, p)...)
}

// lines returns what is seen of the curve. Where it leaves the frame it ends
// exactly there.
func (t trace) lines(c draw.Canvas, p *plot.Plot) [][]vg.Point {
	s := sight{c, p, t.panel}
	points := sample(t.Curve, t.panel.x, max(2, int(c.Size().X/2)))
	return c.ClipLinesY(s.parts(s.refine(t.Curve, points))...)
}

// sample evaluates a curve at n values of x over the range of the points,
// evenly spaced on the axis.
func sample(c Curve, x span, n int) plotter.XYs {
	points := make(plotter.XYs, n)
	for i := range points {
		t := float64(i) / float64(n-1)
		points[i].X = x.value((1-t)*x.least + t*x.most)
	}
	return evaluate(c, points)
}

// evaluate sets the y of all points.
func evaluate(c Curve, points plotter.XYs) plotter.XYs {
	xs, ys := make([]float64, len(points)), make([]float64, len(points))
	for i := range points {
		xs[i] = points[i].X
	}
	c.F(xs, ys)
	for i := range points {
		points[i].Y = ys[i]
	}
	return points
}

// sight says where values lie in a plot.
type sight struct {
	draw.Canvas
	plot  *plot.Plot
	panel panel
}

// height returns that of a value on the canvas, no further from the frame than
// ten times its height, so that arithmetic on it stays exact enough; NaN for no
// value.
func (s sight) height(v float64) vg.Length {
	far := 10 * (s.Max.Y - s.Min.Y)
	return max(s.Min.Y-far, min(s.Max.Y+far, s.Y(s.plot.Y.Norm(s.panel.y.at(v)))))
}

// side says where a height lies: -1 below the frame, 1 above it, 0 within. Two
// on one outer side have a product of 1, on opposite ones of -1.
func (s sight) side(y vg.Length) int {
	switch {
	case y < s.Min.Y:
		return -1
	case y > s.Max.Y:
		return 1
	default:
		return 0
	}
}

// refine evaluates the curve more densely where it is steep and in sight.
func (s sight) refine(c Curve, points plotter.XYs) plotter.XYs {
	const parts = 8
	var fine plotter.XYs
	steep := make([]bool, len(points)) // between this and the next
	for i := range len(points) - 1 {
		a, b := s.height(points[i].Y), s.height(points[i+1].Y)
		if steep[i] = math.Abs(float64(a-b)) > 8 && s.side(a)*s.side(b) != 1; !steep[i] {
			continue
		}
		for k := 1; k < parts; k++ {
			fine = append(fine, plotter.XY{X: points[i].X + (points[i+1].X-points[i].X)*float64(k)/parts})
		}
	}
	fine = evaluate(c, fine)
	refined := make(plotter.XYs, 0, len(points)+len(fine))
	for i, p := range points {
		refined = append(refined, p)
		if steep[i] {
			refined = append(refined, fine[:parts-1]...)
			fine = fine[parts-1:]
		}
	}
	return refined
}

// parts cuts a curve where more than two values in a row are none, and where it
// steps from above the frame to below it, or back: that is a pole.
func (s sight) parts(points plotter.XYs) [][]vg.Point {
	var parts [][]vg.Point
	var part []vg.Point
	missing := 0
	for _, v := range points {
		at := vg.Point{X: s.X(s.plot.X.Norm(s.panel.x.at(v.X))), Y: s.height(v.Y)}
		if math.IsNaN(float64(at.Y)) {
			missing++
			continue
		}
		if len(part) > 0 && (missing > 2 || s.side(part[len(part)-1].Y)*s.side(at.Y) == -1) {
			parts = append(parts, part)
			part = nil
		}
		missing = 0
		part = append(part, at)
	}
	return append(parts, part)
}
