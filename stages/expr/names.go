package expr

import (
	"strconv"
	"strings"
)

// functions by every name that the dialects give them, in lower case
var functions = map[string]struct {
	op   Op
	args int // 0: one or more
}{
	"exp": {OpExp, 1}, "log": {OpLog, 1}, "ln": {OpLog, 1}, "sqrt": {OpSqrt, 1},
	"abs": {OpAbs, 1}, "fabs": {OpAbs, 1}, "sign": {OpSign, 1}, "sgn": {OpSign, 1},
	"floor": {OpFloor, 1}, "ceil": {OpCeil, 1}, "ceiling": {OpCeil, 1},
	"sin": {OpSin, 1}, "cos": {OpCos, 1}, "tan": {OpTan, 1},
	"asin": {OpAsin, 1}, "acos": {OpAcos, 1}, "atan": {OpAtan, 1}, "arcsin": {OpAsin, 1}, "arccos": {OpAcos, 1}, "arctan": {OpAtan, 1},
	"sinh": {OpSinh, 1}, "cosh": {OpCosh, 1}, "tanh": {OpTanh, 1},
	"erf": {OpErf, 1}, "gamma": {OpGamma, 1}, "factorial": {OpFactorial, 1},
	"min": {OpMin, 0}, "max": {OpMax, 0},
}

// derived functions are written with others.
var derived = map[string]struct {
	args  int
	build func(a []*node) *node
}{
	"log2":     {1, func(a []*node) *node { return logBase(a[0], whole(2)) }},
	"lg":       {1, func(a []*node) *node { return logBase(a[0], whole(2)) }},
	"log10":    {1, func(a []*node) *node { return logBase(a[0], whole(10)) }},
	"log1p":    {1, func(a []*node) *node { return newNode(OpLog, add(a[0], whole(1))) }},
	"expm1":    {1, func(a []*node) *node { return add(newNode(OpExp, a[0]), neg(whole(1))) }},
	"exp2":     {1, func(a []*node) *node { return newNode(OpPow, whole(2), a[0]) }},
	"exp10":    {1, func(a []*node) *node { return newNode(OpPow, whole(10), a[0]) }},
	"cbrt":     {1, func(a []*node) *node { return newNode(OpPow, a[0], div(whole(1), whole(3))) }},
	"square":   {1, func(a []*node) *node { return newNode(OpPow, a[0], whole(2)) }},
	"cube":     {1, func(a []*node) *node { return newNode(OpPow, a[0], whole(3)) }},
	"inv":      {1, func(a []*node) *node { return div(whole(1), a[0]) }},
	"neg":      {1, func(a []*node) *node { return neg(a[0]) }},
	"relu":     {1, func(a []*node) *node { return newNode(OpMax, whole(0), a[0]) }},
	"logistic": {1, logistic}, "sigmoid": {1, logistic},
	"asinh": {1, func(a []*node) *node {
		return newNode(OpLog, add(a[0], newNode(OpSqrt, add(newNode(OpPow, a[0], whole(2)), whole(1)))))
	}},
	"acosh": {1, func(a []*node) *node {
		return newNode(OpLog, add(a[0], newNode(OpSqrt, add(newNode(OpPow, a[0], whole(2)), neg(whole(1))))))
	}},
	"atanh": {1, func(a []*node) *node {
		return div(newNode(OpLog, div(add(whole(1), a[0]), add(whole(1), neg(a[0])))), whole(2))
	}},
	"pow": {2, pow}, "power": {2, pow},
	"add": {2, func(a []*node) *node { return add(a...) }}, "plus": {2, func(a []*node) *node { return add(a...) }},
	"sub": {2, func(a []*node) *node { return add(a[0], neg(a[1])) }},
	"mul": {2, func(a []*node) *node { return mul(a...) }}, "mult": {2, func(a []*node) *node { return mul(a...) }},
	"div":  {2, func(a []*node) *node { return div(a[0], a[1]) }},
	"frac": {2, func(a []*node) *node { return div(a[0], a[1]) }},
}

func whole(i int64) *node {
	return numNode(&number{text: strconv.FormatInt(i, 10), val: float64(i), rat: ratInt(i)})
}

func logBase(a, base *node) *node { return div(newNode(OpLog, a), newNode(OpLog, base)) }

func logistic(a []*node) *node {
	return div(whole(1), add(whole(1), newNode(OpExp, neg(a[0]))))
}

func pow(a []*node) *node { return newNode(OpPow, a[0], a[1]) }

// functionName returns the lower-case name without a "safe_" that regression
// tools put before functions of theirs.
func functionName(name string) string {
	return strings.TrimPrefix(strings.ToLower(name), "safe_")
}

func isFunction(name string) bool {
	if len(name) < 2 {
		return false
	}
	f := functionName(name)
	_, known := functions[f]
	_, made := derived[f]
	return known || made
}

func isConstant(name string) bool {
	switch name {
	case "E", "e", "pi", "Pi", "PI":
		return true
	}
	return false
}

// isOrder reports names that only say "of the order of".
func isOrder(name string) bool {
	switch name {
	case "O", "Theta", "Order":
		return true
	}
	return false
}

// usualName reports the names that people and tools give the variable.
func usualName(name string) bool {
	switch name {
	case "x", "X", "n", "N", "k", "K", "m", "t":
		return true
	}
	return len(name) >= 2 && len(name) <= 4 && (name[0] == 'x' || name[0] == 'X' || name[0] == 'n') && isDigits(name[1:])
}

// factorFollows reports whether the next token begins an operand that stands
// beside the last one without a sign.
func (p *parser) factorFollows() bool {
	t := p.tok()
	switch t.kind {
	case tokName:
		if p.tight > 0 && (isFunction(t.text)) {
			return false
		}
		if isFunction(t.text) || isConstant(t.text) && p.constantFits() || isOrder(t.text) && p.peek(1).text == "(" {
			return true
		}
		if t.text == p.variable || usualName(t.text) {
			return true
		}
		return p.variable == "" && p.variableWord()
	case tokOp:
		if t.text == "(" {
			return !p.prose || !p.proseGroup()
		}
		return t.text == "⌊" || t.text == "⌈"
	}
	return false
}

// constantFits keeps the article of "x0^2 e.g. …" from being Euler's number.
func (p *parser) constantFits() bool {
	return p.peek(1).kind != tokPunct || p.peek(1).text != "."
}

// proseGroup reports whether the parenthesis here opens a remark in words.
func (p *parser) proseGroup() bool {
	t := p.peek(1)
	return t.kind == tokName && !isFunction(t.text) && !isConstant(t.text) && !usualName(t.text) && t.text != p.variable && !isOrder(t.text)
}

// variableWord reports whether the name here is used as a variable: in tools'
// dialects every unknown name is, in prose only a usual one or a word that is
// an operand of something.
func (p *parser) variableWord() bool {
	t := p.tok()
	if !p.prose || usualName(t.text) || t.text == p.variable {
		return true
	}
	before, after := token{kind: tokEnd}, p.peek(1)
	if p.i > 0 {
		before = p.toks[p.i-1]
	}
	operator := func(t *token) bool {
		return t.kind == tokOp && strings.Contains("+ - * / **", t.text) && t.text != "_" || t.kind == tokSup
	}
	argument := p.i > 1 && before.text == "(" && after.text == ")" && p.toks[p.i-2].kind == tokName
	if !operator(&before) && !operator(after) && !argument {
		return false
	}
	return len([]rune(t.text)) != 2 || strings.ContainsAny(t.text, "0123456789_")
}

// word reads what begins with a name: a function, a constant, an order, the
// variable.
func (p *parser) word() (*node, error) {
	t := p.tok()
	switch strings.ToLower(t.text) {
	case "nan", "zoo":
		return nil, p.fail(t.pos, strconv.Quote(t.text)+": the expression is not a number")
	case "oo", "inf", "infinity":
		return nil, p.fail(t.pos, strconv.Quote(t.text)+": the expression is infinite")
	}
	switch {
	case t.text == "I" && !p.prose:
		return nil, p.fail(t.pos, "the imaginary unit I: a real expression is expected")
	case t.text == "Omega":
		return nil, p.fail(t.pos, "Ω(…) is a lower bound: an upper bound or an expression is expected")
	case isFunction(t.text):
		return p.call()
	case isOrder(t.text) && p.peek(1).text == "(":
		p.i++
		open := p.tok()
		p.i++
		p.repair(RepairOrder, t.pos, open.end, "(")
		return p.group(open)
	case t.text == "pi" || t.text == "Pi" || t.text == "PI":
		p.i++
		p.nodes++
		return leaf(OpPi), nil
	case t.text == "E" || t.text == "e":
		if t.text == "e" {
			p.repair(RepairNotation, t.pos, t.end, "E")
		}
		p.i++
		p.nodes++
		return leaf(OpE), nil
	case !p.variableWord():
		return nil, p.fail(t.pos, "the word "+strconv.Quote(clip(t.text))+" where a number, the variable, a function or ( is expected")
	}
	p.i++
	p.nodes++
	return p.named(t.text, t)
}

// named is the variable under the given name.
func (p *parser) named(name string, t *token) (*node, error) {
	if p.variable != "" && p.variable != name {
		return nil, p.fail(t.pos, "a second variable, "+strconv.Quote(clip(name))+" beside "+strconv.Quote(clip(p.variable))+": an expression in one variable is expected")
	}
	p.variable = name
	if found := p.src[t.pos:t.end]; found != "x0" && !p.noted {
		p.noted = true
		p.repair(RepairName, t.pos, t.end, "x0")
	}
	return leaf(OpVar), nil
}

// call reads a function and its arguments.
func (p *parser) call() (*node, error) {
	t := p.tok()
	p.i++
	p.nodes++
	name := functionName(t.text)
	if p.src[t.pos:t.end] == t.text { // else the lexer has noted it
		f, known := functions[name]
		switch {
		case !known:
			p.repair(RepairNotation, t.pos, t.end, name)
		case t.text != opNames[f.op] && t.text != "ln":
			p.repair(RepairNotation, t.pos, t.end, opNames[f.op])
		}
	}
	if name == "sqrt" && p.at("(") && p.tok().open == '[' { // \sqrt[3]{x}
		p.i++
		index, err := p.group(&p.toks[p.i-1])
		if err != nil {
			return nil, err
		}
		a, err := p.operand(t)
		if err != nil {
			return nil, err
		}
		return p.make(OpPow, a, div(whole(1), index))
	}
	var base, exponent *node
	if name == "log" && p.accept("_") {
		b, err := p.primary()
		if err != nil {
			return nil, err
		}
		base = b
	}
	// log²(n) and log^2 n are the power of the logarithm.
	if s := p.tok(); s.kind == tokSup {
		p.i++
		e, err := p.raised(s)
		if err != nil {
			return nil, err
		}
		exponent = e
	} else if p.accept("**") {
		e, err := p.primary()
		if err != nil {
			return nil, err
		}
		exponent = e
	}
	n, err := p.apply(name, t)
	if err != nil {
		return nil, err
	}
	if base != nil {
		if n, err = p.make(OpDiv, n, newNode(OpLog, base)); err != nil {
			return nil, err
		}
	}
	if exponent != nil {
		return p.make(OpPow, n, exponent)
	}
	return n, nil
}

// apply reads the arguments of a function and applies it.
func (p *parser) apply(name string, t *token) (*node, error) {
	var args []*node
	if !p.at("(") {
		a, err := p.operand(t)
		if err != nil {
			return nil, err
		}
		args = []*node{a}
	} else {
		tight := p.tight
		p.tight = 0
		open := p.tok()
		p.i++
		for {
			a, err := p.sum()
			if err != nil {
				return nil, err
			}
			args = append(args, a)
			if !p.accept(",") {
				break
			}
		}
		if err := p.close(open); err != nil {
			return nil, err
		}
		p.tight = tight
		if name == "frac" { // \frac{a}{b}
			if !p.at("(") {
				return nil, p.fail(p.tok().pos, "the denominator of \\frac is missing")
			}
			open := p.tok()
			p.i++
			b, err := p.group(open)
			if err != nil {
				return nil, err
			}
			args = append(args, b)
		}
	}
	if name == "log" && len(args) == 2 {
		return p.make(OpDiv, newNode(OpLog, args[0]), newNode(OpLog, args[1]))
	}
	want := 1
	if f, known := functions[name]; known {
		want = f.args
	} else {
		want = derived[name].args
	}
	if want > 0 && len(args) != want {
		return nil, p.fail(t.pos, t.text+" has "+strconv.Itoa(len(args))+" arguments, expected "+strconv.Itoa(want))
	}
	if f, known := functions[name]; known {
		return p.make(f.op, args...)
	}
	n := derived[name].build(args)
	p.nodes += 8 // the most that any of them adds
	if n.depth > maxDepth || p.nodes > maxNodes || int(n.size) > maxNodes {
		return nil, p.fail(t.pos, "the expression is nested too deeply or too long")
	}
	return n, nil
}

// operand reads the argument of a function without parentheses: log n, log 2n.
func (p *parser) operand(t *token) (*node, error) {
	if p.dialect == Sympy || p.dialect == PySR || p.dialect == Julia {
		return nil, p.fail(p.tok().pos, "( is expected after "+t.text)
	}
	p.tight++
	defer func() { p.tight-- }()
	n, err := p.power()
	if err != nil {
		return nil, err
	}
	for p.factorFollows() && p.tok().text != "(" {
		f, err := p.factor()
		if err != nil {
			return nil, err
		}
		if n, err = p.make(OpMul, n, f); err != nil {
			return nil, err
		}
	}
	return n, nil
}
