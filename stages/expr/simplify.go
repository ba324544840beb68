package expr

import (
	"math/big"
	"sort"
	"strings"
)

// maxSimplifyBits bounds the powers of numbers that Simplify computes; larger
// ones stay as they were written.
const maxSimplifyBits = 1024

// Simplify returns an expression with the same value at every x > 0 where e is
// defined; it may be defined at more. Coefficients are exact rationals, nothing
// is rounded: x0 - x0*0.9999994 becomes 6e-7*x0. Like terms and like powers are
// collected, numbers are multiplied into sums, exp(a)*exp(b) becomes exp(a + b);
// products of sums are not expanded. Terms keep the order in which they first
// appear. Where a coefficient would take more digits than Parse reads, e comes
// back as it is.
func Simplify(e Expr) Expr {
	if e.n == nil {
		return Expr{}
	}
	s := &simplifier{done: map[*node]form{}}
	n := s.form(e.n).node()
	if !readable(n) {
		return e
	}
	return Expr{n}
}

// readable reports whether Parse would take every number of n.
func readable(n *node) bool {
	if n.op == OpNum {
		return len(n.num.text) <= maxDigits
	}
	for _, a := range n.args {
		if !readable(a) {
			return false
		}
	}
	return n.depth <= maxDepth
}

// A form is a sum of terms with different keys.
type form []term

// A term is a coefficient other than 0 and powers of different bases, in order
// of first appearance. Its key is the same whatever the order.
type term struct {
	coefficient *big.Rat
	powers      []power
	key         string
}

// A power of a base that is no number 1, no product and no power itself. exp(u)
// is a power of Euler's number.
type power struct {
	base     *node
	exponent form
	key      string // of the base
	inner    form   // the base itself where it is a sum or a product; the argument where it is a logarithm
}

type simplifier struct{ done map[*node]form }

var one = big.NewRat(1, 1)

func constantForm(r *big.Rat) form {
	if r.Sign() == 0 {
		return nil
	}
	return form{{coefficient: r}}
}

// rational returns the value of a form that is a number.
func (f form) rational() (*big.Rat, bool) {
	switch {
	case len(f) == 0:
		return new(big.Rat), true
	case len(f) == 1 && len(f[0].powers) == 0:
		return f[0].coefficient, true
	}
	return nil, false
}

func (s *simplifier) form(n *node) form {
	if f, ok := s.done[n]; ok {
		return f
	}
	f := s.compute(n)
	s.done[n] = f
	return f
}

func (s *simplifier) compute(n *node) form {
	switch n.op {
	case OpNum:
		if n.num.rat == nil {
			return opaque(n)
		}
		return constantForm(n.num.rat)
	case OpVar, OpE, OpPi:
		return opaque(n)
	case OpNeg:
		return s.form(n.args[0]).scale(big.NewRat(-1, 1))
	case OpAdd:
		var sum form
		index := map[string]int{}
		for _, a := range n.args {
			sum = sum.plus(s.form(a), index)
		}
		return sum.compact()
	case OpMul:
		// Numbers go into a sum last, when it is known to stand alone.
		f, c := constantForm(one), one
		for _, a := range n.args {
			g := s.form(a)
			if r, ok := g.rational(); ok {
				c = new(big.Rat).Mul(c, r)
				continue
			}
			f = times(f, g)
		}
		return f.scale(c)
	case OpDiv:
		return times(s.form(n.args[0]), s.power(s.form(n.args[1]), constantForm(big.NewRat(-1, 1))))
	case OpPow:
		return s.power(s.form(n.args[0]), s.form(n.args[1]))
	case OpSqrt:
		return s.power(s.form(n.args[0]), constantForm(big.NewRat(1, 2)))
	case OpExp:
		return exponential(s.form(n.args[0]))
	case OpLog:
		return s.logarithm(s.form(n.args[0]))
	}
	args := make([]*node, len(n.args))
	for i, a := range n.args {
		args[i] = s.form(a).node()
	}
	if n.op == OpAbs {
		f := s.form(n.args[0])
		if r, ok := f.rational(); ok {
			return constantForm(new(big.Rat).Abs(r))
		}
		if f.positive() {
			return f
		}
	}
	return opaque(newNode(n.op, args...))
}

func opaque(n *node) form {
	return form{newTerm(one, []power{{base: n, exponent: constantForm(one), key: Expr{n}.String()}})}
}

func newTerm(c *big.Rat, powers []power) term {
	keys := make([]string, len(powers))
	for i, p := range powers {
		keys[i] = p.key + "^(" + p.exponent.key() + ")"
	}
	sort.Strings(keys)
	return term{c, powers, strings.Join(keys, "·")}
}

// key is the same for equal sums, whatever the order of their terms.
func (f form) key() string {
	if r, ok := f.rational(); ok {
		return r.RatString()
	}
	keys := make([]string, len(f))
	for i, t := range f {
		keys[i] = t.coefficient.RatString() + "·" + t.key
	}
	sort.Strings(keys)
	return strings.Join(keys, "+")
}

func (f form) scale(r *big.Rat) form {
	if r.Sign() == 0 {
		return nil
	}
	out := make(form, len(f))
	for i, t := range f {
		out[i] = term{new(big.Rat).Mul(t.coefficient, r), t.powers, t.key}
	}
	return out
}

// plus adds g to f, whose terms index finds by key. Terms that cancel keep
// their place until compact.
func (f form) plus(g form, index map[string]int) form {
	for _, t := range g {
		if i, ok := index[t.key]; ok {
			f[i].coefficient = new(big.Rat).Add(f[i].coefficient, t.coefficient)
			continue
		}
		index[t.key] = len(f)
		f = append(f, t)
	}
	return f
}

func (f form) compact() form {
	var out form
	for _, t := range f {
		if t.coefficient.Sign() != 0 {
			out = append(out, t)
		}
	}
	return out
}

func sum(f, g form) form {
	index := map[string]int{}
	return form(nil).plus(f, index).plus(g, index).compact()
}

// factors returns f as one term: a sum is a power of itself.
func (f form) factors() term {
	if len(f) == 1 {
		return f[0]
	}
	return newTerm(one, []power{{base: f.node(), exponent: constantForm(one), key: "(" + f.key() + ")", inner: f}})
}

func times(f, g form) form {
	if r, ok := f.rational(); ok {
		return g.scale(r)
	}
	if r, ok := g.rational(); ok {
		return f.scale(r)
	}
	a, b := f.factors(), g.factors()
	return scaledProduct(new(big.Rat).Mul(a.coefficient, b.coefficient), join(a.powers, b.powers))
}

// join multiplies powers: exponents of one base add.
func join(a, b []power) []power {
	powers := append([]power(nil), a...)
next:
	for _, p := range b {
		for i := range powers {
			if powers[i].key == p.key {
				powers[i].exponent = sum(powers[i].exponent, p.exponent)
				continue next
			}
		}
		powers = append(powers, p)
	}
	return powers
}

// scaledProduct is c times powers, without those of exponent 0; a lone sum takes c
// into its terms.
func scaledProduct(c *big.Rat, powers []power) form {
	kept := powers[:0]
	for _, p := range powers {
		if len(p.exponent) > 0 {
			kept = append(kept, p)
		}
	}
	if c.Sign() == 0 {
		return nil
	}
	for i, p := range kept {
		v, ok := loneLog(p.exponent)
		ok = ok && p.key == "E"
		if r, number := p.exponent.rational(); number && r.Cmp(one) == 0 && len(p.inner) == 1 && p.base.op != OpLog {
			v, ok = p.inner, true // a product that broken powers have put together again
		}
		if ok {
			rest := append(append([]power(nil), kept[:i]...), kept[i+1:]...)
			return times(scaledProduct(c, rest), v)
		}
	}
	if len(kept) == 1 && kept[0].base.op == OpAdd {
		if r, ok := kept[0].exponent.rational(); ok && r.Cmp(one) == 0 {
			return kept[0].inner.scale(c)
		}
	}
	return form{newTerm(c, kept)}
}

func exponential(u form) form {
	return scaledProduct(one, []power{{base: leaf(OpE), exponent: u, key: "E"}})
}

// loneLog returns v where u is log v: exp(u) is v wherever u is defined.
func loneLog(u form) (form, bool) {
	if len(u) != 1 || u[0].coefficient.Cmp(one) != 0 || len(u[0].powers) != 1 {
		return nil, false
	}
	p := u[0].powers[0]
	r, ok := p.exponent.rational()
	if !ok || r.Cmp(one) != 0 || p.base.op != OpLog {
		return nil, false
	}
	return p.inner, true
}

func (s *simplifier) logarithm(u form) form {
	if r, ok := u.rational(); ok && r.Cmp(one) == 0 {
		return nil
	}
	if len(u) == 1 && u[0].coefficient.Cmp(one) == 0 && len(u[0].powers) == 1 && u[0].powers[0].key == "E" {
		return u[0].powers[0].exponent
	}
	out := opaque(newNode(OpLog, u.node()))
	out[0].powers[0].inner = u
	return out
}

func (f form) node() *node {
	if len(f) == 0 {
		return whole(0)
	}
	terms := make([]*node, len(f))
	for i, t := range f {
		terms[i] = t.node()
	}
	return add(terms...)
}

func (t term) node() *node {
	c := t.coefficient
	negative := c.Sign() < 0
	if negative {
		c = new(big.Rat).Neg(c)
	}
	var factors []*node
	var under *node
	if c.Cmp(one) != 0 || len(t.powers) == 0 {
		n := ratNode(c)
		if n.op == OpDiv && len(t.powers) > 0 { // 2*x0/3
			under = n.args[1]
			if c.Num().Cmp(one.Num()) != 0 {
				factors = append(factors, n.args[0])
			}
		} else {
			factors = append(factors, n)
		}
	}
	for _, p := range t.powers {
		factors = append(factors, p.node())
	}
	n := mul(factors...)
	if under != nil {
		n = div(n, under)
	}
	if negative {
		return neg(n)
	}
	return n
}

func (p power) node() *node {
	r, ok := p.exponent.rational()
	switch {
	case ok && r.Cmp(one) == 0 && p.base.op != OpE:
		return p.base
	case p.base.op == OpE:
		if ok && r.Cmp(one) == 0 {
			return p.base
		}
		return newNode(OpExp, p.exponent.node())
	case ok && r.Cmp(big.NewRat(1, 2)) == 0:
		return newNode(OpSqrt, p.base)
	}
	return newNode(OpPow, p.base, p.exponent.node())
}
