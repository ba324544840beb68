package stages

import "math"

// A panel is one pair of axes with what is drawn between them.
type panel struct {
	x, y axis
	u    float64 // pixels of a unit
	seen []bool  // which curves come into its range
}

// newPanel chooses the ranges of the axes: that of the points, and as much more
// as the curves and the limit need, within reason.
func newPanel(f Figure, data []xy, log bool, u float64) panel {
	xs, ys := make([]float64, len(data)), make([]float64, len(data))
	for i, p := range data {
		xs[i], ys[i] = p.x, p.y
	}
	p := panel{x: newAxis(xs, f.XLabel, log), y: newAxis(ys, f.YLabel, log), u: u}

	top, reach := p.y.most, p.y.reach()
	samples := make([][]xy, len(f.Curves))
	for i, curve := range f.Curves {
		samples[i] = sample(curve, p.x, 200)
		for _, s := range samples[i] {
			if s.y > top && s.y <= reach {
				top = s.y
			}
		}
	}
	if f.Limit > top && f.Limit <= reach {
		top = f.Limit
	}
	p.y.include(top)

	p.seen = make([]bool, len(f.Curves))
	for i := range samples {
		for _, s := range samples[i] {
			p.seen[i] = p.seen[i] || s.y >= p.y.lo && s.y <= p.y.hi
		}
	}
	return p
}

// dotRadius returns that of a dot, in units: the more points, the smaller.
func dotRadius(points int) float64 {
	return min(5.5, max(3.2, 6.5-float64(points)/80))
}

// crowded is the number of points from which rims would hide more than they
// show.
const crowded = 80

// place lays the frame into the rectangle and leaves room for ticks and labels.
func (p *panel) place(face *typeface, x0, y0, x1, y1 float64) {
	u := p.u
	// Where a long legend leaves next to nothing, some of it is overdrawn.
	const smallest = 60
	bottom := y1 - (margin+labelSize+tickSize+22)*u
	top := min(y0+4*u, bottom-smallest*u)
	p.y.from, p.y.to = math.Round(bottom), math.Round(top)
	p.y.setTicks((bottom - top) / u / 70)
	left := x0 + (margin+labelSize+22)*u + p.y.widest(face, tickSize*u)
	right := max(x1-1.5*margin*u, left+smallest*u)
	p.x.from, p.x.to = math.Round(left), math.Round(right)
	p.x.setTicks((right - left) / u / 85)
}

// draw draws the panel: grid, points, curves, and the frame over them.
func (p *panel) draw(c canvas, face *typeface, f Figure, data []xy) {
	p.drawGrid(c)

	centres := make([]xy, 0, len(data))
	for _, d := range data {
		if x, y := p.x.at(d.x), p.y.at(d.y); !math.IsInf(x, 0) && !math.IsInf(y, 0) {
			centres = append(centres, xy{x, y})
		}
	}
	rim := 0.0
	if len(data) < crowded {
		rim = 1.2 * p.u
	}
	c.dots(centres, dotRadius(len(data))*p.u, rim, pointInk)
	if f.Limit > 0 && f.Limit >= p.y.lo && f.Limit <= p.y.hi {
		y := p.y.at(f.Limit)
		c.polylines([][]xy{{{p.x.from, y}, {p.x.to, y}}}, curveWidth*p.u, scaled(limitDash(), p.u), limitInk)
	}
	for i, curve := range f.Curves {
		color, dash := style(i)
		c.polylines(p.trace(curve), curveWidth*p.u, scaled(dash, p.u), color)
	}

	p.drawFrame(c)
	p.drawLabels(c, face)
}

// thin is the width of the lines of grid and frame, in pixels.
func (p *panel) thin() float64 { return max(1, math.Round(p.u)) }

func (p *panel) drawGrid(c canvas) {
	half := p.thin() / 2
	for _, t := range p.x.ticks {
		if t.label.text != "" {
			x := math.Round(p.x.at(t.value))
			c.rectangle(x-half, p.y.to, x+half, p.y.from, grid)
		}
	}
	for _, t := range p.y.ticks {
		if t.label.text != "" {
			y := math.Round(p.y.at(t.value))
			c.rectangle(p.x.from, y-half, p.x.to, y+half, grid)
		}
	}
}

// drawFrame draws the frame and the ticks outside it.
func (p *panel) drawFrame(c canvas) {
	left, right, bottom, top, thin := p.x.from, p.x.to, p.y.from, p.y.to, p.thin()
	c.rectangle(left-thin, top-thin, right+thin, top, frame)
	c.rectangle(left-thin, bottom, right+thin, bottom+thin, frame)
	c.rectangle(left-thin, top, left, bottom, frame)
	c.rectangle(right, top, right+thin, bottom, frame)
	length := func(t tick) float64 {
		if t.label.text == "" {
			return 4 * p.u
		}
		return 7 * p.u
	}
	for _, t := range p.x.ticks {
		x := math.Round(p.x.at(t.value))
		c.rectangle(x-thin/2, bottom, x+thin/2, bottom+length(t), frame)
	}
	for _, t := range p.y.ticks {
		y := math.Round(p.y.at(t.value))
		c.rectangle(left-length(t), y-thin/2, left, y+thin/2, frame)
	}
}

func (p *panel) drawLabels(c canvas, face *typeface) {
	left, right, bottom, top, u := p.x.from, p.x.to, p.y.from, p.y.to, p.u
	size := tickSize * u
	for _, t := range p.x.ticks {
		x := math.Round(p.x.at(t.value))
		t.label.draw(c, face, x-t.label.width(face, size)/2, bottom+9*u+size, size, false)
	}
	for _, t := range p.y.ticks {
		y := math.Round(p.y.at(t.value))
		t.label.draw(c, face, left-11*u-t.label.width(face, size), y+0.35*size, size, false)
	}

	size = labelSize * u
	p.x.label.text = face.shorten(p.x.label.text, size, right-left)
	p.x.label.draw(c, face, (left+right-p.x.label.width(face, size))/2, bottom+(14+tickSize)*u+size, size, false)
	p.y.label.text = face.shorten(p.y.label.text, size, bottom-top)
	p.y.label.draw(c, face, left-20*u-p.y.widest(face, tickSize*u), (top+bottom+p.y.label.width(face, size))/2, size, true)
}

// widest returns the width of the widest label of the ticks.
func (a *axis) widest(face *typeface, size float64) float64 {
	w := 0.0
	for _, t := range a.ticks {
		w = max(w, t.label.width(face, size))
	}
	return w
}

// raised is the size of an exponent as a share of that of its text.
const raised = 0.72

func (l caption) width(face *typeface, size float64) float64 {
	return face.measure(l.text, size) + face.measure(l.exponent, raised*size)
}

// draw starts the caption at (x, y) and runs right, or up.
func (l caption) draw(c canvas, face *typeface, x, y, size float64, up bool) {
	if l.text == "" {
		return
	}
	c.text(x, y, l.text, size, up, black)
	if l.exponent == "" {
		return
	}
	along, above := face.measure(l.text, size), 0.38*size
	if up {
		c.text(x-above, y-along, l.exponent, raised*size, up, black)
	} else {
		c.text(x+along, y-above, l.exponent, raised*size, up, black)
	}
}
