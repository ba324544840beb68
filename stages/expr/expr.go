package expr

import "math/big"

// An Op says what a node of an expression is.
type Op uint8

const (
	OpNone Op = iota // the zero Expr
	OpNum            // a number that is not negative, written in decimals
	OpVar            // the variable
	OpE              // Euler's number
	OpPi

	OpAdd // two or more terms, summed from the left
	OpMul // two or more factors, multiplied from the left
	OpNeg
	OpDiv
	OpPow

	OpExp
	OpLog // natural
	OpSqrt
	OpAbs
	OpSign
	OpFloor
	OpCeil
	OpSin
	OpCos
	OpTan
	OpAsin
	OpAcos
	OpAtan
	OpSinh
	OpCosh
	OpTanh
	OpErf
	OpGamma
	OpFactorial
	OpMin // two or more arguments
	OpMax
	opCount
)

// An Expr is an expression in one variable, which prints as x0. It is an
// immutable tree, safe for concurrent use; the order of its terms and factors
// is the order in which they were written. The zero Expr is no expression: it
// prints as "" and has no value anywhere.
//
// The constructors keep a tree in one form, so that printing and parsing give
// the same tree back: numbers are not negative (a sign is an OpNeg), the first
// term of a sum is no sum, and the first factor of a product is no product and
// carries no sign.
type Expr struct{ n *node }

type node struct {
	op   Op
	args []*node
	num  *number // OpNum
	// logBase is set for a power of a literal that is not constant.
	logBase *literalLog
	size    int32 // nodes of the tree
	depth   int32
	hasVar  bool
}

// IsZero reports whether e is the zero Expr: no expression at all.
func (e Expr) IsZero() bool { return e.n == nil }

// Op returns what the root of e is.
func (e Expr) Op() Op {
	if e.n == nil {
		return OpNone
	}
	return e.n.op
}

// Args returns the operands of the root of e.
func (e Expr) Args() []Expr {
	if e.n == nil {
		return nil
	}
	out := make([]Expr, len(e.n.args))
	for i, a := range e.n.args {
		out[i] = Expr{a}
	}
	return out
}

// HasVar reports whether the variable occurs in e.
func (e Expr) HasVar() bool { return e.n != nil && e.n.hasVar }

// Size returns the number of nodes of e.
func (e Expr) Size() int {
	if e.n == nil {
		return 0
	}
	return int(e.n.size)
}

// Equal reports whether e and f are the same tree, numbers compared by value.
func (e Expr) Equal(f Expr) bool { return equal(e.n, f.n) }

func equal(a, b *node) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.op != b.op || len(a.args) != len(b.args) || a.size != b.size {
		return false
	}
	if a.op == OpNum {
		return a.num.equal(b.num)
	}
	for i := range a.args {
		if !equal(a.args[i], b.args[i]) {
			return false
		}
	}
	return true
}

// Substitute returns e with its variable replaced.
func (e Expr) Substitute(with Expr) Expr {
	if e.n == nil || with.n == nil {
		return Expr{}
	}
	return Expr{substitute(e.n, with.n)}
}

func substitute(n, with *node) *node {
	if n.op == OpVar {
		return with
	}
	if !n.hasVar {
		return n
	}
	args := make([]*node, len(n.args))
	for i, a := range n.args {
		args[i] = substitute(a, with)
	}
	return build(n.op, args)
}

// MarshalText gives the sympy form.
func (e Expr) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads the sympy form; empty text gives the zero Expr.
func (e *Expr) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*e = Expr{}
		return nil
	}
	r, err := Parse(string(text), Sympy)
	if err != nil {
		return err
	}
	*e = r.Expr
	return nil
}

func leaf(op Op) *node {
	return &node{op: op, size: 1, depth: 1, hasVar: op == OpVar}
}

func numNode(x *number) *node {
	return &node{op: OpNum, num: x, size: 1, depth: 1}
}

// newNode makes a node as it stands.
func newNode(op Op, args ...*node) *node {
	n := &node{op: op, args: args, size: 1}
	for _, a := range args {
		n.size += a.size
		n.depth = max(n.depth, a.depth)
		n.hasVar = n.hasVar || a.hasVar
	}
	n.depth++
	if op == OpPow && args[0].op == OpNum && args[1].hasVar {
		n.logBase = newLiteralLog(args[0].num)
	}
	return n
}

// build makes a node in the form that Expr promises.
func build(op Op, args []*node) *node {
	switch op {
	case OpAdd:
		return add(args...)
	case OpMul:
		return mul(args...)
	case OpDiv:
		return div(args[0], args[1])
	case OpMin, OpMax:
		if len(args) == 1 {
			return args[0]
		}
	}
	return newNode(op, args...)
}

func add(args ...*node) *node {
	switch {
	case len(args) == 0:
		return numNode(zeroNumber)
	case len(args) == 1:
		return args[0]
	case args[0].op == OpAdd:
		flat := make([]*node, 0, len(args[0].args)+len(args)-1)
		flat = append(append(flat, args[0].args...), args[1:]...)
		return newNode(OpAdd, flat...)
	}
	return newNode(OpAdd, args...)
}

func mul(args ...*node) *node {
	switch {
	case len(args) == 0:
		return numNode(oneNumber)
	case len(args) == 1:
		return args[0]
	}
	first := args[0]
	negative := false
	for first.op == OpNeg {
		first, negative = first.args[0], !negative
	}
	var flat []*node
	if first.op == OpMul {
		flat = append(append(flat, first.args...), args[1:]...)
	} else {
		flat = append(append(flat, first), args[1:]...)
	}
	n := newNode(OpMul, flat...)
	if negative {
		return neg(n)
	}
	return n
}

func div(a, b *node) *node {
	negative := false
	for a.op == OpNeg {
		a, negative = a.args[0], !negative
	}
	n := newNode(OpDiv, a, b)
	if negative {
		return neg(n)
	}
	return n
}

func neg(a *node) *node { return newNode(OpNeg, a) }

// nodes unwraps arguments; ok is false when one of them is the zero Expr.
func nodes(args []Expr) (out []*node, ok bool) {
	out = make([]*node, len(args))
	for i, a := range args {
		if a.n == nil {
			return nil, false
		}
		out[i] = a.n
	}
	return out, true
}

// Var returns the variable.
func Var() Expr { return Expr{leaf(OpVar)} }

// Euler returns Euler's number.
func Euler() Expr { return Expr{leaf(OpE)} }

// Pi returns π.
func Pi() Expr { return Expr{leaf(OpPi)} }

// Num returns the shortest decimal that reads back as v: 6e-7 stands for
// exactly 6/10^7. It returns the zero Expr when v is not finite.
func Num(v float64) Expr {
	x, negative, ok := numberOf(v)
	if !ok {
		return Expr{}
	}
	return signed(numNode(x), negative)
}

// Rat returns r exactly: as a decimal where it has one of up to a few hundred
// digits, else as a quotient.
func Rat(r *big.Rat) Expr { return Expr{ratNode(r)} }

func signed(n *node, negative bool) Expr {
	if negative {
		return Expr{neg(n)}
	}
	return Expr{n}
}

// Call returns the function op of args. It returns the zero Expr when an
// argument is the zero Expr or their number does not fit op.
func Call(op Op, args ...Expr) Expr {
	ns, ok := nodes(args)
	if !ok || op >= opCount || !arityFits(op, len(args)) {
		return Expr{}
	}
	return Expr{build(op, ns)}
}

func arityFits(op Op, n int) bool {
	switch op {
	case OpNone, OpNum:
		return false
	case OpVar, OpE, OpPi:
		return n == 0
	case OpAdd, OpMul, OpMin, OpMax:
		return n >= 1
	case OpDiv, OpPow:
		return n == 2
	}
	return n == 1
}

// Add returns the sum of terms in their order.
func Add(terms ...Expr) Expr { return Call(OpAdd, terms...) }

// Sub returns a - b.
func Sub(a, b Expr) Expr { return Add(a, Neg(b)) }

// Mul returns the product of factors in their order.
func Mul(factors ...Expr) Expr { return Call(OpMul, factors...) }

// Div returns a/b.
func Div(a, b Expr) Expr { return Call(OpDiv, a, b) }

// Neg returns -a.
func Neg(a Expr) Expr { return Call(OpNeg, a) }

// Pow returns base**exponent.
func Pow(base, exponent Expr) Expr { return Call(OpPow, base, exponent) }

// Exp returns exp(a).
func Exp(a Expr) Expr { return Call(OpExp, a) }

// Log returns the natural logarithm of a.
func Log(a Expr) Expr { return Call(OpLog, a) }
