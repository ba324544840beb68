package stages

import (
	"image"
	"math"

	"golang.org/x/image/math/fixed"
	"gonum.org/v1/gonum/spatial/r2"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// scale returns how many pixels a point takes.
func (r *raster) scale() float64 { return math.Hypot(r.matrix.XX, r.matrix.YX) }

func (r *raster) pixel(pt vg.Point) r2.Vec {
	x, y := r.matrix.TransformPoint(float64(pt.X), float64(pt.Y))
	return r2.Vec{X: x, Y: y}
}

// Fill fills a disc, which is a path of three components.
func (r *raster) Fill(p vg.Path) {
	if len(p) != 3 || p[1].Type != vg.ArcComp || math.Abs(p[1].Angle) < 2*math.Pi {
		r.fail()
		return
	}
	centre := r.pixel(p[1].Pos)
	r.capsule(centre, centre, float64(p[1].Radius)*r.scale())
}

// Stroke draws the lines of a path.
func (r *raster) Stroke(p vg.Path) {
	var line []r2.Vec
	for _, c := range p {
		switch c.Type {
		case vg.MoveComp:
			r.line(line)
			line = []r2.Vec{r.pixel(c.Pos)}
		case vg.LineComp:
			line = append(line, r.pixel(c.Pos))
		case vg.CloseComp:
			line = append(line, line[0])
		default:
			r.fail()
		}
	}
	r.line(line)
}

func (r *raster) line(line []r2.Vec) {
	half := float64(r.width) * r.scale() / 2
	if half <= 0 {
		return
	}
	draw := r.bar
	for i := range len(line) - 1 {
		if line[i].X != line[i+1].X && line[i].Y != line[i+1].Y {
			draw = r.capsule
		}
	}
	for _, part := range r.dashed(line, half) {
		for i := range len(part) - 1 {
			draw(part[i], part[i+1], half)
		}
	}
}

// bar fills whole pixels about the segment from a to b, which runs along an
// axis: its edges are crisp.
func (r *raster) bar(a, b r2.Vec, half float64) {
	side := func(from, to float64) (int, int) {
		first := math.Round(min(from, to) - half)
		return int(first), int(first + max(1, math.Round(math.Abs(to-from)+2*half)))
	}
	x0, x1 := side(a.X, b.X)
	y0, y1 := side(a.Y, b.Y)
	for y := y0; y < y1; y++ {
		row, _ := r.row(y, x0, x1)
		for i := range row {
			row[i] = r.ink
		}
	}
}

// capsule paints all points within half of the segment from a to b. A pixel is
// covered by as much as its centre lies inside the edge, which is exact for an
// edge along the axes and off by less than a tenth for others.
func (r *raster) capsule(a, b r2.Vec, half float64) {
	reach := half + 0.5
	d := r2.Sub(b, a)
	square := r2.Norm2(d)
	inner := max(0, half-0.5)
	for y := int(math.Floor(min(a.Y, b.Y) - reach)); y <= int(math.Ceil(max(a.Y, b.Y)+reach)); y++ {
		row, x0 := r.row(y, int(math.Floor(min(a.X, b.X)-reach)), int(math.Ceil(max(a.X, b.X)+reach))+1)
		for i := range row {
			px, py := float64(x0+i)+0.5-a.X, float64(y)+0.5-a.Y
			if square > 0 {
				t := max(0, min(1, (px*d.X+py*d.Y)/square))
				px, py = px-t*d.X, py-t*d.Y
			}
			switch d := px*px + py*py; {
			case d >= reach*reach:
			case d <= inner*inner:
				row[i] = r.ink
			default:
				r.paint(&row[i], reach-math.Sqrt(d))
			}
		}
	}
}

// dashed cuts a line into dashes along its length. These are shorter than the
// pattern says by the ends that they will get, half a width each.
func (r *raster) dashed(line []r2.Vec, half float64) [][]r2.Vec {
	if len(r.dashes) == 0 || len(line) == 0 {
		return [][]r2.Vec{line}
	}
	length := func(i int) float64 { // of a dash or, where i is odd, a gap
		l := float64(r.dashes[i%len(r.dashes)]) * r.scale()
		if i%2 == 0 {
			return max(0, l-2*half)
		}
		return max(1, l+2*half)
	}
	var parts [][]r2.Vec
	var part []r2.Vec
	which, left := -1, half
	for i := range len(line) - 1 {
		a, b := line[i], line[i+1]
		whole := r2.Norm(r2.Sub(b, a))
		for done := 0.0; ; {
			if done+left > whole {
				left -= whole - done
				break
			}
			done += left
			at := r2.Add(a, r2.Scale(done/whole, r2.Sub(b, a)))
			if which%2 == 0 {
				parts = append(parts, append(part, at))
			}
			part = []r2.Vec{at}
			which++
			left = length(which)
		}
		if which%2 == 0 {
			part = append(part, b)
		}
	}
	if which%2 == 0 && len(part) > 1 {
		parts = append(parts, part)
	}
	return parts
}

// FillString draws text as wide as f measures it, each glyph on whole pixels.
func (r *raster) FillString(f font.Face, pt vg.Point, s string) {
	face := f.FontFace(72 * r.scale())
	at := r.pixel(pt)
	before := ""
	for _, char := range s {
		this := string(char)
		// The width of the glyph before, with the kern between them.
		dx, dy := r.matrix.TransformVector(float64(f.Width(before+this)-f.Width(this)), 0)
		at, before = r2.Add(at, r2.Vec{X: dx, Y: dy}), this

		bounds, mask, _, _, _ := face.Glyph(fixed.Point26_6{}, char)
		alpha, _ := mask.(*image.Alpha)
		x0, y0 := int(math.Round(at.X)), int(math.Round(at.Y))
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				px, py := x0+x, y0+y
				if math.Abs(r.matrix.YX) > math.Abs(r.matrix.XX) { // up
					px, py = x0+y, y0-x-1
				}
				if row, _ := r.row(py, px, px+1); len(row) == 1 {
					r.paint(&row[0], float64(alpha.AlphaAt(x-bounds.Min.X, y-bounds.Min.Y).A)/255)
				}
			}
		}
	}
}
