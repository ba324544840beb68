package expr

import "math"

// A Program is an expression compiled for many values. It is immutable and
// safe for concurrent use.
type Program struct {
	code   []instruction
	slots  int
	result operand
}

// An operand is a constant, the variable (slot 0) or a slot.
type operand struct {
	constant bool
	value    float64
	slot     int
}

type instruction struct {
	op   Op
	log  *literalLog // OpPow with a literal base: b is the exponent
	a, b operand
	dst  int
}

// block is the number of values that go through one instruction at a time: all
// slots of a typical equation then stay in the first-level cache.
const block = 128

// Compile prepares e for EvalAll.
func (e Expr) Compile() *Program {
	p := &Program{slots: 1, result: operand{constant: true, value: math.NaN()}}
	if e.n != nil {
		p.result = p.compile(e.n, 1)
	}
	return p
}

// compile emits the code of n, which may use slots from free on.
func (p *Program) compile(n *node, free int) operand {
	if !n.hasVar {
		return operand{constant: true, value: evalFloat(n, 0)}
	}
	if n.op == OpVar {
		return operand{}
	}
	if n.op == OpPow && n.logBase != nil {
		u := p.compile(n.args[1], free)
		return p.emit(instruction{op: OpPow, log: n.logBase, a: u, dst: free})
	}
	a := p.compile(n.args[0], free)
	if len(n.args) == 1 {
		return p.emit(instruction{op: n.op, a: a, dst: free})
	}
	for _, arg := range n.args[1:] {
		next := free
		if !a.constant && a.slot == free {
			next = free + 1
		}
		// Constants before the first variable fold as the tree would.
		b := p.compile(arg, next)
		if a.constant && b.constant {
			a.value = binaryFloat(n.op, a.value, b.value)
			continue
		}
		a = p.emit(instruction{op: n.op, a: a, b: b, dst: free})
	}
	return a
}

func (p *Program) emit(i instruction) operand {
	p.code = append(p.code, i)
	p.slots = max(p.slots, i.dst+1)
	return operand{slot: i.dst}
}

// EvalAll writes the values at xs to dst, which must be as long. The values
// are those of Float.
func (p *Program) EvalAll(dst, xs []float64) {
	dst = dst[:len(xs)]
	if p.result.constant {
		for i := range dst {
			dst[i] = p.result.value
		}
		return
	}
	width := min(block, len(xs))
	memory := make([]float64, (p.slots-1)*width)
	slots := make([][]float64, p.slots)
	for len(xs) > 0 {
		n := min(width, len(xs))
		slots[0] = xs[:n]
		for s := 1; s < p.slots; s++ {
			slots[s] = memory[(s-1)*width:][:n]
		}
		for i := range p.code {
			p.code[i].run(slots)
		}
		copy(dst, slots[p.result.slot])
		dst, xs = dst[n:], xs[n:]
	}
}

func (i *instruction) run(slots [][]float64) {
	dst := slots[i.dst]
	if i.op == OpPow && i.log != nil {
		for k, u := range slots[i.a.slot][:len(dst)] {
			dst[k] = i.log.pow(u)
		}
		return
	}
	switch i.op {
	case OpAdd, OpMul, OpDiv, OpPow, OpMin, OpMax:
		switch {
		case i.a.constant:
			withConstant(i.op, dst, i.a.value, slots[i.b.slot])
		case i.b.constant:
			toConstant(i.op, dst, slots[i.a.slot], i.b.value)
		default:
			pairwise(i.op, dst, slots[i.a.slot], slots[i.b.slot])
		}
		return
	}
	a := slots[i.a.slot][:len(dst)]
	switch i.op {
	case OpNeg:
		for k, v := range a {
			dst[k] = -v
		}
	case OpExp:
		for k, v := range a {
			dst[k] = math.Exp(v)
		}
	case OpLog:
		for k, v := range a {
			dst[k] = math.Log(v)
		}
	default:
		for k, v := range a {
			dst[k] = unaryFloat(i.op, v)
		}
	}
}

func withConstant(op Op, dst []float64, c float64, b []float64) {
	b = b[:len(dst)]
	switch op {
	case OpAdd:
		for k, v := range b {
			dst[k] = c + v
		}
	case OpMul:
		for k, v := range b {
			dst[k] = c * v
		}
	case OpDiv:
		for k, v := range b {
			dst[k] = c / v
		}
	default:
		for k, v := range b {
			dst[k] = binaryFloat(op, c, v)
		}
	}
}

func toConstant(op Op, dst, a []float64, c float64) {
	a = a[:len(dst)]
	switch op {
	case OpAdd:
		for k, v := range a {
			dst[k] = v + c
		}
	case OpMul:
		for k, v := range a {
			dst[k] = v * c
		}
	case OpDiv:
		for k, v := range a {
			dst[k] = v / c
		}
	default:
		for k, v := range a {
			dst[k] = binaryFloat(op, v, c)
		}
	}
}

func pairwise(op Op, dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	switch op {
	case OpAdd:
		for k, v := range a {
			dst[k] = v + b[k]
		}
	case OpMul:
		for k, v := range a {
			dst[k] = v * b[k]
		}
	case OpDiv:
		for k, v := range a {
			dst[k] = v / b[k]
		}
	default:
		for k, v := range a {
			dst[k] = binaryFloat(op, v, b[k])
		}
	}
}

// EvalAll writes the values at xs to dst, which must be as long. Compile first
// where the same expression is evaluated again and again.
func (e Expr) EvalAll(dst, xs []float64) { e.Compile().EvalAll(dst, xs) }
