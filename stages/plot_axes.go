package stages

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// An axis maps values to pixels.
type axis struct {
	lo, hi      float64 // the range that is shown
	least, most float64 // that of the points
	log         bool
	from, to    float64 // pixels of lo and hi
	label       caption
	ticks       []tick
}

// A tick is a mark on an axis; a minor one has no label.
type tick struct {
	value float64
	label caption
}

// A caption is text that may end in an exponent, which is set smaller and
// higher: few fonts have all digits raised.
type caption struct{ text, exponent string }

// newAxis shows all values with a little room about them. A linear axis starts
// at zero unless all values are far from it.
func newAxis(values []float64, label string, log bool) axis {
	a := axis{label: caption{text: label}, log: log, least: math.Inf(1), most: math.Inf(-1)}
	for _, v := range values {
		if v > 0 || !log {
			a.least, a.most = min(a.least, v), max(a.most, v)
		}
	}
	if a.least > a.most { // nothing to show
		a.least, a.most = 1, 10
	}
	a.lo, a.hi = a.least, a.most
	switch {
	case !log && a.lo > 0 && a.lo < 0.4*a.hi:
		a.lo = 0
	case a.hi-a.lo > 1e-9*max(math.Abs(a.lo), math.Abs(a.hi)):
	case log: // one value, or as good as one
		a.lo, a.hi = a.lo/2, a.hi*2
	case a.lo == 0:
		a.hi = 1
	default:
		a.lo, a.hi = a.lo-math.Abs(a.lo)/2, a.hi+math.Abs(a.hi)/2
	}
	if a.log { // room that keeps points off the frame
		room := math.Pow(10, 0.03*a.decades())
		a.lo, a.hi = a.lo/room, a.hi*room
	} else {
		room := 0.025 * (a.hi - a.lo)
		a.lo, a.hi = a.lo-room, a.hi+room
	}
	return a
}

// decades returns how many powers of ten a logarithmic axis spans.
func (a *axis) decades() float64 { return math.Log10(a.hi) - math.Log10(a.lo) }

// reach returns how far up the range may grow for the sake of a curve: beyond
// it the points would be crowded into a corner.
func (a *axis) reach() float64 { return a.most + 0.6*math.Abs(a.most-min(0, a.least)) }

// include widens the range at its upper end.
func (a *axis) include(v float64) {
	if v > a.most {
		if a.log {
			a.hi = max(a.hi, v*math.Pow(10, 0.02*a.decades()))
		} else {
			a.hi = max(a.hi, v+0.02*(v-a.lo))
		}
	}
}

// at returns the pixel of v; infinite where a logarithmic axis has none.
func (a *axis) at(v float64) float64 {
	if a.log {
		if v <= 0 {
			return math.Inf(1) * (a.from - a.to)
		}
		return a.from + (a.to-a.from)*(math.Log10(v)-math.Log10(a.lo))/a.decades()
	}
	return a.from + (a.to-a.from)*((v-a.lo)/(a.hi-a.lo))
}

// setTicks marks round values, about count of them with a label, and names the
// power of ten that the labels leave out in the axis's label.
func (a *axis) setTicks(count float64) {
	if a.log {
		a.logTicks(count)
		a.label.text += ", log scale"
		return
	}
	step := niceStep((a.hi - a.lo) / max(2, count))
	exponent := a.exponent()
	suffix := a.unit(exponent)
	scale := math.Pow10(exponent)
	decimals := max(0, -int(math.Floor(math.Log10(step/scale)+1e-9)))
	for _, i := range a.multiples(step) {
		label := "0"
		if i != 0 {
			label = minus(strconv.FormatFloat(i*step/scale, 'f', decimals, 64)) + suffix
		}
		a.ticks = append(a.ticks, tick{i * step, caption{text: label}})
	}
}

// multiples returns the whole numbers whose products with step are in range.
func (a *axis) multiples(step float64) []float64 {
	var numbers []float64
	first := math.Ceil(a.lo / step)
	for k := 0; (first+float64(k))*step <= a.hi; k++ {
		numbers = append(numbers, first+float64(k))
	}
	return numbers
}

// niceStep returns the least of 1, 2 and 5 times a power of ten that is not
// much below step.
func niceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= 0.8*step {
			return f * power
		}
	}
	return 10 * power
}

// exponent returns the power of ten, a multiple of three, by which tick labels
// are divided: 0 for numbers of everyday size.
func (a *axis) exponent() int {
	size := max(math.Abs(a.lo), math.Abs(a.hi))
	everyday := 0.01
	if strings.HasSuffix(a.label.text, seconds) {
		everyday = 0.1
	}
	if size >= everyday && size < 1e4 {
		return 0
	}
	return 3 * int(math.Floor(math.Log10(size)/3))
}

// seconds is how a label ends that names them as its unit.
const seconds = "(s)"

// unit says where a power of ten goes: into the unit of seconds, behind each
// label as k, M, G or T, or into the axis's label.
func (a *axis) unit(exponent int) (suffix string) {
	if exponent == 0 {
		return ""
	}
	name, inSeconds := strings.CutSuffix(a.label.text, seconds)
	switch {
	case inSeconds && exponent < 0 && exponent >= -9:
		a.label.text = name + "(" + []string{"ms", "µs", "ns"}[-exponent/3-1] + ")"
	case exponent > 0 && exponent <= 12:
		return prefixes[exponent/3]
	default:
		power := powerOfTen(exponent)
		a.label = caption{a.label.text + " × " + power.text, power.exponent}
	}
	return ""
}

// logTicks marks all round values, one digit and zeros, and labels powers of
// ten: also 3, or 2 and 5, times them where there is room, and not each of them
// where there is none.
func (a *axis) logTicks(count float64) {
	decades := a.decades()
	if decades < 0.9 { // few such values
		step := niceStep((a.hi - a.lo) / max(2, count))
		for _, i := range a.multiples(step) {
			a.ticks = append(a.ticks, tick{i * step, caption{text: plain(i * step)}})
		}
		return
	}
	digits := "1"
	for _, more := range []string{"13", "125"} {
		if decades*float64(len(more)) <= 1.2*count {
			digits = more
		}
	}
	every := max(1, int(math.Ceil(decades/max(2, count))))
	everyday := a.lo >= 0.8e-3 && a.hi < 2e4
	for e := int(math.Floor(math.Log10(a.lo))); e <= int(math.Ceil(math.Log10(a.hi))); e++ {
		for m := 1; m <= 9; m++ {
			v := multiple(m, e)
			switch {
			case v < a.lo || v > a.hi:
			case !strings.Contains(digits, strconv.Itoa(m)) || e%every != 0:
				if m == 1 || decades < 12 {
					a.ticks = append(a.ticks, tick{value: v})
				}
			case len(digits) > 1:
				a.ticks = append(a.ticks, tick{v, roundLabel(m, e)})
			case everyday:
				a.ticks = append(a.ticks, tick{v, caption{text: plain(v)}})
			default:
				a.ticks = append(a.ticks, tick{v, powerOfTen(e)})
			}
		}
	}
}

// multiple returns m·10^e, rounded once.
func multiple(m, e int) float64 {
	v, err := strconv.ParseFloat(fmt.Sprintf("%de%d", m, e), 64)
	if err != nil {
		return math.Inf(e)
	}
	return v
}

// prefixes are those of the SI by thousands.
var prefixes = [...]string{"", "k", "M", "G", "T"}

// roundLabel prints m·10^e, with a prefix from ten thousand on.
func roundLabel(m, e int) caption {
	switch {
	case e >= -4 && e <= 3:
		return caption{text: plain(multiple(m, e))}
	case e > 3 && e < 15:
		return caption{text: plain(multiple(m, e%3)) + prefixes[e/3]}
	case m > 1:
		c := powerOfTen(e)
		c.text = strconv.Itoa(m) + "·" + c.text
		return c
	default:
		return powerOfTen(e)
	}
}

func powerOfTen(e int) caption { return caption{"10", minus(strconv.Itoa(e))} }

// minus replaces the hyphen of a negative number by the sign.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }
