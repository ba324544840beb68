package stages

import (
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// textStyle returns that of a figure's text: Liberation Sans, whose metrics are
// those of Arial and Helvetica.
func textStyle(size vg.Length) text.Style {
	return text.Style{
		Color:   black.color(),
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		Handler: text.Plain{Fonts: font.DefaultCache},
	}
}

// raise starts an exponent, which ends a text. Text of users does not contain
// it: it is no printable character.
const raise = "\v"

// exponents sets what follows raise smaller and higher: few fonts have all
// digits raised.
type exponents struct{ text.Handler }

// small is the size of an exponent as a share of that of its text.
const small = 0.72

// Box returns the measures of a text with its exponent; see text.Handler.
func (h exponents) Box(txt string, fnt font.Font) (width, height, depth vg.Length) {
	base, exponent, ok := strings.Cut(txt, raise)
	width, height, depth = h.Handler.Box(base, fnt)
	if ok {
		fnt.Size *= small
		more, _, _ := h.Handler.Box(exponent, fnt)
		width += more
	}
	return width, height, depth
}

// Draw renders a text with its exponent; see text.Handler.
func (h exponents) Draw(c vg.Canvas, txt string, sty text.Style, pt vg.Point) {
	base, exponent, ok := strings.Cut(txt, raise)
	if !ok {
		h.Handler.Draw(c, txt, sty, pt)
		return
	}
	sin, cos := math.Sincos(sty.Rotation)
	move := func(along, above vg.Length) { // in the direction of the text
		pt = pt.Add(vg.Point{X: along*vg.Length(cos) - above*vg.Length(sin), Y: along*vg.Length(sin) + above*vg.Length(cos)})
	}
	move(vg.Length(sty.XAlign)*sty.Width(txt), 0)
	sty.XAlign = text.XLeft
	h.Handler.Draw(c, base, sty, pt)

	// The base line is at a distance in proportion to the size; see text.Plain.
	line := sty.Height(base)*vg.Length(sty.YAlign) - sty.FontExtents().Ascent + sty.Font.Size
	move(sty.Width(base), (1-small)*line+0.38*sty.Font.Size)
	sty.Font.Size *= small
	h.Handler.Draw(c, exponent, sty, pt)
}

// longNumber is a number with more digits than a reader of a legend wants.
var longNumber = regexp.MustCompile(`\d+\.\d{3,}(?:[eE][-+]?\d+)?`)

// shorten makes s fit into a width: where it is too long, first numbers lose
// digits beyond the fourth, then the end goes.
func shorten(sty text.Style, s string, width vg.Length) string {
	s = printable(s)
	if sty.Width(s) <= width {
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
	if sty.Width(s) <= width {
		return s
	}
	runes := []rune(s)
	cut := func(n int) string { return strings.TrimRight(string(runes[:n]), " ") + "…" }
	return cut(sort.Search(len(runes), func(n int) bool { return sty.Width(cut(n+1)) > width }))
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
