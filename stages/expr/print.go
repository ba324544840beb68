package expr

import "strings"

// names of functions in sympy form.
var opNames = [opCount]string{
	OpExp: "exp", OpLog: "log", OpSqrt: "sqrt", OpAbs: "Abs", OpSign: "sign",
	OpFloor: "floor", OpCeil: "ceiling", OpSin: "sin", OpCos: "cos", OpTan: "tan",
	OpAsin: "asin", OpAcos: "acos", OpAtan: "atan", OpSinh: "sinh", OpCosh: "cosh", OpTanh: "tanh",
	OpErf: "erf", OpGamma: "gamma", OpFactorial: "factorial", OpMin: "Min", OpMax: "Max",
}

// binding strength, weakest first
const (
	bindSum = iota
	bindProduct
	bindPower // base of a power
	bindAtom
)

// String returns the sympy form, which Parse reads back as the same tree; ""
// for the zero Expr.
func (e Expr) String() string { return e.Format("x0") }

// Format is String with another name for the variable.
func (e Expr) Format(variable string) string {
	if e.n == nil {
		return ""
	}
	p := printer{variable: variable}
	p.node(e.n)
	return p.String()
}

type printer struct {
	strings.Builder
	variable string
}

func binding(n *node) int {
	switch n.op {
	case OpAdd, OpNeg:
		return bindSum
	case OpMul, OpDiv:
		return bindProduct
	case OpPow:
		return bindPower
	}
	return bindAtom
}

// in prints n in parentheses unless it binds at least as strongly as level.
func (p *printer) in(n *node, level int) {
	if binding(n) >= level {
		p.node(n)
		return
	}
	p.WriteByte('(')
	p.node(n)
	p.WriteByte(')')
}

func (p *printer) node(n *node) {
	switch n.op {
	case OpNum:
		p.WriteString(n.num.text)
	case OpVar:
		p.WriteString(p.variable)
	case OpE:
		p.WriteByte('E')
	case OpPi:
		p.WriteString("pi")
	case OpNeg:
		p.WriteByte('-')
		p.in(n.args[0], bindProduct)
	case OpAdd:
		// A leading sign is no sum of its own: -a + b.
		if n.args[0].op == OpNeg {
			p.node(n.args[0])
		} else {
			p.in(n.args[0], bindProduct)
		}
		for _, a := range n.args[1:] {
			if a.op == OpNeg {
				p.WriteString(" - ")
				a = a.args[0]
			} else {
				p.WriteString(" + ")
			}
			p.in(a, bindProduct)
		}
	case OpMul:
		p.in(n.args[0], bindProduct)
		for _, a := range n.args[1:] {
			p.WriteByte('*')
			p.in(a, bindPower)
		}
	case OpDiv:
		p.in(n.args[0], bindProduct)
		p.WriteByte('/')
		p.in(n.args[1], bindPower)
	case OpPow:
		p.in(n.args[0], bindAtom)
		p.WriteString("**")
		p.in(n.args[1], bindAtom)
	default:
		p.WriteString(opNames[n.op])
		p.WriteByte('(')
		for i, a := range n.args {
			if i > 0 {
				p.WriteString(", ")
			}
			p.node(a)
		}
		p.WriteByte(')')
	}
}
