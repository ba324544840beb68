package growth

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/expr"
)

// seriesOf reads a series from bytes: pairs of 16-bit numbers, scaled by the
// first byte, or raw float64 where the second is odd.
func seriesOf(b []byte) Series {
	if len(b) < 2 {
		return Series{}
	}
	scale := math.Pow(10, float64(int8(b[0]))/8)
	raw := b[1]%2 == 1
	var points [][2]float64
	for b = b[2:]; ; {
		var p [2]float64
		switch {
		case raw && len(b) >= 16:
			for i := range p {
				p[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
			}
			b = b[16:]
		case !raw && len(b) >= 4:
			p = [2]float64{float64(binary.LittleEndian.Uint16(b)), float64(binary.LittleEndian.Uint16(b[2:])) * scale}
			b = b[4:]
		default:
			slices.SortStableFunc(points, func(p, q [2]float64) int {
				if p[0] < q[0] {
					return -1
				} else if p[0] > q[0] {
					return 1
				}
				return 0
			})
			var s Series
			for _, p := range points {
				s.X, s.Y = append(s.X, p[0]), append(s.Y, p[1])
			}
			return s
		}
		if !math.IsNaN(p[0]+p[1]) && !math.IsInf(p[0], 0) && !math.IsInf(p[1], 0) && len(points) < 600 {
			points = append(points, p)
		}
	}
}

// FuzzConclude: whatever the points, an analysis ends, in good time, with a
// class, a probability and a reason, and a bound holds on every point.
func FuzzConclude(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, tr := range truths {
		s := tr.draw(r, 24, 0.05)
		b := []byte{0, 1}
		for i := range s.X {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.X[i]))
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(s.Y[i]))
		}
		f.Add(b)
	}
	f.Add([]byte{0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := seriesOf(b)
		if len(s.X) == 0 {
			return
		}
		var a *Analysis
		var c Conclusion
		if !timely(func() { a = Analyze(s, Options{Resamples: 20}); c = Conclude(s, a, nil) }) {
			t.Errorf("%d points took more than %v", len(s.X), slowest)
		}
		if !slices.Contains(judged[:], a.Class) || a.Class != c.Class {
			t.Errorf("class %q, concluded %q", a.Class, c.Class)
		}
		if !(a.Confidence >= 0 && a.Confidence <= 1) || a.Basis == "" || a.Reasoning == "" {
			t.Errorf("confidence %v, basis %q, reasoning %q", a.Confidence, a.Basis, a.Reasoning)
		}
		if c.Bound.Text == "" {
			t.Fatal("no bound")
		}
		if c.Shape.IsZero() {
			return // the largest value itself
		}
		start := time.Now()
		above(t, c.Bound.Text, s)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("checking %s took %v", c.Bound.Text, took)
		}
	})
}

// FuzzEnvelope: an envelope of any shape holds, or says why there is none.
func FuzzEnvelope(f *testing.F) {
	for _, g := range shapes {
		f.Add(g, []byte{8, 0, 1, 0, 2, 0, 5, 0, 9, 0, 20, 0, 30, 0, 40, 0, 70, 0, 60, 0, 90, 0, 90, 0, 99, 0, 130, 0, 90, 1, 150, 0, 9, 9})
	}
	f.Fuzz(func(t *testing.T, text string, b []byte) {
		r, err := expr.Parse(text, expr.Sympy)
		s := seriesOf(b)
		if err != nil || len(s.X) == 0 || slices.ContainsFunc(s.Y, func(y float64) bool { return math.Abs(y) > mostMagnitude }) {
			return
		}
		e, err := Envelope(r.Expr, s)
		var refused *ShapeError
		if errors.As(err, &refused) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		above(t, e.Text, s)
	})
}
