package growth

import (
	"fmt"

	"github.com/concluder/concluder/stages/expr"
)

// Asymptotic expansions of exp-log expressions as x grows beyond all bounds,
// in the manner of Richardson, Salvy, Shackell and van der Hoeven, "Asymptotic
// expansions of exp-log functions" (ISSAC 1996): every expression becomes a sum
// of monomials over one scale of elements, each of which grows faster than any
// power of those before it. Monomials compare by their exponents, fastest
// element first; coefficients and exponents are exact reals; sums are cut off
// after a number of terms, and what they leave out is carried as a bound.

// A growthScale is what expansions are written over: elements from the slowest to
// the fastest, …, log log x, log x, …, x, …, exp(x), … Expressions that are to
// be compared are expanded over one scale.
type growthScale struct {
	elements []*element
	x        *element
	keep     int // terms kept in a sum
	budget   int // steps of arithmetic left
	memo     map[expr.Expr]series

	assumptions []string
	cancelled   bool // coefficients with doubtful last digits have cancelled exactly
	doubtful    bool // zero is taken for coefficients that their last digits do not tell from it
	zeroed      bool // that has happened
	depth       int
}

// An element tends to infinity, and so does every positive power of it.
type element struct {
	rank int // position in the scale
	// log is the logarithm of the element: over slower elements, leading with
	// an infinite monomial. No other element's logarithm leads with that
	// monomial. It is empty for the last of log x, log log x, … so far.
	log  series
	next *element  // of x, log x, …: the logarithm itself, nil until it is needed
	src  expr.Expr // the element; of exponentials: what stands in the exponent
	kind elementKind
}

type elementKind uint8

const (
	chainElement elementKind = iota // x, log x, log log x, …
	expElement                      // exp(src)
)

// A factor is an element to a power other than 0.
type factor struct {
	el *element
	e  constant
}

// A monomial is a product of powers, fastest element first. Empty, it is 1.
type monomial []factor

type seriesTerm struct {
	c constant // not 0
	m monomial
}

// A series is a sum of terms, fastest first, and a remainder that grows at
// most as rest; rest is nil when there is none: the sum is exact.
type series struct {
	terms []seriesTerm
	rest  *remainder
}

type remainder struct {
	m     monomial
	cause cause
}

// A cause says whether more terms would make a remainder smaller.
type cause uint8

const (
	cutOff      cause = iota // they would
	rounding                 // floor and ceiling: they would not
	oscillation              // sine of an infinite argument: they would not
)

// A stuck error says why an expansion ends.
type stuck struct {
	reason string
	retry  bool // more terms may help
	cause  cause
}

func (e *stuck) Error() string { return e.reason }

func stuckf(format string, args ...any) error { return &stuck{reason: fmt.Sprintf(format, args...)} }

func newGrowthScale(keep, budget int) *growthScale {
	s := &growthScale{keep: keep, budget: budget, memo: map[expr.Expr]series{}}
	s.x = &element{src: expr.Var()}
	s.elements = []*element{s.x}
	return s
}

func (s *growthScale) spend(steps int) { s.budget -= steps }

func (s *growthScale) spent() bool { return s.budget <= 0 }

func (s *growthScale) assume(text string) {
	for _, a := range s.assumptions {
		if a == text {
			return
		}
	}
	s.assumptions = append(s.assumptions, text)
}

// logOf returns the logarithm of an element as a series.
func (s *growthScale) logOf(el *element) series {
	if el.kind == chainElement && el.next == nil {
		el.next = &element{src: expr.Log(el.src)}
		s.insertAt(el.next, 0)
		el.log = series{terms: []seriesTerm{{intConstant(1), monomial{{el.next, intConstant(1)}}}}}
	}
	return el.log
}

func (s *growthScale) insertAt(el *element, i int) {
	s.elements = append(s.elements, nil)
	copy(s.elements[i+1:], s.elements[i:])
	s.elements[i] = el
	for k, e := range s.elements {
		e.rank = k
	}
}

// insert puts an exponential into the scale at its place. The slowest element
// is always the last of the chain of logarithms: every infinite monomial, and
// so the logarithm of el, grows faster than its logarithm.
func (s *growthScale) insert(el *element) error {
	lead := el.log.terms[0].m
	for i, other := range s.elements {
		if i == 0 {
			continue
		}
		c, err := s.compare(lead, other.log.terms[0].m)
		if err != nil {
			return err
		}
		if c < 0 {
			s.insertAt(el, i)
			return nil
		}
	}
	s.insertAt(el, len(s.elements))
	return nil
}

// compare returns the sign of log(a/b): -1 where a = o(b).
func (s *growthScale) compare(a, b monomial) (int, error) {
	s.spend(1)
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case j == len(b) || i < len(a) && a[i].el.rank > b[j].el.rank:
			return s.sign(a[i].e)
		case i == len(a) || a[i].el.rank < b[j].el.rank:
			v, err := s.sign(b[j].e)
			return -v, err
		}
		if !sameConstant(a[i].e, b[j].e) {
			v, err := s.sign(s.addConstants(a[i].e, b[j].e.neg()))
			if v != 0 || err != nil {
				return v, err
			}
		}
		i++
		j++
	}
	return 0, nil
}

// size returns the sign of log m: 1 where m tends to infinity.
func (s *growthScale) size(m monomial) (int, error) { return s.compare(m, nil) }

// times multiplies monomials.
func (s *growthScale) times(a, b monomial) (monomial, error) {
	if len(a) == 0 {
		return b, nil
	}
	if len(b) == 0 {
		return a, nil
	}
	s.spend(1)
	out := make(monomial, 0, len(a)+len(b))
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case j == len(b) || i < len(a) && a[i].el.rank > b[j].el.rank:
			out = append(out, a[i])
			i++
		case i == len(a) || a[i].el.rank < b[j].el.rank:
			out = append(out, b[j])
			j++
		default:
			e, err := s.settled(s.addConstants(a[i].e, b[j].e))
			if err != nil {
				return nil, err
			}
			if !e.isZero() {
				out = append(out, factor{a[i].el, e})
			}
			i++
			j++
		}
	}
	return out, nil
}

// raise returns m to a power.
func (s *growthScale) raise(m monomial, e constant) monomial {
	if e.isZero() {
		return nil
	}
	out := make(monomial, len(m))
	for i, f := range m {
		out[i] = factor{f.el, s.mulConstants(f.e, e)}
	}
	return out
}
