package growth

import (
	"fmt"
	"math"

	"github.com/concluder/concluder/stages/expr"
)

// An Order says how one expression grows beside another.
type Order int

const (
	Unresolved Order = iota
	Smaller          // f = o(g)
	Same             // f = Θ(g)
	Larger           // f = ω(g)
)

var orderNames = [...]string{"unresolved", "smaller", "same", "larger"}

func (o Order) String() string {
	if o >= 0 && int(o) < len(orderNames) {
		return orderNames[o]
	}
	return fmt.Sprintf("Order(%d)", int(o))
}

// A Comparison is the outcome of Compare.
type Comparison struct {
	Order       Order
	Ratio       float64 // limit of f/g: 0 for Smaller; not 0 for Same, ±Inf or 0 only beyond the range of float64; ±Inf for Larger; NaN when unresolved
	Assumptions []string
	Reason      string // why it is unresolved; else ""
}

// Compare says how f grows beside g as their variable grows beyond all bounds:
// by the limit of |f/g|. It is unresolved where the expansions cannot decide,
// never a guess.
func Compare(f, g expr.Expr) Comparison {
	s, leads, err := expandAll([]expr.Expr{f, g}, false)
	var c Comparison
	if err == nil {
		c, err = s.order(leads[0], leads[1])
	}
	if err != nil {
		c = Comparison{Ratio: math.NaN(), Reason: err.Error()}
	}
	c.Assumptions = s.assumptions
	return c
}

func (s *growthScale) order(f, g lead) (Comparison, error) {
	switch {
	case g.zero:
		return Comparison{}, stuckf("the second expression is zero")
	case f.zero:
		return Comparison{Order: Smaller}, nil
	case f.err != nil && g.err != nil:
		return Comparison{}, f.err
	}
	fm, gm := f.m, g.m
	if f.err != nil {
		fm = f.bound.m
	}
	if g.err != nil {
		gm = g.bound.m
	}
	v, err := s.compare(fm, gm)
	if err != nil {
		return Comparison{}, err
	}
	switch {
	case f.err != nil: // |f| is at most of the order of its bound
		if v < 0 {
			return Comparison{Order: Smaller}, nil
		}
		return Comparison{}, f.err
	case g.err != nil: // without a term of its own g may be zero, unless it oscillates
		if v > 0 && g.bound.cause == oscillation {
			return Comparison{Order: Larger, Ratio: math.Inf(1)}, nil
		}
		return Comparison{}, g.err
	case v < 0:
		return Comparison{Order: Smaller}, nil
	}
	sf, err := s.sign(f.c)
	if err != nil {
		return Comparison{}, err
	}
	sg, err := s.sign(g.c)
	if err != nil {
		return Comparison{}, err
	}
	if v > 0 {
		return Comparison{Order: Larger, Ratio: math.Inf(sf * sg)}, nil
	}
	return Comparison{Order: Same, Ratio: s.float(s.quoConstants(f.c, g.c))}, nil
}
