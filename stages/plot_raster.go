package stages

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"

	"git.sr.ht/~sbinet/gg"
	"gonum.org/v1/plot/vg"
)

// A raster is a paletted canvas for gonum/plot: it implements vg.CanvasSizer on
// an image of one byte a pixel. Plots have few colours, and edges need few steps
// between two of them. A picture of 3600 × 2400 pixels costs 0.03 s of a core to
// draw and encode; on gonum's own vgimg, of 32 bits a pixel, the same costs
// 0.35 s. BenchmarkFigure holds them side by side.
//
// An entry of the palette is an ink over another in a number of steps, made
// when it is first needed. So a shape painted twice is not darker, and lines
// may be drawn as strings of overlapping capsules.
//
// It draws what figures need: straight lines, discs, and text that runs right or
// up, in the nearest of its inks; encode returns an error after anything else.
// Ends and joins of lines are round, and lines along the axes keep to whole
// pixels.
type raster struct {
	image   image.Paletted
	dots    float64                          // pixels of a point
	inks    color.Palette                    // at most mostInks, the first is the background
	entries []mix                            // what the palette's entries are
	index   [mostInks][mostInks][solid]uint8 // of the entry of (top, below, step); 0 for none yet
	pen
	saved []pen
	err   error // what was asked for in vain
}

// A pen is the state that Push saves.
type pen struct {
	ink    uint8
	width  vg.Length
	dashes []vg.Length
	matrix gg.Matrix // from points to pixels
}

// A mix is an ink over another: step/solid of top.
type mix struct{ top, below, step uint8 }

const (
	solid    = 16 // the number of steps from one ink to another
	mostInks = 16
)

// newRaster returns a canvas of width × height pixels, filled with the first of
// at most sixteen opaque colours.
func newRaster(width, height int, dots float64, inks color.Palette) *raster {
	r := &raster{
		image: *image.NewPaletted(image.Rect(0, 0, width, height), append(color.Palette(nil), inks...)),
		dots:  dots,
		inks:  inks,
	}
	for i := range inks {
		r.entries = append(r.entries, mix{uint8(i), uint8(i), solid})
	}
	vg.Initialize(r)
	r.matrix = gg.Translate(0, float64(height)).Scale(dots, -dots)
	return r
}

func (r *raster) Size() (w, h vg.Length) {
	b := r.image.Rect
	return vg.Length(float64(b.Dx()) / r.dots), vg.Length(float64(b.Dy()) / r.dots)
}

func (r *raster) SetLineWidth(w vg.Length) { r.width = w }

func (r *raster) SetLineDash(pattern []vg.Length, offset vg.Length) {
	if r.dashes = pattern; offset != 0 {
		r.fail()
	}
}

func (r *raster) SetColor(c color.Color) {
	if c == nil {
		c = color.Black
	}
	r.ink = uint8(r.inks.Index(c))
}

func (r *raster) Rotate(rad float64)    { r.matrix = r.matrix.Rotate(rad) }
func (r *raster) Translate(pt vg.Point) { r.matrix = r.matrix.Translate(float64(pt.X), float64(pt.Y)) }
func (r *raster) Scale(x, y float64)    { r.matrix = r.matrix.Scale(x, y) }
func (r *raster) Push()                 { r.saved = append(r.saved, r.pen) }

func (r *raster) Pop() {
	r.pen = r.saved[len(r.saved)-1]
	r.saved = r.saved[:len(r.saved)-1]
}

func (r *raster) DrawImage(vg.Rectangle, image.Image) { r.fail() }

func (r *raster) fail() {
	r.err = errors.New("a paletted canvas draws only lines, discs and text")
}

// encode writes the picture as PNG. The fastest compression takes a third of the
// time of the default and makes files a fifth larger.
func (r *raster) encode(w io.Writer) error {
	if r.err != nil {
		return r.err
	}
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	return e.Encode(w, &r.image)
}

// entry returns the palette's entry of a mix. When all 256 are taken it is the
// nearer of the two inks.
func (r *raster) entry(m mix) uint8 {
	at := &r.index[m.top][m.below][m.step]
	switch {
	case *at != 0:
		return *at
	case len(r.entries) < 256:
		*at = uint8(len(r.entries))
		r.entries = append(r.entries, m)
		r.image.Palette = append(r.image.Palette, m.color(r.inks))
		return *at
	case m.step >= solid/2:
		return m.top
	default:
		return m.below
	}
}

func (m mix) color(inks color.Palette) color.Color {
	top, below := color.RGBAModel.Convert(inks[m.top]).(color.RGBA), color.RGBAModel.Convert(inks[m.below]).(color.RGBA)
	between := func(top, below uint8) uint8 {
		return uint8((int(top)*int(m.step) + int(below)*(solid-int(m.step)) + solid/2) / solid)
	}
	return color.RGBA{between(top.R, below.R), between(top.G, below.G), between(top.B, below.B), 255}
}

// paint covers a share of a pixel, in 0 to 1, with the ink.
func (r *raster) paint(p *uint8, coverage float64) {
	step := uint8(coverage*solid + 0.5)
	if step == 0 {
		return
	}
	if step >= solid {
		*p = r.ink
		return
	}
	was := r.entries[*p]
	switch {
	case was.top == r.ink:
		if was.step >= step {
			return
		}
		was.step = step
	case was.step >= solid/2:
		was = mix{r.ink, was.top, step}
	case was.below == r.ink:
		return
	default:
		was = mix{r.ink, was.below, step}
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
