package expr

import (
	"strings"
	"unicode/utf8"
)

// maxStarts bounds the words that may be skipped in search of a formula.
const maxStarts = 40

// maxAlternatives bounds the doubtful places that are read the other way.
const maxAlternatives = 4

// Parse reads one expression in one variable, which becomes x0 whatever its
// name. What departs from plain notation is mended where it has one meaning,
// and listed in the Reading; where it has two, the likelier one comes first
// and the other is among the Alternatives. A text that is cut off is never
// completed. An error is a *SyntaxError.
func Parse(src string, d Dialect) (Reading, error) {
	if len(src) > maxSource {
		return Reading{}, &SyntaxError{Source: src, Msg: "the text is longer than 8192 bytes"}
	}
	if !utf8.ValidString(src) {
		return Reading{}, &SyntaxError{Source: src, Msg: "the text is not valid UTF-8"}
	}
	first, doubts, err := parseOnce(src, d, nil)
	if err != nil {
		// The text may read only in its other way.
		for _, q := range doubts {
			if r, _, err := parseOnce(src, d, &q); err == nil {
				return r, nil
			}
		}
		return Reading{}, err
	}
	seen := map[doubt]bool{}
	for _, q := range doubts {
		if seen[q] || len(seen) >= maxAlternatives {
			continue
		}
		seen[q] = true
		r, _, err := parseOnce(src, d, &q)
		if err == nil && !r.Expr.Equal(first.Expr) {
			r.Alternatives = nil
			first.Alternatives = append(first.Alternatives, r)
		}
	}
	return first, nil
}

// parseOnce gives one reading, with the doubtful place flipped read the other
// way, and the doubtful places met.
func parseOnce(src string, d Dialect, flipped *doubt) (Reading, []doubt, error) {
	l := &lexer{src: src, dialect: d, flipped: flipped}
	from, to := l.unwrap(0, len(src))
	l.pos, l.src = from, src[:to]
	err := l.run()
	l.src = src
	if err != nil {
		if e, ok := err.(*SyntaxError); ok {
			e.Source = src
		}
		return Reading{}, l.doubts, err
	}
	prose := d == Auto || d == Prose
	repairs, doubts := len(l.repairs), len(l.doubts)
	r, err := l.formula(0, prose)
	if err == nil || !prose {
		return r, l.doubts, err
	}
	// Words may stand before the formula. A shorter one inside a formula that
	// is broken must not pass for it: only words are skipped.
	tries := 0
	for i := range l.toks {
		if i == 0 || !l.startsAfterWords(i) {
			continue
		}
		if tries++; tries > maxStarts {
			break
		}
		l.repairs, l.doubts = l.repairs[:repairs], l.doubts[:doubts]
		if r, e := l.formula(i, true); e == nil && l.announced(i, r.Expr) {
			return r, l.doubts, nil
		}
	}
	return Reading{}, l.doubts, err
}

// startsAfterWords reports whether all tokens before i are words and the marks
// between them, and i may begin a formula.
func (l *lexer) startsAfterWords(i int) bool {
	if last := l.toks[i-1]; last.kind == tokName {
		// f(x+1) and c x^2 leave no word out: they say what is not known.
		if len([]rune(last.text)) == 1 || l.toks[i].text == "(" && !l.toks[i].space {
			return false
		}
	}
	for j, t := range l.toks[:i] {
		switch {
		case t.kind == tokName && !isFunction(t.text) && !usualName(t.text) && t.text != "Omega":
		case t.kind == tokPunct, t.kind == tokOp && t.text == ",":
		case t.kind == tokRel && j == i-1:
		default:
			return false
		}
	}
	return true
}

// announced reports whether a formula after words is more than a lone name or
// number that happens to stand in a sentence.
func (l *lexer) announced(i int, e Expr) bool {
	last := l.toks[i-1]
	if e.Size() > 1 || last.kind != tokName {
		return true
	}
	switch strings.ToLower(last.text) {
	case "is", "bound", "be", "by", "as", "approximately", "about", "roughly", "formula":
		return true
	}
	return false
}

// unwrap narrows src[from:to] to what stands within marks around a formula:
// backticks, dollar signs, quotes, asterisks.
func (l *lexer) unwrap(from, to int) (int, int) {
	for {
		l.pos = from
		l.skipSpace()
		from = min(l.pos, to)
		trimmed := strings.TrimRight(l.src[from:to], " \t\r\n\f")
		to = from + len(trimmed)
		if l.dialect != Sympy && l.dialect != PySR && l.dialect != Julia {
			if t := strings.TrimRight(trimmed, ".;"); len(t) < len(trimmed) && t != "" {
				l.repair(RepairMarkup, from+len(t), to, "")
				to = from + len(t)
				continue
			}
		}
		mark := ""
		for _, m := range []string{"```", "``", "`", "$$", "$", "**", "\"", "'"} {
			if len(trimmed) >= 2*len(m) && strings.HasPrefix(trimmed, m) && strings.HasSuffix(trimmed, m) {
				mark = m
				break
			}
		}
		if mark == "" && l.stray(trimmed, &from, &to) {
			continue
		}
		if mark == "" {
			return l.inline(from, to)
		}
		l.repair(RepairMarkup, from, from+len(mark), "")
		from, to = from+len(mark), to-len(mark)
		if mark == "```" { // the language's name
			if i := strings.IndexByte(l.src[from:to], '\n'); i >= 0 && !strings.ContainsAny(l.src[from:from+i], "0123456789(") {
				from += i
			}
		}
	}
}

// stray leaves out one mark at either end that has no partner.
func (l *lexer) stray(s string, from, to *int) bool {
	for _, mark := range []string{"`", "$", "\""} {
		if strings.Count(s, mark) != 1 || len(s) < 2 {
			continue
		}
		switch {
		case strings.HasPrefix(s, mark):
			l.repair(RepairMarkup, *from, *from+1, "")
			*from++
			return true
		case strings.HasSuffix(s, mark):
			l.repair(RepairMarkup, *to-1, *to, "")
			*to--
			return true
		}
	}
	return false
}

// inline narrows a sentence to its one formula in backticks or dollar signs.
func (l *lexer) inline(from, to int) (int, int) {
	if l.dialect != Auto && l.dialect != Prose {
		return from, to
	}
	s := l.src[from:to]
	for _, mark := range []string{"`", "$"} {
		if strings.Count(s, mark) != 2 {
			continue
		}
		a := strings.Index(s, mark)
		b := strings.LastIndex(s, mark)
		l.repair(RepairMarkup, from+a, from+a+1, "")
		if a > 0 {
			l.repair(RepairProse, from, from+a, "")
		}
		if b+1 < len(s) {
			l.repair(RepairProse, from+b+1, to, "")
		}
		return from + a + 1, from + b
	}
	return from, to
}

// formula reads the tokens from start on as one formula, or as a chain of
// equal ones such as f(x) = O(x^2).
func (l *lexer) formula(start int, prose bool) (Reading, error) {
	p := &parser{lexer: l, i: start, prose: prose}
	if start > 0 {
		p.repair(RepairProse, l.toks[0].pos, l.toks[start-1].end, "")
	}
	var sides []*node
	for {
		if p.head() {
			if p.tok().kind == tokEnd {
				break
			}
			continue
		}
		n, err := p.sum()
		if err != nil {
			return Reading{}, err
		}
		sides = append(sides, n)
		if p.tok().kind != tokRel {
			break
		}
		p.i++
	}
	if len(sides) == 0 {
		return Reading{}, p.fail(p.tok().pos, "there is no expression")
	}
	if err := p.rest(sides[len(sides)-1]); err != nil {
		return Reading{}, err
	}
	r := Reading{Expr: Expr{sides[len(sides)-1]}, Variable: p.variable}
	for _, s := range sides[:len(sides)-1] {
		if !equal(s, r.Expr.n) {
			r.Alternatives = append(r.Alternatives, Reading{Expr: Expr{s}, Variable: p.variable})
		}
	}
	r.Repairs = sortRepairs(l.repairs)
	for i := range r.Alternatives {
		r.Alternatives[i].Repairs = r.Repairs
	}
	return r, nil
}

// head skips "f(x0) =", "O(n) =", "T =", and "= f(x0)" at the end.
func (p *parser) head() bool {
	t := p.tok()
	if t.kind != tokName || isFunction(t.text) && p.peek(1).kind != tokRel {
		return false
	}
	n := 1
	if p.peek(1).text == "(" && p.peek(2).kind == tokName && p.peek(3).text == ")" {
		n = 4
	}
	if n == 1 && usualName(t.text) && t.text != "t" || n == 4 && !headName(t.text) {
		return false
	}
	end := p.peek(n)
	if end.kind == tokRel {
		p.repair(RepairOrder, t.pos, end.end, "")
		p.i += n + 1
		return true
	}
	before := p.i > 0 && p.toks[p.i-1].kind == tokRel
	if before && end.kind == tokEnd && n == 4 && !isOrder(t.text) {
		p.repair(RepairOrder, p.toks[p.i-1].pos, p.toks[p.i+n-1].end, "")
		p.i += n
		return true
	}
	return false
}

func headName(name string) bool { return len([]rune(name)) == 1 || isOrder(name) }

// rest reports whether nothing but words follows the formula n.
func (p *parser) rest(n *node) error {
	t := p.tok()
	if t.kind == tokEnd {
		return nil
	}
	unexpected := p.fail(t.pos, "\""+clip(p.src[t.pos:t.end])+"\" where the end or an operator is expected")
	if t.kind == tokOp && t.text == ")" {
		unexpected = p.fail(t.pos, "a closing parenthesis that nothing opens")
	}
	if !p.prose || n.op == OpVar && !usualName(p.variable) || n.op == OpE {
		return unexpected
	}
	word := t
	switch {
	case t.kind == tokPunct && strings.ContainsAny(t.text, ".;:—–"), t.kind == tokOp && (t.text == "," || t.text == "("):
		word = p.peek(1)
		if word.kind == tokEnd && t.text != "(" {
			break
		}
		if word.kind != tokName || isFunction(word.text) || usualName(word.text) {
			return unexpected
		}
	case t.kind != tokName:
		return unexpected
	}
	switch strings.ToLower(word.text) {
	case "or", "plus", "minus", "times", "and", "to", "divided", "multiplied", "over", "versus", "raised", "choose", "mod", "modulo", "per", "power":
		return p.fail(word.pos, "the words go on with another formula: one is expected")
	}
	// Unless they explain, words that hold anything but words may be part of
	// the formula.
	if !explains(word.text) {
		for _, follow := range p.toks[p.i:] {
			if follow.kind == tokOp && follow.text != "," && follow.text != "(" && follow.text != ")" || follow.kind == tokNum || follow.kind == tokSup || follow.kind == tokName && isFunction(follow.text) {
				return p.fail(follow.pos, "a second formula after the first: one is expected")
			}
		}
	}
	p.repair(RepairProse, t.pos, p.toks[len(p.toks)-1].pos, "")
	return nil
}

// explains reports words that begin a remark on the formula before them.
func explains(word string) bool {
	switch strings.ToLower(word) {
	case "where", "since", "because", "which", "for", "as", "when", "with", "if", "so", "is", "assuming", "i", "see", "the":
		return true
	}
	return false
}

// sortRepairs orders a copy by position.
func sortRepairs(in []Repair) []Repair {
	out := append([]Repair(nil), in...)
	for i := 1; i < len(out); i++ {
		for j := i; j > 0 && out[j].Pos < out[j-1].Pos; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	for i := range out {
		if utf8.RuneCountInString(out[i].Found) > 60 {
			out[i].Found = string([]rune(out[i].Found)[:60]) + "…"
		}
	}
	return out
}
