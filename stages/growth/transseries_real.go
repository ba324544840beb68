package growth

import (
	"math"
	"math/big"
	"sort"
)

// Constants are kept in a form in which most of those that are equal look the
// same, so that the sign of zero need not be sought with more and more bits:
// sums are sorted linear combinations whose first coefficient is 1, products
// are sorted powers of different bases with one exponential, logarithms of
// powers and exponentials are opened.

// newReal makes a node and its hash.
func newReal(op realOp, args ...constant) *real {
	d := &real{op: op, args: args}
	// FNV-1a: what is printed follows the order of hashes, so they must be the
	// same in every run.
	h := uint64(14695981039346656037)
	mix := func(v uint64) { h = (h ^ v) * 1099511628211 }
	mix(uint64(op))
	for _, a := range args {
		for _, w := range a.r.Num().Bits() {
			mix(uint64(w))
		}
		mix(uint64(a.r.Sign() + 2))
		for _, w := range a.r.Denom().Bits() {
			mix(uint64(w))
		}
		mix(hashOf(a.d))
	}
	d.hash = h
	return d
}

// same reports whether two reals are made in the same way.
func same(a, b *real) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.hash != b.hash || a.op != b.op || len(a.args) != len(b.args) {
		return false
	}
	for i := range a.args {
		if !sameConstant(a.args[i], b.args[i]) {
			return false
		}
	}
	return true
}

func sameConstant(a, b constant) bool { return same(a.d, b.d) && a.r.Cmp(b.r) == 0 }

var ratOne = big.NewRat(1, 1)

// withinBits is r·d, where a rational that has grown too large becomes a real.
func withinBits(r *big.Rat, d *real) constant {
	if r.Num().BitLen()+r.Denom().BitLen() <= maxRatBits || d != nil && d.op == realRat {
		return constant{r: r, d: d}
	}
	large := newReal(realRat, ratConstant(r))
	if d == nil {
		return constant{r: ratOne, d: large}
	}
	return constant{r: ratOne, d: newReal(realProduct, constant{r: ratOne, d: large}, constant{r: ratOne, d: d})}
}

// addends returns c as a linear combination.
func addends(c constant) []constant {
	if c.isZero() {
		return nil
	}
	if c.d == nil || c.d.op != realSum {
		return []constant{c}
	}
	if c.r.Cmp(ratOne) == 0 {
		return c.d.args
	}
	out := make([]constant, len(c.d.args))
	for i, a := range c.d.args {
		out[i] = constant{r: new(big.Rat).Mul(a.r, c.r), d: a.d}
	}
	return out
}

func (s *growthScale) addConstants(a, b constant) constant {
	s.spend(2 + (a.r.Num().BitLen()+b.r.Num().BitLen())/64)
	if a.isZero() {
		return b
	}
	if b.isZero() {
		return a
	}
	var out constant
	if same(a.d, b.d) {
		out = withinBits(new(big.Rat).Add(a.r, b.r), a.d)
	} else {
		out = s.combine(addends(a), addends(b))
	}
	if a.doubt == 0 && b.doubt == 0 {
		return out
	}
	if out.isZero() {
		s.cancelled = true
		return out
	}
	mo := s.magnitude(out)
	out.doubt = 0
	for _, c := range [2]constant{a, b} {
		if c.doubt > 0 {
			out.doubt += math.Exp(s.magnitude(c)-mo) * c.doubt
		}
	}
	return out
}

// combine adds two linear combinations.
func (s *growthScale) combine(a, b []constant) constant {
	out := make([]constant, 0, len(a)+len(b))
	for _, c := range a {
		out = append(out, constant{r: c.r, d: c.d})
	}
next:
	for _, c := range b {
		for i := range out {
			if same(out[i].d, c.d) {
				out[i].r = new(big.Rat).Add(out[i].r, c.r)
				continue next
			}
		}
		out = append(out, constant{r: c.r, d: c.d})
	}
	kept := out[:0]
	for _, c := range out {
		if !c.isZero() {
			kept = append(kept, c)
		}
	}
	switch len(kept) {
	case 0:
		return intConstant(0)
	case 1:
		return withinBits(kept[0].r, kept[0].d)
	}
	sort.SliceStable(kept, func(i, j int) bool { return hashOf(kept[i].d) < hashOf(kept[j].d) })
	first := kept[0].r
	for i := range kept {
		kept[i] = withinBits(new(big.Rat).Quo(kept[i].r, first), kept[i].d)
	}
	return withinBits(first, newReal(realSum, kept...))
}

func hashOf(d *real) uint64 {
	if d == nil {
		return 0
	}
	return d.hash
}

// factorsOf returns d as powers of different bases.
func factorsOf(d *real) []constant {
	if d.op == realProduct {
		return d.args
	}
	return []constant{{r: ratOne, d: d}}
}

// baseOf returns d as base to a rational exponent.
func baseOf(d *real) (base constant, e *big.Rat) {
	if d.op == realPower && d.args[1].d == nil {
		return d.args[0], d.args[1].r
	}
	return constant{r: ratOne, d: d}, ratOne
}

func (s *growthScale) mulConstants(a, b constant) constant {
	s.spend(1 + (a.r.Num().BitLen()+b.r.Num().BitLen())/64)
	if a.isZero() || b.isZero() {
		return intConstant(0)
	}
	r := new(big.Rat).Mul(a.r, b.r)
	var out constant
	switch {
	case b.d == nil:
		out = withinBits(r, a.d)
	case a.d == nil:
		out = withinBits(r, b.d)
	default:
		out = s.multiply(factorsOf(a.d), factorsOf(b.d))
		out = withinBits(new(big.Rat).Mul(out.r, r), out.d)
	}
	out.doubt = a.doubt + b.doubt
	return out
}

// multiply multiplies two products.
func (s *growthScale) multiply(a, b []constant) constant {
	out := append([]constant(nil), a...)
	r := ratOne
next:
	for _, c := range b {
		for i := range out {
			if out[i].d == nil {
				continue
			}
			var joined constant
			if out[i].d.op == realExp && c.d.op == realExp {
				joined = s.expConstant(s.addConstants(out[i].d.args[0], c.d.args[0]))
			} else {
				base, e := baseOf(out[i].d)
				other, f := baseOf(c.d)
				if !sameConstant(base, other) {
					continue
				}
				joined = s.powConstants(base, ratConstant(new(big.Rat).Add(e, f)))
			}
			r = new(big.Rat).Mul(r, joined.r)
			out[i] = constant{r: ratOne, d: joined.d}
			continue next
		}
		out = append(out, c)
	}
	kept := out[:0]
	for _, c := range out {
		if c.d != nil {
			kept = append(kept, constant{r: ratOne, d: c.d})
		}
	}
	switch len(kept) {
	case 0:
		return ratConstant(r)
	case 1:
		return constant{r: r, d: kept[0].d}
	}
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].d.hash < kept[j].d.hash })
	return constant{r: r, d: newReal(realProduct, kept...)}
}

func (s *growthScale) expConstant(a constant) constant {
	if a.isZero() {
		return intConstant(1)
	}
	var out constant
	if a.d != nil && a.d.op == realLog {
		out = s.powConstants(a.d.args[0], ratConstant(a.r))
	} else {
		out = constant{r: ratOne, d: newReal(realExp, constant{r: a.r, d: a.d})}
	}
	out.doubt = 0
	if a.doubt > 0 {
		out.doubt = math.Exp(s.magnitude(a)) * a.doubt
	}
	return out
}

// logConstant returns log a for a > 0.
func (s *growthScale) logConstant(a constant) constant {
	if a.isOne() {
		return intConstant(0)
	}
	var out constant
	rest := a.d
	if a.r.Sign() > 0 && rest != nil && certainlyPositive(rest) {
		if a.r.Cmp(ratOne) != 0 {
			out = constant{r: ratOne, d: newReal(realLog, ratConstant(a.r))}
		} else {
			out = intConstant(0)
		}
		for _, f := range factorsOf(rest) {
			var l constant
			switch {
			case f.d.op == realExp:
				l = f.d.args[0]
			case f.d.op == realPower:
				l = s.mulConstants(s.logConstant(f.d.args[0]), f.d.args[1])
			default:
				l = constant{r: ratOne, d: newReal(realLog, f)}
			}
			out = s.addConstants(out, l)
		}
	} else {
		out = constant{r: ratOne, d: newReal(realLog, constant{r: a.r, d: a.d})}
	}
	out.doubt = 0
	if a.doubt > 0 && !out.isZero() {
		out.doubt = a.doubt / math.Exp(s.magnitude(out))
	}
	return out
}

// certainlyPositive reports reals that are positive by what they are.
func certainlyPositive(d *real) bool {
	switch d.op {
	case realExp, realPi:
		return true
	case realPower:
		b := d.args[0]
		return b.r.Sign() > 0 && (b.d == nil || certainlyPositive(b.d))
	case realProduct:
		for _, a := range d.args {
			if !certainlyPositive(a.d) {
				return false
			}
		}
		return true
	}
	return false
}

func (s *growthScale) applyConstant(op realOp, a constant) constant {
	switch {
	case op == realExp:
		return s.expConstant(a)
	case op == realLog:
		return s.logConstant(a)
	case a.isZero() && (op == realSin || op == realAtan || op == realErf):
		return a
	case a.isZero() && op == realCos:
		return intConstant(1)
	case op == realGamma && a.d == nil && a.r.IsInt() && a.r.Cmp(big.NewRat(100, 1)) <= 0 && a.r.Sign() > 0:
		return ratConstant(new(big.Rat).SetInt(new(big.Int).MulRange(1, a.r.Num().Int64()-1)))
	}
	return constant{r: ratOne, d: newReal(op, constant{r: a.r, d: a.d}), doubt: a.doubt}
}

// powConstants returns a**b: a > 0, or b whole.
func (s *growthScale) powConstants(a, b constant) constant {
	if b.isZero() || a.isOne() {
		return intConstant(1)
	}
	if b.isOne() {
		return a
	}
	out := s.rawPower(a, b)
	out.doubt = 0
	if a.doubt > 0 || b.doubt > 0 {
		size := math.Exp(s.magnitude(b))
		out.doubt = size * a.doubt
		if b.doubt > 0 {
			out.doubt += size * b.doubt * math.Abs(s.magnitude(a))
		}
	}
	return out
}

func (s *growthScale) rawPower(a, b constant) constant {
	a, b = constant{r: a.r, d: a.d}, constant{r: b.r, d: b.d}
	e, rational := b.rational()
	if rational && e.IsInt() && e.Num().IsInt64() {
		if out, ok := s.powInt(a, e.Num().Int64()); ok {
			return out
		}
	}
	if rational && a.d != nil && a.r.Cmp(ratOne) == 0 {
		switch {
		case a.d.op == realExp:
			return s.expConstant(s.mulConstants(a.d.args[0], b))
		case a.d.op == realPower && certainlyPositive(a.d):
			return s.powConstants(a.d.args[0], s.mulConstants(a.d.args[1], b))
		}
	}
	return constant{r: ratOne, d: newReal(realPower, a, b)}
}

// powInt is a**k where it stays small enough to multiply out.
func (s *growthScale) powInt(a constant, k int64) (constant, bool) {
	abs := k
	if k < 0 {
		abs = -k
	}
	if size := int64(a.r.Num().BitLen() + a.r.Denom().BitLen()); abs > 4096 || size*abs > 2*maxRatBits || k < 0 && a.isZero() {
		return constant{}, false
	}
	s.spend(int(abs))
	e := big.NewInt(abs)
	num, den := new(big.Int).Exp(a.r.Num(), e, nil), new(big.Int).Exp(a.r.Denom(), e, nil)
	if k < 0 {
		num, den = den, num
	}
	r := new(big.Rat).SetFrac(num, den)
	if a.d == nil {
		return withinBits(r, nil), true
	}
	out := constant{r: ratOne}
	for _, f := range factorsOf(a.d) {
		base, x := baseOf(f.d)
		p := constant{r: ratOne}
		switch {
		case f.d.op == realExp:
			p = s.expConstant(s.mulConstants(f.d.args[0], intConstant(k)))
		case x.Cmp(ratOne) != 0:
			p = s.powConstants(base, ratConstant(new(big.Rat).Mul(x, new(big.Rat).SetInt64(k))))
		default:
			p.d = newReal(realPower, base, intConstant(k))
		}
		out = s.mulConstants(out, p)
	}
	return withinBits(new(big.Rat).Mul(out.r, r), out.d), true
}

// quoConstants returns a/b for b other than zero.
func (s *growthScale) quoConstants(a, b constant) constant {
	if b.d != nil && same(a.d, b.d) {
		out := withinBits(new(big.Rat).Quo(a.r, b.r), nil)
		out.doubt = a.doubt + b.doubt
		return out
	}
	return s.mulConstants(a, s.powConstants(b, intConstant(-1)))
}
