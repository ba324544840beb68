package llmtest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// own answers a question by itself, always alike: it reads the points that the
// prompt shows and tells a straight line from a power and from an exponential.
func own(prompt string) string {
	var x, y []float64
	for line := range strings.SplitSeq(prompt, "\n") {
		a, b, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		size, err1 := strconv.ParseFloat(a, 64)
		value, err2 := strconv.ParseFloat(strings.TrimSpace(b), 64)
		if err1 == nil && err2 == nil {
			x, y = append(x, size), append(y, value)
		}
	}
	class, bound, why := shape(x, y)
	b, err := json.Marshal(map[string]any{
		"reasoning": why, "type_of_equation": class, "upper_bound": bound, "complexity": "O(" + bound + ")", "confidence": 0.8,
	})
	if err != nil {
		panic(err) // only strings and numbers
	}
	return string(b)
}

// shape fits log y to log x and to x over the points where both are positive.
func shape(x, y []float64) (class, bound, why string) {
	var lx, px, ly []float64
	for i := range x {
		if x[i] > 0 && y[i] > 0 {
			lx, px, ly = append(lx, math.Log(x[i])), append(px, x[i]), append(ly, math.Log(y[i]))
		}
	}
	if len(lx) < 3 {
		return "unknown", "x0", "There are too few positive points to tell."
	}
	power, r2power := slope(lx, ly)
	rate, r2exp := slope(px, ly)
	switch {
	case power < 0.1:
		return "unknown", "x0", "The points do not grow."
	case r2exp > r2power+0.02 && rate > 0:
		return "exponential", fmt.Sprintf("exp(%s*x0)", strconv.FormatFloat(rate, 'g', 4, 64)), "The logarithm of y grows in proportion to the size."
	case power < 1.2:
		return "linear", "x0", "y grows in proportion to the size."
	}
	return "polynomial", fmt.Sprintf("x0^%s", strconv.FormatFloat(power, 'f', 2, 64)), fmt.Sprintf("On logarithmic axes the slope is %.2f.", power)
}

// slope is the least squares slope of y over x, with R².
func slope(x, y []float64) (b, r2 float64) {
	var mx, my float64
	for i := range x {
		mx += x[i] / float64(len(x))
		my += y[i] / float64(len(x))
	}
	var xx, xy, yy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
		yy += (y[i] - my) * (y[i] - my)
	}
	if xx == 0 || yy == 0 {
		return 0, 0
	}
	return xy / xx, xy * xy / (xx * yy)
}

// quoted returns the line after the one that announces the equation, or the
// whole prompt's last paragraph: something that tells questions apart.
func quoted(prompt string) string {
	announced := false
	for l := range strings.SplitSeq(prompt, "\n") {
		if l = strings.TrimSpace(l); announced {
			return l
		}
		announced = strings.HasSuffix(l, "equation for y:")
	}
	return strings.TrimSpace(prompt)
}
