package growth

import (
	"math"
	"math/rand/v2"
	"testing"
)

// plainSolve is the textbook's solve, in one loop.
func plainSolve(phi, y, w []float64, offset bool) (a, b, sse float64) {
	var sw, sp, sy, pp, py, yy float64
	for i, v := range y {
		wp, wy := w[i]*phi[i], w[i]*v
		sw += w[i]
		sp += wp
		sy += wy
		pp += wp * phi[i]
		py += wp * v
		yy += wy * v
	}
	if sw == 0 {
		return 0, 0, 0
	}
	if offset {
		pp -= sp * sp / sw
		py -= sp * sy / sw
		yy -= sy * sy / sw
	}
	if pp > 0 {
		b = py / pp
	}
	if offset {
		a = (sy - b*sp) / sw
	}
	return a, b, math.Max(yy-b*py, 0)
}

// A target's solutions are those of the plain loop, to the last bit, one function
// at a time and two.
func TestSolve(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	list := func(n int, zeros bool) []float64 {
		l := make([]float64, n)
		for i := range l {
			if l[i] = math.Exp(20*r.Float64() - 10); zeros && r.IntN(3) == 0 {
				l[i] = 0
			}
		}
		return l
	}
	for range 2000 {
		n := r.IntN(40)
		y, w, phi, psi := list(n, true), list(n, true), list(n+r.IntN(2), true), list(n, false)
		offset := r.IntN(2) == 0
		type solution struct{ a, b, sse float64 }
		var got [3]solution
		tg := newTarget(y, w)
		m, k := tg.moments2(phi, psi)
		got[0].a, got[0].b, got[0].sse = tg.solve(m, offset)
		got[1].a, got[1].b, got[1].sse = tg.solve(k, offset)
		got[2].a, got[2].b, got[2].sse = solve(phi, y, w, offset)
		var want [2]solution
		want[0].a, want[0].b, want[0].sse = plainSolve(phi, y, w, offset)
		want[1].a, want[1].b, want[1].sse = plainSolve(psi, y, w, offset)
		if got != [3]solution{want[0], want[1], want[0]} {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}
