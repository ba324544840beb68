package stages

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lengths in points.
const (
	margin     = 18
	titleSize  = 19
	labelSize  = 16
	tickSize   = 14
	legendSize = 14
)

// draw draws the figure: the title, below it the legend, then one panel or two
// side by side.
func (f Figure) draw(c draw.Canvas) {
	c = draw.Crop(c, margin, -margin, margin, -margin)
	title := textStyle(titleSize)
	title.XAlign, title.YAlign = draw.XCenter, draw.YTop
	c.FillText(title, vg.Point{X: c.Center().X, Y: c.Max.Y}, shorten(title, f.Title, c.Size().X))
	c.Max.Y -= 1.75 * titleSize

	panels := []panel{f.panel(false)}
	if f.LogLog {
		panels = append(panels, f.panel(true))
	}
	c.Max.Y -= drawLegend(draw.Crop(c, margin, -margin, 0, 0), f.legend(panels))
	// Where a long legend leaves next to nothing, some of it is overdrawn.
	c.Max.Y = max(c.Max.Y-0.5*margin, c.Min.Y+150)

	tiles := draw.Tiles{Cols: len(panels), Rows: 1, PadX: 1.5 * margin}
	for i, p := range panels {
		area := tiles.At(c, i, 0)
		p.plot(f, area.Size()).Draw(area)
	}
}

// An entry is one line of the legend: what a label stands for.
type entry struct {
	label string
	thumb plot.Thumbnailer
}

// Thumbnail implements plot.Thumbnailer; it keeps off the label.
func (e entry) Thumbnail(c *draw.Canvas) {
	left := draw.Crop(*c, 0, -6, 0, 0)
	e.thumb.Thumbnail(&left)
}

// legend lists the points, each curve and the limit, and says which of them lie
// outside every panel.
func (f Figure) legend(panels []panel) []entry {
	points := len(panels[0].data)
	list := []entry{{fmt.Sprintf("measured, %d points", points), &plotter.Scatter{GlyphStyle: dot(points)}}}
	for i, curve := range f.Curves {
		e := entry{curve.Label, &plotter.Line{LineStyle: curveStyle(i)}}
		if !slices.ContainsFunc(panels, func(p panel) bool { return p.seen[i] }) {
			e.label += " (outside this range)"
		}
		list = append(list, e)
	}
	if f.Limit > 0 {
		e := entry{"limit " + plain(f.Limit), &plotter.Line{LineStyle: limitInk.stroke(9, 4)}}
		if f.Limit > panels[0].y.hi { // the linear one
			e.label += " (above this range)"
		}
		list = append(list, e)
	}
	return list
}

// drawLegend draws the entries at the top, in two columns where all labels are
// short enough, and returns their height.
func drawLegend(c draw.Canvas, list []entry) vg.Length {
	const thumbnail, gap = 48, 10
	sty := textStyle(legendSize)
	columns := 2
	room := func() vg.Length { return c.Size().X/vg.Length(columns) - thumbnail - 2*gap }
	for _, e := range list {
		if sty.Width(e.label) > room() {
			columns = 1
		}
	}
	tiles := draw.Tiles{Cols: columns, Rows: 1}
	var height vg.Length
	for column := range columns {
		legend := plot.NewLegend()
		legend.TextStyle = sty
		legend.Top, legend.Left = true, true
		legend.ThumbnailWidth, legend.Padding = thumbnail, gap
		for i := column; i < len(list); i += columns {
			legend.Add(shorten(sty, list[i].label, room()), list[i])
		}
		legend.Draw(tiles.At(c, column, 0))
		height = max(height, legend.Rectangle(c).Size().Y+legend.Padding)
	}
	return height
}
