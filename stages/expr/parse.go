package expr

import (
	"strconv"
	"strings"
)

// maxDepth bounds the depth of a tree; real equations stay under 30.
const maxDepth = 250

// maxNesting bounds the parser's own recursion, which takes up to four steps
// for one level of a tree.
const maxNesting = 4*maxDepth + 20

// maxNodes bounds the size of a tree.
const maxNodes = 5000

// A parser turns tokens into one tree. It is used for one reading.
type parser struct {
	*lexer
	i        int // next token
	nodes    int
	depth    int
	variable string // the variable's name; "" until one is seen
	noted    bool   // the variable's other name is among the repairs
	prose    bool   // words may surround the formula
	tight    int    // >0 inside an operand that ends before a name, as in log n log n
}

func (p *parser) tok() *token           { return &p.toks[p.i] }
func (p *parser) peek(ahead int) *token { return &p.toks[min(p.i+ahead, len(p.toks)-1)] }

func (p *parser) at(text string) bool {
	t := p.tok()
	return t.kind == tokOp && t.text == text
}

func (p *parser) accept(text string) bool {
	if p.at(text) {
		p.i++
		return true
	}
	return false
}

func (p *parser) make(op Op, args ...*node) (*node, error) {
	p.nodes++
	n := build(op, args)
	if n.depth > maxDepth || p.nodes > maxNodes {
		return nil, p.fail(p.tok().pos, "the expression is nested too deeply or too long")
	}
	return n, nil
}

func (p *parser) enter() error {
	if p.depth++; p.depth > maxNesting {
		return p.fail(p.tok().pos, "the expression is nested too deeply")
	}
	return nil
}

// sum := product (("+" | "-") product)*
func (p *parser) sum() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	first, err := p.product()
	if err != nil {
		return nil, err
	}
	terms := []*node{first}
	for {
		minus := p.at("-")
		if !minus && !p.at("+") {
			break
		}
		p.i++
		t, err := p.product()
		if err != nil {
			return nil, err
		}
		if minus {
			t = neg(t)
		}
		terms = append(terms, t)
	}
	return p.make(OpAdd, terms...)
}

// product := unary (("*" | "/" | nothing) unary)*
func (p *parser) product() (*node, error) {
	first, err := p.unary()
	if err != nil {
		return nil, err
	}
	factors := []*node{first}
	for {
		switch {
		case p.accept("*"):
			f, err := p.unary()
			if err != nil {
				return nil, err
			}
			factors = append(factors, f)
		case p.accept("/"):
			d, err := p.denominator()
			if err != nil {
				return nil, err
			}
			n, err := p.make(OpMul, factors...)
			if err != nil {
				return nil, err
			}
			if n, err = p.make(OpDiv, n, d); err != nil {
				return nil, err
			}
			factors = append(factors[:0:0], n)
		case p.factorFollows():
			f, err := p.factor()
			if err != nil {
				return nil, err
			}
			factors = append(factors, f)
		default:
			return p.make(OpMul, factors...)
		}
	}
}

// denominator reads what / divides by. In 1/2x the product may belong under
// the fraction.
func (p *parser) denominator() (*node, error) {
	d, err := p.unary()
	if err != nil || !p.factorFollows() || !p.underFraction() {
		return d, err
	}
	under := []*node{d}
	for p.factorFollows() {
		f, err := p.factor()
		if err != nil {
			return nil, err
		}
		under = append(under, f)
	}
	return p.make(OpMul, under...)
}

// underFraction decides whether a factor without a sign after a denominator
// belongs to it: in Julia it does, elsewhere it is in doubt.
func (p *parser) underFraction() bool {
	t := p.tok()
	if p.dialect == Julia {
		return true
	}
	if !p.other(t.pos, RepairDivision) {
		return false
	}
	p.repair(RepairDivision, t.pos, t.end, "part of the denominator")
	return true
}

// factor reads an operand that stands beside another without a sign.
func (p *parser) factor() (*node, error) {
	t := p.tok()
	if p.dialect != Julia {
		p.lexer.repairs = append(p.lexer.repairs, Repair{Pos: t.pos, Found: "", Taken: "*", Kind: RepairProduct})
	}
	return p.power()
}

// unary := ("-" | "+") unary | power
func (p *parser) unary() (*node, error) {
	if p.at("-") {
		if p.signedNumber() {
			return p.power()
		}
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer func() { p.depth-- }()
		p.i++
		n, err := p.unary()
		if err != nil {
			return nil, err
		}
		return p.make(OpNeg, n)
	}
	for p.accept("+") {
	}
	if p.at("-") {
		return p.unary()
	}
	return p.power()
}

// signedNumber decides whether the sign here belongs to the number after it
// even under a power, as PySR prints negative constants.
func (p *parser) signedNumber() bool {
	minus, num, op := p.tok(), p.peek(1), p.peek(2)
	if num.kind != tokNum || num.space || op.kind != tokOp || op.text != "**" {
		return false
	}
	if p.dialect == PySR {
		return true
	}
	// With ** it is Python, where the sign comes last.
	if p.dialect == Sympy || p.dialect == Julia || p.src[op.pos] != '^' {
		return false
	}
	if !p.other(minus.pos, RepairSign) {
		return false
	}
	p.repair(RepairSign, minus.pos, num.end, "(-"+num.text+")")
	return true
}

// power := postfix (("**" exponent) | nothing)
func (p *parser) power() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	negative := p.accept("-") // only after signedNumber
	base, err := p.postfix()
	if err != nil {
		return nil, err
	}
	if negative {
		base = neg(base)
	}
	if !p.accept("**") {
		return base, nil
	}
	e, err := p.exponent()
	if err != nil {
		return nil, err
	}
	return p.make(OpPow, base, e)
}

// exponent := ("-" | "+") exponent | power, and 2n as in 2^2n where that is meant
func (p *parser) exponent() (*node, error) {
	if p.at("-") && p.signedNumber() {
		return p.power()
	}
	if p.at("-") || p.at("+") {
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer func() { p.depth-- }()
		minus := p.at("-")
		p.i++
		n, err := p.exponent()
		if err != nil || !minus {
			return n, err
		}
		return p.make(OpNeg, n)
	}
	number := p.tok()
	n, err := p.power()
	if err != nil {
		return nil, err
	}
	next := p.tok()
	if number.kind == tokNum && p.toks[p.i-1].pos == number.pos && next.kind == tokName && !next.space && p.factorFollows() {
		julia := p.dialect == Julia
		if julia || p.other(next.pos, RepairPower) {
			if !julia {
				p.repair(RepairPower, next.pos, next.end, "part of the exponent")
			}
			f, err := p.power()
			if err != nil {
				return nil, err
			}
			return p.make(OpMul, n, f)
		}
	}
	return n, nil
}

// postfix := primary ("!" | superscript)*
func (p *parser) postfix() (*node, error) {
	n, err := p.primary()
	if err != nil {
		return nil, err
	}
	for {
		switch t := p.tok(); {
		case t.kind == tokOp && t.text == "!":
			p.i++
			n, err = p.make(OpFactorial, n)
		case t.kind == tokSup:
			p.i++
			var e *node
			if e, err = p.raised(t); err == nil {
				n, err = p.make(OpPow, n, e)
			}
		case p.prose && t.kind == tokName && (t.text == "squared" || t.text == "cubed"):
			p.i++
			k := int64(2)
			if t.text == "cubed" {
				k = 3
			}
			p.repair(RepairPower, t.pos, t.end, "**"+strconv.FormatInt(k, 10))
			n, err = p.make(OpPow, n, whole(k))
		default:
			return n, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// raised is the exponent that superscript characters spell.
func (p *parser) raised(t *token) (*node, error) {
	text := t.text
	negative := strings.HasPrefix(text, "-")
	text = strings.TrimLeft(text, "+-")
	var n *node
	if text == "n" || text == "x" {
		v, err := p.named(text, t)
		if err != nil {
			return nil, err
		}
		n = v
	} else {
		x, ok := newNumber(text)
		if !ok || len(text) > maxDigits {
			return nil, p.fail(t.pos, "the raised characters are no number")
		}
		n = numNode(x)
	}
	if negative {
		n = neg(n)
	}
	return n, nil
}

// primary is a number, a name, a call, or a group.
func (p *parser) primary() (*node, error) {
	t := p.tok()
	switch t.kind {
	case tokEnd:
		return nil, p.fail(t.pos, p.ending())
	case tokNum:
		p.i++
		p.nodes++
		x, ok := newNumber(t.text)
		if !ok {
			return nil, p.fail(t.pos, "the number "+clip(t.text)+" cannot be read")
		}
		return numNode(x), nil
	case tokName:
		return p.word()
	case tokOp:
		switch t.text {
		case "(":
			p.i++
			return p.group(t)
		case "|":
			return p.between("|", "|", OpAbs)
		case "⌊":
			return p.between("⌊", "⌋", OpFloor)
		case "⌈":
			return p.between("⌈", "⌉", OpCeil)
		case ")":
			return nil, p.fail(t.pos, "a closing parenthesis where an operand is expected")
		}
	}
	return nil, p.fail(t.pos, strconv.Quote(p.src[t.pos:t.end])+" where a number, the variable, a function or ( is expected")
}

// ending says why the text ends too soon.
func (p *parser) ending() string {
	if p.i == 0 {
		return "there is no expression"
	}
	open := 0
	for _, t := range p.toks[:p.i] {
		if t.kind == tokOp && t.text == "(" {
			open++
		} else if t.kind == tokOp && t.text == ")" {
			open--
		}
	}
	if open > 0 {
		return "the text ends where an operand is expected, inside " + strconv.Itoa(open) + " open parentheses: it is cut off"
	}
	return "the text ends where an operand is expected: it is cut off"
}

// group reads up to the parenthesis that closes open, which has been read.
func (p *parser) group(open *token) (*node, error) {
	tight := p.tight
	p.tight = 0
	n, err := p.sum()
	p.tight = tight
	if err != nil {
		return nil, err
	}
	return n, p.close(open)
}

func (p *parser) close(open *token) error {
	if p.accept(")") {
		return nil
	}
	t := p.tok()
	if t.kind == tokEnd {
		return p.fail(t.pos, "the parenthesis of column "+strconv.Itoa(column(p.src, open.pos))+" is not closed: the text is cut off")
	}
	return p.fail(t.pos, strconv.Quote(p.src[t.pos:t.end])+" where an operator or ) is expected")
}

func column(src string, pos int) int { return len([]rune(src[:pos])) + 1 }

func (p *parser) between(open, shut string, op Op) (*node, error) {
	start := p.tok().pos
	p.i++
	n, err := p.sum()
	if err != nil {
		return nil, err
	}
	if !p.accept(shut) {
		return nil, p.fail(p.tok().pos, strconv.Quote(shut)+" is missing for the "+strconv.Quote(open)+" of column "+strconv.Itoa(column(p.src, start)))
	}
	return p.make(op, n)
}
