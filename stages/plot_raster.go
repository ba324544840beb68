package stages

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"sync"
)

// rasters keeps rasters: a picture of 3600 × 2400 pixels takes 8.6 MB, and to
// allocate and clear that costs more than to draw on it.
var rasters = sync.Pool{New: func() any { return &raster{face: newTypeface()} }}

// A raster is a canvas of pixels, one byte each: a figure has few colours, and
// edges need few steps between two of them. A paletted picture is drawn and
// encoded several times faster than a picture of 32 bits a pixel.
//
// An entry of the palette is an ink over another in a number of steps, made
// when it is first needed. So a shape painted twice is not darker, and lines
// may be drawn as strings of overlapping capsules.
type raster struct {
	image   image.Paletted
	entries []mix                    // what the palette's entries are
	index   [inks][inks][solid]uint8 // of the entry of (top, below, step); 0 for none yet
	face    *typeface
	buffer  *png.EncoderBuffer
}

// A mix is an ink over another: step/solid of top.
type mix struct {
	top, below ink
	step       uint8
}

// solid is the number of steps from one ink to another.
const solid = 16

func (r *raster) reset(width, height int) {
	if n := width * height; cap(r.image.Pix) < n {
		r.image.Pix = make([]uint8, n)
	} else {
		r.image.Pix = r.image.Pix[:n]
		clear(r.image.Pix) // paper is entry 0
	}
	r.image.Stride, r.image.Rect = width, image.Rect(0, 0, width, height)
	r.image.Palette = make(color.Palette, inks)
	r.entries = r.entries[:0]
	for i := range inks {
		rgb := i.rgb()
		r.image.Palette[i] = color.RGBA{rgb[0], rgb[1], rgb[2], 255}
		r.entries = append(r.entries, mix{i, i, solid})
	}
	r.index = [inks][inks][solid]uint8{}
}

// entry returns the palette's entry of a mix. When all 256 are taken it is the
// nearer of the two inks.
func (r *raster) entry(m mix) uint8 {
	if m.step == solid || m.top == m.below {
		return uint8(m.top)
	}
	if m.step == 0 {
		return uint8(m.below)
	}
	at := &r.index[m.top][m.below][m.step]
	if *at != 0 {
		return *at
	}
	if len(r.entries) == 256 {
		if m.step >= solid/2 {
			return uint8(m.top)
		}
		return uint8(m.below)
	}
	top, below := m.top.rgb(), m.below.rgb()
	var c [3]uint8
	for i := range c {
		c[i] = uint8((int(top[i])*int(m.step) + int(below[i])*(solid-int(m.step)) + solid/2) / solid)
	}
	*at = uint8(len(r.entries))
	r.entries = append(r.entries, m)
	r.image.Palette = append(r.image.Palette, color.RGBA{c[0], c[1], c[2], 255})
	return *at
}

// paint covers a share of a pixel, in 0 to 1, with an ink.
func (r *raster) paint(p *uint8, coverage float64, top ink) {
	step := uint8(coverage*solid + 0.5)
	if step == 0 {
		return
	}
	if step >= solid {
		*p = uint8(top)
		return
	}
	was := r.entries[*p]
	switch {
	case was.top == top:
		if was.step >= step {
			return
		}
		was.step = step
	case was.step >= solid/2:
		was = mix{top, was.top, step}
	case was.below == top:
		return
	default:
		was = mix{top, was.below, step}
	}
	*p = r.entry(was)
}

// row returns the pixels of a line from x0 up to x1, and where they start; none
// outside the picture.
func (r *raster) row(y, x0, x1 int) ([]uint8, int) {
	x0, x1 = max(x0, 0), min(x1, r.image.Rect.Max.X)
	if y < 0 || y >= r.image.Rect.Max.Y || x0 >= x1 {
		return nil, x0
	}
	return r.image.Pix[y*r.image.Stride+x0 : y*r.image.Stride+x1], x0
}

// rectangle fills whole pixels: edges that are meant to be crisp.
func (r *raster) rectangle(x0, y0, x1, y1 float64, color ink) {
	for y := int(math.Round(y0)); y < int(math.Round(y1)); y++ {
		row, _ := r.row(y, int(math.Round(x0)), int(math.Round(x1)))
		for i := range row {
			row[i] = uint8(color)
		}
	}
}

func (r *raster) polylines(lines [][]xy, width float64, dash []float64, color ink) {
	for _, line := range lines {
		if len(dash) > 0 {
			for _, part := range dashed(line, dash) {
				r.line(part, width/2, color)
			}
		} else {
			r.line(line, width/2, color)
		}
	}
}

func (r *raster) line(line []xy, half float64, color ink) {
	for i := range len(line) - 1 {
		r.capsule(line[i], line[i+1], half, color)
	}
}

// capsule paints all points within half of the segment from a to b. A pixel is
// covered by as much as its centre lies inside the edge, which is exact for an
// edge along the axes and off by less than a tenth for others.
func (r *raster) capsule(a, b xy, half float64, color ink) {
	reach := half + 0.5
	dx, dy := b.x-a.x, b.y-a.y
	square := dx*dx + dy*dy
	inner := max(0, half-0.5)
	for y := int(math.Floor(min(a.y, b.y) - reach)); y <= int(math.Ceil(max(a.y, b.y)+reach)); y++ {
		row, x0 := r.row(y, int(math.Floor(min(a.x, b.x)-reach)), int(math.Ceil(max(a.x, b.x)+reach))+1)
		for i := range row {
			px, py := float64(x0+i)+0.5-a.x, float64(y)+0.5-a.y
			if square > 0 {
				t := max(0, min(1, (px*dx+py*dy)/square))
				px, py = px-t*dx, py-t*dy
			}
			switch d := px*px + py*py; {
			case d >= reach*reach:
			case d <= inner*inner:
				row[i] = uint8(color)
			default:
				r.paint(&row[i], reach-math.Sqrt(d), color)
			}
		}
	}
}

// dashed cuts a line into dashes along its length.
func dashed(line []xy, dash []float64) [][]xy {
	var parts [][]xy
	part := line[:1:1]
	which, left := 0, dash[0]
	for i := range len(line) - 1 {
		a, b := line[i], line[i+1]
		length := math.Hypot(b.x-a.x, b.y-a.y)
		for done := 0.0; ; {
			if done+left > length {
				left -= length - done
				break
			}
			done += left
			t := done / length
			at := xy{a.x + t*(b.x-a.x), a.y + t*(b.y-a.y)}
			if which%2 == 0 {
				parts = append(parts, append(part, at))
			}
			part = []xy{at}
			which = (which + 1) % len(dash)
			left = dash[which]
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

func (r *raster) dots(centres []xy, radius, rim float64, color ink) {
	for _, c := range centres {
		if rim > 0 {
			r.capsule(c, c, radius+rim, paper)
		}
		r.capsule(c, c, radius, color)
	}
}

func (r *raster) text(x, y float64, s string, size float64, up bool, color ink) {
	pixels := int(math.Round(size))
	for _, char := range s {
		g := r.face.glyph(char, pixels)
		ox, oy := int(math.Round(x)), int(math.Round(y))
		b := g.mask.Rect
		for gy := range b.Max.Y {
			coverage := g.mask.Pix[gy*g.mask.Stride : gy*g.mask.Stride+b.Max.X]
			for gx, a := range coverage {
				if a == 0 {
					continue
				}
				px, py := ox+g.left+gx, oy+g.top+gy
				if up {
					px, py = ox+g.top+gy, oy-g.left-gx-1
				}
				if row, _ := r.row(py, px, px+1); len(row) == 1 {
					r.paint(&row[0], float64(a)/255, color)
				}
			}
		}
		if up {
			y -= r.face.advance(char) * size
		} else {
			x += r.face.advance(char) * size
		}
	}
}

// encode writes the picture as PNG. The fastest compression takes a third of the
// time of the default and makes files a fifth larger.
func (r *raster) encode(w io.Writer) error {
	e := png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: r}
	return e.Encode(w, &r.image)
}

// Get and Put make a raster the pool of its own encoder's buffer.
func (r *raster) Get() *png.EncoderBuffer  { return r.buffer }
func (r *raster) Put(b *png.EncoderBuffer) { r.buffer = b }
