package stages

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Lengths in units, of which a figure is 800 high, or 1000 wide where it is
// narrower than that.
const (
	unitsHigh  = 800
	unitsWide  = 1000 // at least
	margin     = 16
	titleSize  = 19
	labelSize  = 16
	tickSize   = 14
	legendSize = 14
	legendRow  = 22
	swatch     = 44
	curveWidth = 2.2
)

// compose draws the figure: the title, below it the legend, then one panel or
// two side by side.
func (f Figure) compose(c canvas, face *typeface, width, height float64) {
	u := min(height/unitsHigh, width/unitsWide)

	title := face.shorten(f.Title, titleSize*u, width-2*margin*u)
	y := (margin + titleSize) * u
	c.text((width-face.measure(title, titleSize*u))/2, y, title, titleSize*u, false, black)
	y += 12 * u

	data := f.finite()
	panels := []panel{newPanel(f, data, false, u)}
	if f.LogLog {
		panels = append(panels, newPanel(f, data, true, u))
	}
	y = drawLegend(c, face, f.legend(panels, len(data)), y, width, u)

	each := width / float64(len(panels))
	for i, p := range panels {
		p.place(face, float64(i)*each, y, float64(i+1)*each, height)
		p.draw(c, face, f, data)
	}
}

// finite returns the points that can be drawn: those so large that a range
// might overflow are left out, those so small that one might vanish are zero.
func (f Figure) finite() []xy {
	const large, small = 1e300, 1e-300
	within := func(v float64) (float64, bool) {
		if math.Abs(v) < small {
			v = 0
		}
		return v, math.Abs(v) < large // false for NaN
	}
	data := make([]xy, 0, len(f.X))
	for i := range f.X {
		x, okX := within(f.X[i])
		y, okY := within(f.Y[i])
		if okX && okY {
			data = append(data, xy{x, y})
		}
	}
	return data
}

// An entry is one line of the legend: what a label stands for. No dashes mean
// a whole line.
type entry struct {
	label string
	color ink
	dash  []float64
	dot   bool
}

// legend lists the points, each curve and the limit, and says which of them lie
// outside every panel.
func (f Figure) legend(panels []panel, points int) []entry {
	list := []entry{{label: fmt.Sprintf("measured, %d points", points), color: pointInk, dot: true}}
	for i, curve := range f.Curves {
		e := entry{label: curve.Label}
		e.color, e.dash = style(i)
		if !slices.ContainsFunc(panels, func(p panel) bool { return p.seen[i] }) {
			e.label += " (outside this range)"
		}
		list = append(list, e)
	}
	if f.Limit > 0 {
		e := entry{label: "limit " + plain(f.Limit), color: limitInk, dash: limitDash()}
		if f.Limit > panels[0].y.hi {
			e.label += " (above this range)"
		}
		list = append(list, e)
	}
	return list
}

// drawLegend draws the entries below y, in two columns where all labels are
// short enough, and returns where they end.
func drawLegend(c canvas, face *typeface, list []entry, y, width, u float64) float64 {
	const gap = 6
	size := legendSize * u
	left := 3 * margin * u
	columns := 2
	room := (width-2*left)/2 - (swatch+3*gap)*u
	for _, e := range list {
		if face.measure(e.label, size) > room {
			columns = 1
		}
	}
	column := (width - 2*left) / float64(columns)
	for i, e := range list {
		x := left + float64(i%columns)*column
		middle := y + (float64(i/columns)+0.5)*legendRow*u
		if e.dot {
			c.dots([]xy{{x + swatch*u/2, middle}}, dotRadius(0)*u, 0, e.color)
		} else {
			c.polylines([][]xy{{{x + 3*u, middle}, {x + (swatch-3)*u, middle}}}, curveWidth*u, scaled(e.dash, u), e.color)
		}
		label := face.shorten(e.label, size, column-(swatch+3*gap)*u)
		c.text(x+(swatch+gap)*u, middle+0.35*size, label, size, false, black)
	}
	rows := (len(list) + columns - 1) / columns
	return y + (float64(rows)*legendRow+8)*u
}

func limitDash() []float64 { return []float64{7, 6} }

// scaled returns lengths in pixels.
func scaled(dash []float64, u float64) []float64 {
	lengths := make([]float64, len(dash))
	for i, d := range dash {
		lengths[i] = d * u
	}
	return lengths
}

// plain prints a number for people.
func plain(v float64) string {
	return minus(strings.Replace(fmt.Sprintf("%.6g", v), "e+", "e", 1))
}
