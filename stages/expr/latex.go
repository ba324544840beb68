package expr

import (
	"strings"
	"unicode"
)

// commands of LaTeX that stand for one token
var commands = map[string]struct {
	kind kind
	text string
}{
	"cdot": {tokOp, "*"}, "times": {tokOp, "*"}, "ast": {tokOp, "*"}, "div": {tokOp, "/"},
	"lfloor": {tokOp, "⌊"}, "rfloor": {tokOp, "⌋"}, "lceil": {tokOp, "⌈"}, "rceil": {tokOp, "⌉"},
	"lvert": {tokOp, "|"}, "rvert": {tokOp, "|"}, "vert": {tokOp, "|"},
	"le": {tokRel, "="}, "leq": {tokRel, "="}, "ge": {tokRel, "="}, "geq": {tokRel, "="}, "approx": {tokRel, "="}, "sim": {tokRel, "="},
	"in": {tokRel, "="}, "lesssim": {tokRel, "="}, "propto": {tokRel, "="}, "leqslant": {tokRel, "="},
	"exp": {tokName, "exp"}, "log": {tokName, "log"}, "ln": {tokName, "ln"}, "lg": {tokName, "lg"},
	"sin": {tokName, "sin"}, "cos": {tokName, "cos"}, "tan": {tokName, "tan"},
	"arcsin": {tokName, "asin"}, "arccos": {tokName, "acos"}, "arctan": {tokName, "atan"},
	"sinh": {tokName, "sinh"}, "cosh": {tokName, "cosh"}, "tanh": {tokName, "tanh"},
	"max": {tokName, "max"}, "min": {tokName, "min"}, "sqrt": {tokName, "sqrt"}, "Gamma": {tokName, "gamma"},
	"frac": {tokName, "frac"}, "dfrac": {tokName, "frac"}, "tfrac": {tokName, "frac"},
	"pi": {tokName, "pi"}, "Theta": {tokName, "Theta"}, "Omega": {tokName, "Omega"}, "infty": {tokName, "oo"},
	"log_": {tokName, "log"},
}

// commands of LaTeX that only set type
var silent = map[string]bool{
	"left": true, "right": true, "big": true, "Big": true, "bigl": true, "bigr": true, "Bigl": true, "Bigr": true, "bigg": true,
	"quad": true, "qquad": true, "displaystyle": true, "textstyle": true, "limits": true,
}

// commands of LaTeX whose argument stands for itself
var wrappers = map[string]bool{
	"mathrm": true, "mathcal": true, "mathit": true, "mathbf": true, "operatorname": true, "text": true, "textrm": true, "mathsf": true, "boxed": true, "textbf": true,
}

func (l *lexer) backslash() error {
	i := l.pos + 1
	if i < len(l.src) && l.src[i] == '\\' && i+1 < len(l.src) && unicode.IsLetter(rune(l.src[i+1])) {
		i++ // escaped twice
	}
	j := i
	for j < len(l.src) && l.src[j] < 0x80 && unicode.IsLetter(rune(l.src[j])) {
		j++
	}
	if j > i {
		return l.command(l.src[i:j], j)
	}
	if j >= len(l.src) {
		return l.fail(l.pos, "the text ends in a backslash")
	}
	switch l.src[j] {
	case ',', ';', ':', '!', ' ', '\\':
		l.pos = j + 1
	case '{', '}', '_', '%', '$', '*', '^':
		l.pos = j // an escaped sign stands for itself
	case '(', ')', '[', ']': // \( … \): marks of mathematics
		l.repair(RepairMarkup, l.pos, j+1, "")
		l.pos = j + 1
	default:
		return l.fail(l.pos, "an unknown command after the backslash")
	}
	return nil
}

// command reads a LaTeX command whose name ends at end.
func (l *lexer) command(name string, end int) error {
	if silent[name] {
		l.repair(RepairNotation, l.pos, end, "")
		l.pos = end
		if end < len(l.src) && l.src[end] == '.' && (name == "left" || name == "right") {
			l.pos++
		}
		return nil
	}
	if wrappers[name] && strings.HasPrefix(l.src[end:], "{") {
		j := strings.IndexByte(l.src[end:], '}')
		if j < 0 {
			return l.fail(l.pos, "the text ends inside \\"+name+"{ …: it is cut off")
		}
		inner := strings.TrimSpace(l.src[end+1 : end+j])
		if inner != "" && strings.IndexFunc(inner, func(r rune) bool { return !unicode.IsLetter(r) }) < 0 {
			if inner == "e" {
				inner = "E"
			}
			l.repair(RepairNotation, l.pos, end+j+1, inner)
			l.push(tokName, inner, end+j+1)
			return nil
		}
		l.repair(RepairNotation, l.pos, end, "")
		l.pos = end // the braces group
		return nil
	}
	c, ok := commands[name]
	if !ok {
		return l.fail(l.pos, "the command \\"+clip(name)+" is not known")
	}
	kind := RepairNotation
	if c.text == "*" {
		kind = RepairProduct
	}
	l.repair(kind, l.pos, end, c.text)
	l.push(c.kind, c.text, end)
	return nil
}
