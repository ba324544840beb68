package stages

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A panel is one pair of axes and what is to be drawn between them.
type panel struct {
	x, y span
	data plotter.XYs // on the axes
	seen []bool      // which curves come into its range
}

// panel chooses the points and the ranges of the axes: that of the points, and
// as much more as the curves and the limit need, within reason.
func (f Figure) panel(log bool) panel {
	// Ranges of larger numbers might overflow.
	shown := func(v float64) bool { return math.Abs(v) < 1e280 && (v > 1e-280 || !log) }
	var p panel
	var xs, ys []float64
	for i := range f.X {
		if shown(f.X[i]) && shown(f.Y[i]) {
			xs, ys = append(xs, f.X[i]), append(ys, f.Y[i])
		}
	}
	p.x, p.y = newSpan(xs, log), newSpan(ys, log)
	for i := range xs {
		p.data = append(p.data, plotter.XY{X: p.x.at(xs[i]), Y: p.y.at(ys[i])})
	}

	if f.Limit > 0 {
		p.y.include(p.y.at(f.Limit))
	}
	samples := make([]plotter.XYs, len(f.Curves))
	for i, curve := range f.Curves {
		samples[i] = sample(curve, p.x, 200)
		for _, s := range samples[i] {
			p.y.include(p.y.at(s.Y))
		}
	}
	p.seen = make([]bool, len(f.Curves))
	for i := range samples {
		for _, s := range samples[i] {
			at := p.y.at(s.Y)
			p.seen[i] = p.seen[i] || at >= p.y.lo && at <= p.y.hi
		}
	}
	return p
}

// plot makes the panel drawable in an area of about a size: the grid, the
// points, the limit, the curves, and the frame over them.
func (p panel) plot(f Figure, size vg.Point) *plot.Plot {
	thin := draw.LineStyle{Color: gridInk.color(), Width: 1}
	drawn := plot.New()
	drawn.BackgroundColor = nil
	drawn.Add(
		&plotter.Grid{Vertical: thin, Horizontal: thin},
		&plotter.Scatter{XYs: p.data, GlyphStyle: dot(len(p.data))},
	)
	if f.Limit > 0 {
		limit := plotter.NewFunction(func(float64) float64 { return p.y.at(f.Limit) })
		limit.Samples, limit.LineStyle = 2, limitInk.stroke(9, 4)
		drawn.Add(limit)
	}
	for i, curve := range f.Curves {
		drawn.Add(trace{curve, p, curveStyle(i)})
	}
	thin.Color = frameInk.color()
	drawn.Add(frame(thin))

	p.x.put(&drawn.X, f.XLabel, size.X-80, 85)
	p.y.put(&drawn.Y, f.YLabel, size.Y-60, 70)
	return drawn
}

// put gives an axis the span's range and its ticks, one for each so many points
// of its length.
func (s span) put(a *plot.Axis, label string, length, each vg.Length) {
	const more = 100 // may be added to the label
	ticks, label := s.ticks(shorten(textStyle(labelSize), label, length-more), float64(length/each))
	a.Min, a.Max = s.lo, s.hi
	a.Padding, a.Width = 0, 0 // the frame stands for the axis's line
	style := func(t *draw.TextStyle, size vg.Length) {
		t.Font, t.Color, t.Handler = textStyle(size).Font, black.color(), exponents{textStyle(size).Handler}
	}
	style(&a.Tick.Label, tickSize)
	style(&a.Label.TextStyle, labelSize)
	a.Label.Text, a.Label.Padding = label, 6
	a.Tick.Length, a.Tick.Width, a.Tick.Color = 7, 1, frameInk.color()
	a.Tick.Marker = plot.ConstantTicks(ticks)
}

// A frame is a line round all that a plot shows.
type frame draw.LineStyle

// Plot draws the frame; it implements plot.Plotter.
func (f frame) Plot(c draw.Canvas, _ *plot.Plot) {
	lower, upper := c.Min, c.Max
	c.StrokeLines(draw.LineStyle(f), []vg.Point{lower, {X: upper.X, Y: lower.Y}, upper, {X: lower.X, Y: upper.Y}, lower})
}

// dot returns the style of each of so many points: the more, the smaller, and
// without the rims that would then hide more than they show.
func dot(points int) draw.GlyphStyle {
	style := draw.GlyphStyle{Color: pointInk.color(), Shape: draw.CircleGlyph{}}
	style.Radius = vg.Length(min(5.5, max(3.2, 6.5-float64(points)/80)))
	if points < 80 {
		style.Shape = rimmed{}
	}
	return style
}

// rimmed is a disc with a white rim that keeps it apart from those below.
type rimmed struct{ draw.CircleGlyph }

// DrawGlyph implements draw.GlyphDrawer.
func (r rimmed) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	rim := style
	rim.Radius += 1.2
	c.SetColor(color.White)
	r.CircleGlyph.DrawGlyph(c, rim, at)
	c.SetColor(style.Color)
	r.CircleGlyph.DrawGlyph(c, style, at)
}
