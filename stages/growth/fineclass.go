package growth

import (
	"math"
	"strconv"
)

// Fine is the fine growth class of an expression as its variable grows beyond
// all bounds.
type Fine string

const (
	FineConstant     Fine = "constant"
	FineLogarithmic  Fine = "logarithmic"           // a power of log x, of log log x, …
	FineSublinear    Fine = "sublinear"             // between that and x
	FineLinear       Fine = "linear"                // c·x
	FineLinearithmic Fine = "linearithmic"          // x times a logarithmic factor
	FinePolynomial   Fine = "polynomial"            // x^a, a > 1, with or without slower factors
	FineQuasi        Fine = "quasi-polynomial"      // log f grows faster than log x and slower than any power of x
	FineStretched    Fine = "stretched exponential" // log f grows as a power of x under 1
	FineExponential  Fine = "exponential"           // log f is linear
	FineFactorial    Fine = "factorial-like"        // log f grows as x·log x
	FineSuper        Fine = "super-exponential"     // log f grows faster than that, up to powers of x
	FineDouble       Fine = "double exponential"    // log f grows faster than any power of x
	FineDecreasing   Fine = "decreasing"            // tends to 0
	FineOscillating  Fine = "oscillating"
	FineUnresolved   Fine = "unresolved"
)

// Exponents of x that count as linear in practice. People accept x^1.13 as
// linear, and x^0.93 is told from x by no one.
const (
	linearFrom = 0.87
	linearTo   = 1.15
)

// PracticalClass is the practical class of a fine class. It is total: what does
// not grow, grows too slowly or is not known is Unknown. Degree is the exponent
// of x where fine is sublinear or polynomial.
func PracticalClass(fine Fine, degree float64) Class {
	switch fine {
	case FineLinear, FineLinearithmic:
		return Linear
	case FineSublinear:
		if degree >= linearFrom {
			return Linear
		}
	case FinePolynomial:
		if degree <= linearTo {
			return Linear
		}
		return Polynomial
	case FineQuasi, FineStretched, FineExponential, FineFactorial, FineSuper, FineDouble:
		return Exponential
	}
	return Unknown
}

// classify names the growth of a monomial.
func (s *growthScale) classify(m monomial) (fine Fine, degree float64, text string, err error) {
	if len(m) == 0 {
		return FineConstant, 0, string(FineConstant), nil
	}
	v, err := s.size(m)
	switch {
	case err != nil:
		return FineUnresolved, 0, "", err
	case v < 0:
		return FineDecreasing, 0, string(FineDecreasing), nil
	}
	top := m[0]
	switch {
	case top.el.rank > s.x.rank:
		return s.classifyExponential(top)
	case top.el.kind == chainElement && top.el.rank < s.x.rank:
		return FineLogarithmic, 0, string(FineLogarithmic), nil
	case top.el.rank < s.x.rank:
		return FineSublinear, 0, "sublinear, slower than any power of x", nil
	}
	degree = s.float(top.e)
	beside, err := s.beside(m[1:])
	if err != nil {
		return FineUnresolved, 0, "", err
	}
	extra := ""
	if len(m) > 1 {
		extra = " with a slower factor"
		if m[1].el.kind == chainElement {
			extra = " with a logarithmic factor"
		}
	}
	one, err := s.sign(s.addConstants(top.e, intConstant(-1)))
	switch {
	case err != nil:
		return FineUnresolved, 0, "", err
	case one > 0:
		return FinePolynomial, degree, "polynomial, degree " + figure(degree) + extra, nil
	case one < 0:
		return FineSublinear, degree, "sublinear, degree " + figure(degree) + extra, nil
	case beside == 0:
		return FineLinear, 1, string(FineLinear), nil
	case beside < 0:
		return FineSublinear, 1, "sublinear, degree 1" + extra, nil
	case m[1].el.kind == chainElement:
		return FineLinearithmic, 1, string(FineLinearithmic), nil
	}
	return FinePolynomial, 1, "polynomial, degree 1" + extra, nil
}

// beside returns the sign of the logarithm of the slower factors.
func (s *growthScale) beside(m monomial) (int, error) {
	if len(m) == 0 {
		return 0, nil
	}
	return s.size(m)
}

// classifyExponential names the growth of a monomial whose fastest element is
// faster than x, by the logarithm of that element.
func (s *growthScale) classifyExponential(top factor) (fine Fine, degree float64, text string, err error) {
	l := top.el.log.terms[0].m
	lead := l[0]
	switch {
	case lead.el.rank > s.x.rank:
		// log log f leads with a multiple of the logarithm of lead.el.
		inner := lead.el.log.terms[0].m
		if inner[0].el == s.x {
			degree = s.float(inner[0].e)
			return FineDouble, degree, "double exponential, log log grows as x^" + figure(degree), nil
		}
		return FineDouble, math.NaN(), string(FineDouble), nil
	case lead.el.rank < s.x.rank:
		text = string(FineQuasi)
		if lead.el == s.x.next {
			degree = s.float(lead.e)
			text += ", log grows as (log x)^" + figure(degree)
		}
		return FineQuasi, degree, text, nil
	}
	degree = s.float(lead.e)
	one, err := s.sign(s.addConstants(lead.e, intConstant(-1)))
	if err != nil {
		return FineUnresolved, 0, "", err
	}
	beside, err := s.beside(l[1:])
	if err != nil {
		return FineUnresolved, 0, "", err
	}
	grows := ", log grows as x^" + figure(degree)
	if len(l) > 1 {
		grows += " with a slower factor"
	}
	switch {
	case one < 0, one == 0 && beside < 0:
		return FineStretched, degree, string(FineStretched) + grows, nil
	case one > 0:
		return FineSuper, degree, string(FineSuper) + grows, nil
	case beside == 0:
		return FineExponential, 1, string(FineExponential), nil
	case len(l) == 2 && l[1].el == s.x.next && l[1].e.isOne():
		return FineFactorial, 1, string(FineFactorial), nil
	}
	return FineSuper, 1, string(FineSuper) + grows, nil
}

// figure writes a degree for people.
func figure(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
