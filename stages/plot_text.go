package stages

import (
	"image"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// faces keeps typefaces with what they have measured and rasterised.
var faces = sync.Pool{New: func() any { return newTypeface() }}

// parseFont reads the embedded font once; a Font is safe for concurrent use.
var parseFont = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(liberationsansregular.TTF) })

// A typeface measures and rasterises Liberation Sans, whose metrics are those
// of Arial and Helvetica. It is for one goroutine at a time.
type typeface struct {
	font     *sfnt.Font // nil if the font cannot be read: then there is no text
	buffer   sfnt.Buffer
	advances map[rune]float64 // in em
	glyphs   map[glyphKey]glyph
	scan     vector.Rasterizer
}

type glyphKey struct {
	r    rune
	size int // pixels of an em
}

// A glyph is a mask of coverage; its upper left corner lies at (left, top) from
// the origin on the base line.
type glyph struct {
	mask      *image.Alpha
	left, top int
}

// mostGlyphs bounds what a typeface remembers, whatever texts come along.
const mostGlyphs = 2000

func newTypeface() *typeface {
	f, err := parseFont()
	if err != nil {
		f = nil
	}
	return &typeface{font: f, advances: map[rune]float64{}, glyphs: map[glyphKey]glyph{}}
}

// measure returns the width of s in pixels.
func (t *typeface) measure(s string, size float64) float64 {
	em := 0.0
	for _, r := range s {
		em += t.advance(r)
	}
	return em * size
}

// advance returns the width of r in em.
func (t *typeface) advance(r rune) float64 {
	if a, ok := t.advances[r]; ok {
		return a
	}
	if t.font == nil {
		return 0.5
	}
	const units = 2048
	a := 0.5
	if i, err := t.font.GlyphIndex(&t.buffer, r); err == nil {
		if w, err := t.font.GlyphAdvance(&t.buffer, i, fixed.I(units), font.HintingNone); err == nil {
			a = float64(w) / 64 / units
		}
	}
	if len(t.advances) >= mostGlyphs {
		clear(t.advances)
	}
	t.advances[r] = a
	return a
}

// glyph returns the mask of r; an empty one where the font has no outline.
func (t *typeface) glyph(r rune, size int) glyph {
	key := glyphKey{r, size}
	if g, ok := t.glyphs[key]; ok {
		return g
	}
	if len(t.glyphs) >= mostGlyphs {
		clear(t.glyphs)
	}
	g := t.rasterise(r, size)
	t.glyphs[key] = g
	return g
}

func (t *typeface) rasterise(r rune, size int) glyph {
	empty := glyph{mask: image.NewAlpha(image.Rectangle{})}
	if t.font == nil {
		return empty
	}
	index, err := t.font.GlyphIndex(&t.buffer, r)
	if err != nil {
		return empty
	}
	outline, err := t.font.LoadGlyph(&t.buffer, index, fixed.I(size), nil)
	if err != nil || len(outline) == 0 {
		return empty
	}
	bounds := outline.Bounds()
	left, top := bounds.Min.X.Floor(), bounds.Min.Y.Floor()
	width, height := bounds.Max.X.Ceil()-left, bounds.Max.Y.Ceil()-top
	t.scan.Reset(width, height)
	at := func(p fixed.Point26_6) (x, y float32) {
		return float32(p.X)/64 - float32(left), float32(p.Y)/64 - float32(top)
	}
	for _, s := range outline {
		x0, y0 := at(s.Args[0])
		x1, y1 := at(s.Args[1])
		x2, y2 := at(s.Args[2])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			t.scan.ClosePath()
			t.scan.MoveTo(x0, y0)
		case sfnt.SegmentOpLineTo:
			t.scan.LineTo(x0, y0)
		case sfnt.SegmentOpQuadTo:
			t.scan.QuadTo(x0, y0, x1, y1)
		case sfnt.SegmentOpCubeTo:
			t.scan.CubeTo(x0, y0, x1, y1, x2, y2)
		}
	}
	t.scan.ClosePath()
	mask := image.NewAlpha(image.Rect(0, 0, width, height))
	t.scan.Draw(mask, mask.Bounds(), image.Opaque, image.Point{})
	return glyph{mask, left, top}
}

// longNumber is a number with more digits than a reader of a legend wants.
var longNumber = regexp.MustCompile(`\d+\.\d{3,}(?:[eE][-+]?\d+)?`)

// shorten makes s fit into a width: where it is too long, first numbers lose
// digits beyond the fourth, then the end goes.
func (t *typeface) shorten(s string, size, width float64) string {
	s = printable(s)
	if t.measure(s, size) <= width {
		return s
	}
	s = longNumber.ReplaceAllStringFunc(s, func(number string) string {
		v, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return number
		}
		if short := strings.Replace(strconv.FormatFloat(v, 'g', 4, 64), "e-0", "e-", 1); len(short) < len(number) {
			return strings.Replace(strings.Replace(short, "e+0", "e", 1), "e+", "e", 1)
		}
		return number
	})
	if t.measure(s, size) <= width {
		return s
	}
	room := width/size - t.advance('…')
	for i, r := range s {
		if room -= t.advance(r); room < 0 || math.IsNaN(room) {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// printable replaces what has no shape: control characters and broken text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
}
