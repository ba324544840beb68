package stages

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A vectorFile is a canvas that writes SVG, in the same pixels as a raster.
type vectorFile struct {
	body strings.Builder
}

func newVectorFile(title string, width, height int) *vectorFile {
	v := &vectorFile{}
	fmt.Fprintf(&v.body, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" stroke="none" font-family="Liberation Sans, Arial, Helvetica, sans-serif">`+"\n",
		width, height, width, height)
	v.body.WriteString("<title>" + escaped(printable(title)) + "</title>\n")
	v.rectangle(0, 0, float64(width), float64(height), paper)
	return v
}

// hex returns the colour as SVG writes it.
func (i ink) hex() string {
	c := i.rgb()
	return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2])
}

// px prints a length to a tenth of a pixel.
func px(v float64) string {
	s := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

func (v *vectorFile) rectangle(x0, y0, x1, y1 float64, color ink) {
	fmt.Fprintf(&v.body, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"/>`+"\n",
		px(x0), px(y0), px(x1-x0), px(y1-y0), color.hex())
}

func (v *vectorFile) polylines(lines [][]xy, width float64, dash []float64, color ink) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(&v.body, `<path fill="none" stroke="%s" stroke-width="%s" stroke-linecap="round" stroke-linejoin="round"`, color.hex(), px(width))
	for i, d := range dash {
		if i == 0 {
			v.body.WriteString(` stroke-dasharray="`)
		} else {
			v.body.WriteByte(' ')
		}
		v.body.WriteString(px(d))
		if i == len(dash)-1 {
			v.body.WriteByte('"')
		}
	}
	v.body.WriteString(` d="`)
	for _, line := range lines {
		for i, p := range line {
			v.body.WriteByte("ML"[min(i, 1)])
			v.body.WriteString(px(p.x) + " " + px(p.y))
		}
	}
	v.body.WriteString("\"/>\n")
}

func (v *vectorFile) dots(centres []xy, radius, rim float64, color ink) {
	fmt.Fprintf(&v.body, `<g fill="%s"`, color.hex())
	if rim > 0 {
		fmt.Fprintf(&v.body, ` stroke="%s" stroke-width="%s"`, paper.hex(), px(rim))
	}
	v.body.WriteString(">\n")
	r := px(radius + rim/2) // half of the stroke lies inside
	for _, c := range centres {
		v.body.WriteString(`<circle cx="` + px(c.x) + `" cy="` + px(c.y) + `" r="` + r + "\"/>\n")
	}
	v.body.WriteString("</g>\n")
}

func (v *vectorFile) text(x, y float64, s string, size float64, up bool, color ink) {
	place := fmt.Sprintf(`x="%s" y="%s"`, px(x), px(y))
	if up {
		place = fmt.Sprintf(`transform="translate(%s %s) rotate(-90)"`, px(x), px(y))
	}
	fmt.Fprintf(&v.body, `<text %s font-size="%s" fill="%s">%s</text>`+"\n", place, px(size), color.hex(), escaped(s))
}

func escaped(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return ""
	}
	return b.String()
}

func (v *vectorFile) encode(w io.Writer) error {
	_, err := io.WriteString(w, v.body.String()+"</svg>\n")
	return err
}
