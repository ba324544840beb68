package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSource bounds the text of an expression. Equations of regression tools
// stay under 2,000 bytes; what is longer is a model that did not stop.
const maxSource = 8192

// maxDigits bounds the digits of one literal.
const maxDigits = 1000

type kind uint8

const (
	tokEnd   kind = iota
	tokNum        // text: cleaned literal
	tokName       // text: identifier; subscripts folded in
	tokOp         // text: one of + - * / ** ( ) , ! | _
	tokRel        // =, <=, ~, …
	tokSup        // superscript digits, text: their plain form
	tokPunct      // . ; : and other signs that end a formula
)

type token struct {
	kind     kind
	text     string
	pos, end int
	space    bool // white space before it
	open     rune // for "(": the character that stands for it
}

// A doubt is a place that can be read in two ways.
type doubt struct {
	pos  int
	kind RepairKind
}

// A lexer cuts a text into tokens and notes what it mended.
type lexer struct {
	src     string
	dialect Dialect
	flipped *doubt // the doubt to be read the other way; nil for the first reading
	pos     int
	toks    []token
	repairs []Repair
	doubts  []doubt
}

func (l *lexer) fail(pos int, msg string) error {
	return &SyntaxError{Source: l.src, Pos: pos, Msg: msg}
}

func (l *lexer) repair(kind RepairKind, pos, end int, taken string) {
	l.repairs = append(l.repairs, Repair{Pos: pos, Found: l.src[pos:end], Taken: taken, Kind: kind})
}

// other reports whether a doubtful place is to be read the second way, and
// notes that it is doubtful.
func (l *lexer) other(pos int, kind RepairKind) bool {
	l.doubts = append(l.doubts, doubt{pos, kind})
	return l.flipped != nil && *l.flipped == doubt{pos, kind}
}

// signs that stand for operators
var signs = map[rune]struct {
	kind kind
	text string
	mend RepairKind // "" where it is plain notation
}{
	'+': {tokOp, "+", ""}, '-': {tokOp, "-", ""}, '*': {tokOp, "*", ""}, '/': {tokOp, "/", ""},
	'(': {tokOp, "(", ""}, ')': {tokOp, ")", ""}, ',': {tokOp, ",", ""}, '!': {tokOp, "!", ""},
	'[': {tokOp, "(", RepairNotation}, ']': {tokOp, ")", RepairNotation},
	'{': {tokOp, "(", RepairNotation}, '}': {tokOp, ")", RepairNotation},
	'|': {tokOp, "|", ""}, '_': {tokOp, "_", ""},
	'−': {tokOp, "-", RepairNotation}, '–': {tokOp, "-", RepairNotation}, '‐': {tokOp, "-", RepairNotation}, '‑': {tokOp, "-", RepairNotation},
	'·': {tokOp, "*", RepairProduct}, '×': {tokOp, "*", RepairProduct}, '∙': {tokOp, "*", RepairProduct}, '⋅': {tokOp, "*", RepairProduct}, '∗': {tokOp, "*", RepairProduct},
	'÷': {tokOp, "/", RepairNotation}, '∕': {tokOp, "/", RepairNotation},
	'√': {tokName, "sqrt", RepairNotation}, 'π': {tokName, "pi", RepairNotation}, 'ℯ': {tokName, "E", RepairNotation},
	'⌊': {tokOp, "⌊", RepairNotation}, '⌋': {tokOp, "⌋", RepairNotation}, '⌈': {tokOp, "⌈", RepairNotation}, '⌉': {tokOp, "⌉", RepairNotation},
	'=': {tokRel, "=", ""}, '≤': {tokRel, "=", ""}, '<': {tokRel, "=", ""}, '≥': {tokRel, "=", ""}, '>': {tokRel, "=", ""},
	'≈': {tokRel, "=", ""}, '~': {tokRel, "=", ""}, '∼': {tokRel, "=", ""}, '≲': {tokRel, "=", ""}, '∝': {tokRel, "=", ""}, '∈': {tokRel, "=", ""}, '≪': {tokRel, "=", ""},
	'Θ': {tokName, "Theta", RepairNotation}, 'Ω': {tokName, "Omega", RepairNotation}, '𝒪': {tokName, "O", RepairNotation},
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿˣ"
const superPlain = "0123456789+-nx"
const subscripts = "₀₁₂₃₄₅₆₇₈₉"

// plainOf returns the plain form of a raised or lowered character, 0 for none.
func plainOf(r rune, from, plain string) byte {
	i := 0
	for _, c := range from {
		if c == r {
			return plain[i]
		}
		i++
	}
	return 0
}

func (l *lexer) run() error {
	for {
		space := l.skipSpace()
		if l.pos >= len(l.src) {
			l.toks = append(l.toks, token{kind: tokEnd, pos: len(l.src), end: len(l.src), space: space})
			return nil
		}
		n := len(l.toks)
		if err := l.next(); err != nil {
			return err
		}
		if len(l.toks) > n {
			l.toks[n].space = space
		}
	}
}

// mangled commands: a JSON reader has turned the backslash and the first
// letter into a control character.
var mangled = []struct{ text, command string }{
	{"\frac", "frac"}, {"\times", "times"}, {"\tfrac", "tfrac"},
	{"\right", "right"}, {"\rfloor", "rfloor"}, {"\rceil", "rceil"},
}

func (l *lexer) skipSpace() bool {
	start := l.pos
	for l.pos < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.IsSpace(r) && r != '\u200b' && r != '\u2009' && r != '\b' {
			break
		}
		for _, m := range mangled {
			if strings.HasPrefix(l.src[l.pos:], m.text) {
				return l.pos > start
			}
		}
		l.pos += n
	}
	return l.pos > start
}

func (l *lexer) push(kind kind, text string, end int) {
	l.toks = append(l.toks, token{kind: kind, text: text, pos: l.pos, end: end})
	l.pos = end
}

func (l *lexer) next() error {
	rest := l.src[l.pos:]
	r, n := utf8.DecodeRuneInString(rest)
	for _, m := range mangled {
		if strings.HasPrefix(rest, m.text) {
			return l.command(m.command, l.pos+len(m.text))
		}
	}
	switch {
	case isDigit(r), r == '.' && len(rest) > 1 && isDigit(rune(rest[1])):
		return l.number()
	case r == '\\':
		return l.backslash()
	case plainOf(r, superscripts, superPlain) != 0:
		l.superscript()
		return nil
	case r == '^':
		l.repairUnlessNative(l.pos, l.pos+1)
		l.push(tokOp, "**", l.pos+1)
		return nil
	case strings.HasPrefix(rest, "**"):
		l.push(tokOp, "**", l.pos+2)
		return nil
	case r == '*':
		// "* *" is a power that was padded with spaces.
		after := strings.TrimLeft(rest[1:], " \t")
		if strings.HasPrefix(after, "*") {
			end := l.pos + len(rest) - len(after) + 1
			l.repair(RepairPower, l.pos, end, "**")
			l.push(tokOp, "**", end)
			return nil
		}
	}
	if s, ok := signs[r]; ok {
		end := l.pos + n
		if s.kind == tokRel {
			for end < len(l.src) && strings.IndexByte("=<>~", l.src[end]) >= 0 {
				end++
			}
		}
		if s.mend != "" {
			l.repair(s.mend, l.pos, end, s.text)
		}
		l.push(s.kind, s.text, end)
		l.toks[len(l.toks)-1].open = r
		return nil
	}
	if unicode.IsLetter(r) {
		l.name()
		return nil
	}
	l.push(tokPunct, string(r), l.pos+n)
	return nil
}

// repairUnlessNative notes ^ for a power where it is not the dialect's own.
func (l *lexer) repairUnlessNative(pos, end int) {
	if l.dialect != PySR && l.dialect != Julia {
		l.repair(RepairPower, pos, end, "**")
	}
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// name reads an identifier: letters, digits, underscores, lowered digits, and
// x_{0}. Prefixes such as math. and np. fall away.
func (l *lexer) name() {
	start := l.pos
	i := start
	var text []byte
	mended := false
	for i < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[i:])
		if c := plainOf(r, subscripts, superPlain); c != 0 {
			text, mended = append(text, c), true
			i += n
			continue
		}
		if r == '_' {
			if j := subscriptGroup(l.src[i:]); j > 0 {
				text, mended = append(text, l.src[i+2:i+j-1]...), true
				i += j
				continue
			}
		}
		if !unicode.IsLetter(r) && !isDigit(r) && r != '_' {
			break
		}
		if _, sign := signs[r]; sign && r != '_' {
			break
		}
		text = append(text, l.src[i:i+n]...)
		i += n
	}
	name := string(text)
	if i+1 < len(l.src) && l.src[i] == '.' && unicode.IsLetter(rune(l.src[i+1])) {
		switch name {
		case "math", "Math", "np", "numpy", "sympy", "sp", "jnp", "torch", "Base":
			l.repair(RepairNotation, start, i+1, "")
			l.pos = i + 1
			l.name()
			return
		}
	}
	// x_0 is the name x0; log_2 keeps its base apart.
	if stem, digits, ok := strings.Cut(name, "_"); ok && len([]rune(stem)) == 1 && isDigits(digits) {
		name, mended = stem+digits, true
	} else if ok && isDigits(digits) && strings.EqualFold(stem, "log") {
		name = stem
		i = start + len(stem)
		mended = false
	}
	if mended && name != "x0" {
		l.repair(RepairNotation, start, i, name)
	}
	l.push(tokName, name, i)
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// subscriptGroup returns the length of a leading _{12}, 0 for none.
func subscriptGroup(s string) int {
	if !strings.HasPrefix(s, "_{") {
		return 0
	}
	j := strings.IndexByte(s, '}')
	if j < 0 || !isDigits(s[2:j]) {
		return 0
	}
	return j + 1
}

// superscript reads ², ⁻⁷, ⁿ: an exponent.
func (l *lexer) superscript() {
	start := l.pos
	i := start
	var plain []byte
	for i < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[i:])
		c := plainOf(r, superscripts, superPlain)
		if c == 0 {
			break
		}
		plain = append(plain, c)
		i += n
	}
	l.repair(RepairPower, start, i, "**"+string(plain))
	l.push(tokSup, string(plain), i)
}
