package growth

import (
	"fmt"
	"math"

	"github.com/concluder/concluder/stages/expr"
)

// A Proof says how a bound stands to the fitted equation between the measured
// points.
type Proof int

const (
	Undecided Proof = iota
	Above           // proven by interval arithmetic: the bound is nowhere under the equation
	Crossed         // the equation exceeds the bound somewhere
)

// mostBoxes bounds the work of a proof: some tens of milliseconds at most.
const mostBoxes = 4096

// ProveAbove decides whether bound >= f on [lo, hi] by interval branch and
// bound: a part of the range is done when the least value of the bound there is
// not under the greatest of f, and is halved otherwise. It returns also a size
// where f exceeds the bound, when Crossed.
func ProveAbove(bound, f expr.Expr, lo, hi float64) (Proof, float64) {
	type box struct{ lo, hi float64 }
	open := []box{{lo, hi}}
	undecided := false
	for n := 0; len(open) > 0; n++ {
		if n == mostBoxes {
			return Undecided, 0
		}
		b := open[len(open)-1]
		open = open[:len(open)-1]
		u, v := bound.Interval(b.lo, b.hi), f.Interval(b.lo, b.hi)
		if !u.Empty() && !u.Partial && !v.Empty() && !v.Partial && u.Lo >= v.Hi {
			continue
		}
		mid := b.lo + (b.hi-b.lo)/2
		p, q := bound.Interval(mid, mid), f.Interval(mid, mid)
		if !p.Empty() && !q.Empty() && p.Hi < q.Lo {
			return Crossed, mid
		}
		if !(mid > b.lo && mid < b.hi) || b.hi-b.lo < 1e-9*math.Max(math.Abs(lo), math.Abs(hi)) {
			undecided = true
			continue
		}
		open = append(open, box{mid, b.hi}, box{b.lo, mid})
	}
	if undecided {
		return Undecided, 0
	}
	return Above, 0
}

// between is the note of a proof.
func between(b Bound, eq *Equation, s Series) string {
	lo, hi := s.X[0], s.X[len(s.X)-1]
	// Simplified, terms that cancel do not widen the intervals.
	f := expr.Simplify(eq.Expr)
	switch p, x := ProveAbove(b.Expr, f, lo, hi); p {
	case Above:
		return fmt.Sprintf("the bound is proven by interval arithmetic to stay above the equation from x0 = %s to %s; beyond, the comparison is asymptotic only", number(lo), number(hi))
	case Crossed:
		return fmt.Sprintf("the equation exceeds the bound at x0 = %s, between measured points", number(x))
	}
	return "whether the bound stays above the equation between the measured points is undecided"
}
