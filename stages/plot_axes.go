package stages

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// A span is what an axis shows: its range and, within that, the points'. Where
// it is logarithmic these are logarithms to base ten, and the axis is linear all
// the same: on a plot.LogScale gonum makes room for the label at the mean of the
// range, far up the axis, and a value that is not positive panics.
type span struct {
	lo, hi      float64
	least, most float64
	log         bool
}

// at returns where a value lies on the axis.
func (s span) at(v float64) float64 {
	switch {
	case !s.log:
		return v
	case v <= 0:
		return math.Inf(-1)
	default:
		return math.Log10(v)
	}
}

// value returns what lies at a place of the axis.
func (s span) value(at float64) float64 {
	if s.log {
		return math.Pow(10, at)
	}
	return at
}

// newSpan shows all values with a little room about them. A linear axis starts
// at zero unless all values are far from it.
func newSpan(values []float64, log bool) span {
	s := span{log: log, least: math.Inf(1), most: math.Inf(-1)}
	for _, v := range values {
		s.least, s.most = min(s.least, s.at(v)), max(s.most, s.at(v))
	}
	if len(values) == 0 {
		s.least, s.most = s.at(1), s.at(10)
	}
	s.lo, s.hi = s.least, s.most
	size := max(math.Abs(s.lo), math.Abs(s.hi))
	switch {
	case !log && size < 1e-280: // nothing that could be divided into steps
		s.lo, s.hi = 0, 1
	case !log && s.lo > 0 && s.lo < 0.4*s.hi:
		s.lo = 0
	case log && s.hi-s.lo < 1e-9: // one value, or as good as one
		s.lo, s.hi = s.lo-0.3, s.hi+0.3
	case !log && s.hi-s.lo <= 1e-9*size:
		s.lo, s.hi = s.lo-size/2, s.hi+size/2
	}
	room := 0.03 * (s.hi - s.lo)
	s.lo, s.hi = s.lo-room, s.hi+room
	return s
}

// include widens the range at its upper end for the sake of a curve, but not so
// far that the points would be crowded into a corner.
func (s *span) include(v float64) {
	reach := s.most + 0.6*math.Abs(s.most-min(0, s.least))
	if s.log {
		reach = s.most + math.Log10(1.6)
	}
	if v > s.most && v <= reach {
		s.hi = max(s.hi, v+0.02*(s.hi-s.lo))
	}
}

// ticks marks round values, about count of them with a label, and names the
// power of ten that these leave out in the axis's own label. gonum's tickers aim
// at three labels whatever the length, and print 20000000 and 1e-05.
func (s span) ticks(label string, count float64) ([]plot.Tick, string) {
	count = max(2, count)
	if s.log {
		return s.logTicks(count), label + ", log scale"
	}
	step := niceStep((s.hi - s.lo) / count)
	scale, suffix, label := scale(max(math.Abs(s.lo), math.Abs(s.hi)), label)
	decimals := max(0, -int(math.Floor(math.Log10(step/scale)+1e-9)))
	return s.multiples(step, func(v float64) string {
		if v == 0 {
			return "0"
		}
		return minus(strconv.FormatFloat(v/scale, 'f', decimals, 64)) + suffix
	}), label
}

// multiples marks those of step that are in range.
func (s span) multiples(step float64, label func(float64) string) []plot.Tick {
	var ticks []plot.Tick
	for i := math.Ceil(s.value(s.lo) / step); i*step <= s.value(s.hi); i++ {
		ticks = append(ticks, plot.Tick{Value: s.at(i * step), Label: label(i * step)})
	}
	return ticks
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

// scale returns the power of a thousand by which labels of numbers up to a size
// are divided, 1 for those of everyday size, and where it goes: into the unit of
// seconds, behind each tick's label as k, M, G or T, or into the axis's label.
func scale(size float64, label string) (divisor float64, suffix, newLabel string) {
	name, seconds := strings.CutSuffix(label, "(s)")
	if size < 1e4 && (size >= 0.1 || size >= 0.01 && !seconds) {
		return 1, "", label
	}
	thousands := int(math.Floor(math.Log10(size) / 3))
	switch {
	case seconds && thousands < 0 && thousands >= -3:
		label = name + "(" + []string{"ms", "µs", "ns"}[-thousands-1] + ")"
	case thousands > 0 && thousands <= 4:
		suffix = prefix(thousands)
	default:
		label += " × " + powerOfTen(3*thousands)
	}
	return math.Pow10(3 * thousands), suffix, label
}

// logTicks marks all round values, one digit and zeros, and labels powers of
// ten: also 3, or 2 and 5, times them where there is room, and not each of them
// where there is none.
func (s span) logTicks(count float64) []plot.Tick {
	decades := s.hi - s.lo
	if decades < 0.9 { // few such values
		return s.multiples(niceStep((s.value(s.hi)-s.value(s.lo))/count), plain)
	}
	digits := "1"
	for _, more := range []string{"13", "125"} {
		if decades*float64(len(more)) <= 1.2*count {
			digits = more
		}
	}
	every := max(1, int(math.Ceil(decades/count)))
	everyday := s.lo >= -3.1 && s.hi < 4.3
	var ticks []plot.Tick
	for e := int(math.Floor(s.lo)); e <= int(s.hi); e++ {
		for m := 1; m <= 9; m++ {
			t := plot.Tick{Value: float64(e) + math.Log10(float64(m))}
			switch {
			case t.Value < s.lo || t.Value > s.hi:
				continue
			case !strings.Contains(digits, strconv.Itoa(m)) || e%every != 0:
				if m > 1 && decades >= 12 {
					continue
				}
			case len(digits) > 1 || everyday:
				t.Label = roundLabel(m, e)
			default:
				t.Label = powerOfTen(e)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// roundLabel prints m·10^e, with a prefix from ten thousand on.
func roundLabel(m, e int) string {
	switch {
	case e >= -4 && e <= 3:
		return plain(float64(m) * math.Pow10(e))
	case e > 3 && e < 15:
		return plain(float64(m)*math.Pow10(e%3)) + prefix(e/3)
	case m > 1:
		return strconv.Itoa(m) + "·" + powerOfTen(e)
	default:
		return powerOfTen(e)
	}
}

// prefix returns that of the SI for a power of a thousand, 1 to 4.
func prefix(thousands int) string { return "kMGT"[thousands-1 : thousands] }

func powerOfTen(e int) string { return "10" + raise + minus(strconv.Itoa(e)) }

// minus replaces the hyphen of a negative number by the sign.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// plain prints a number for people.
func plain(v float64) string {
	return minus(strings.Replace(fmt.Sprintf("%.6g", v), "e+", "e", 1))
}
