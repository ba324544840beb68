package stages

import "math"

// sample evaluates a curve at n values of x over the range of the points,
// evenly spaced on the axis.
func sample(c Curve, x axis, n int) []xy {
	xs, ys := make([]float64, n), make([]float64, n)
	for i := range xs {
		t := float64(i) / float64(n-1)
		switch {
		case i == 0:
			xs[i] = x.least
		case i == n-1:
			xs[i] = x.most
		case x.log:
			xs[i] = math.Pow(10, (1-t)*math.Log10(x.least)+t*math.Log10(x.most))
		default:
			xs[i] = x.least + (x.most-x.least)*t
		}
	}
	return evaluate(c, xs, ys)
}

func evaluate(c Curve, xs, ys []float64) []xy {
	c.F(xs, ys)
	points := make([]xy, len(xs))
	for i, x := range xs {
		points[i] = xy{x, ys[i]}
	}
	return points
}

// trace returns what is seen of a curve in the panel's frame, in pixels. Where
// it leaves the frame it ends exactly there.
func (p *panel) trace(c Curve) [][]xy {
	points := sample(c, p.x, max(2, int((p.x.to-p.x.from)/(2*p.u))))
	points = p.toPixels(p.refine(c, points))
	return p.cut(points)
}

// refine evaluates the curve more densely where it is steep and in sight.
func (p *panel) refine(c Curve, points []xy) []xy {
	const parts = 8
	var xs []float64
	steep := func(i int) bool {
		a, b := p.height(points[i]), p.height(points[i+1])
		return math.Abs(a-b) > 8*p.u && p.side(a)*p.side(b) != 1
	}
	for i := range len(points) - 1 {
		if steep(i) {
			for k := 1; k < parts; k++ {
				xs = append(xs, points[i].x+(points[i+1].x-points[i].x)*float64(k)/parts)
			}
		}
	}
	if len(xs) == 0 {
		return points
	}
	extra := evaluate(c, xs, make([]float64, len(xs)))
	refined := make([]xy, 0, len(points)+len(extra))
	for i, point := range points {
		refined = append(refined, point)
		if i+1 < len(points) && steep(i) {
			refined = append(refined, extra[:parts-1]...)
			extra = extra[parts-1:]
		}
	}
	return refined
}

// height returns a point's pixel, no further from the frame than ten times its
// height, so that arithmetic on it stays exact enough; NaN for no value.
func (p *panel) height(v xy) float64 {
	far := 10 * (p.y.from - p.y.to)
	y := p.y.at(v.y)
	return max(p.y.to-far, min(p.y.from+far, y))
}

// side says where a pixel lies: -1 above the frame, 1 below it, 0 within. Two
// pixels on one outer side have a product of 1.
func (p *panel) side(y float64) int {
	switch {
	case y < p.y.to:
		return -1
	case y > p.y.from:
		return 1
	default:
		return 0
	}
}

// toPixels drops values that are no numbers, where only one or two in a row are
// missing, and leaves one of them as a gap where there are more.
func (p *panel) toPixels(points []xy) []xy {
	var pixels []xy
	missing := 0
	for _, v := range points {
		y := p.height(v)
		if math.IsNaN(y) {
			missing++
			continue
		}
		if missing > 2 {
			pixels = append(pixels, xy{math.NaN(), math.NaN()})
		}
		missing = 0
		pixels = append(pixels, xy{p.x.at(v.x), y})
	}
	return pixels
}

// cut returns the parts of a line that lie within the frame. A step from above
// the frame to below it, or back, is a pole and no part of the curve.
func (p *panel) cut(line []xy) [][]xy {
	var parts [][]xy
	var part []xy
	end := func() {
		if len(part) > 1 {
			parts = append(parts, part)
		}
		part = nil
	}
	for i := range len(line) - 1 {
		a, b := line[i], line[i+1]
		outside := p.side(a.y) * p.side(b.y) // 1: both on one side, -1: opposite
		if math.IsNaN(a.y) || math.IsNaN(b.y) || outside != 0 {
			end()
			continue
		}
		if p.side(a.y) != 0 {
			end()
			a = p.crossing(a, b)
		}
		if part == nil {
			part = append(part, a)
		}
		if p.side(b.y) != 0 {
			part = append(part, p.crossing(b, a))
			end()
		} else {
			part = append(part, b)
		}
	}
	end()
	return parts
}

// crossing returns where the line from outside to inside enters the frame.
func (p *panel) crossing(outside, inside xy) xy {
	edge := p.y.to
	if p.side(outside.y) > 0 {
		edge = p.y.from
	}
	t := (edge - outside.y) / (inside.y - outside.y)
	return xy{outside.x + t*(inside.x-outside.x), edge}
}
