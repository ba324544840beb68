package expr

import (
	"strings"
	"unicode/utf8"
)

// number reads a literal. Besides plain notation it mends 5.03e - 7, which a
// tool made of 5.03e-7 by putting spaces around "-".
func (l *lexer) number() error {
	start := l.pos
	i := digitsEnd(l.src, start)
	if i < len(l.src) && l.src[i] == '.' {
		i = digitsEnd(l.src, i+1)
	}
	text := l.src[start:i]
	if strings.IndexByte(text, '_') >= 0 {
		text = strings.ReplaceAll(text, "_", "")
		l.repair(RepairNotation, start, i, text)
	}
	if len(text) > maxDigits {
		return l.fail(start, "a number of more than 1000 digits")
	}
	switch end, exponent := exponentAt(l.src, i); {
	case end > 0:
		if spelled := text + l.src[i:end]; !plainExponent(l.src[i:end]) {
			l.repair(RepairExponent, start, end, text+"e"+exponent)
			text += "e" + exponent
		} else {
			text = spelled
		}
		i = end
	default:
		end, exponent := brokenExponent(l.src, i)
		if end == 0 {
			break
		}
		// With a whole number before it, e may be Euler's number; sympy
		// never writes that without a product sign.
		doubtful := l.dialect != Sympy && (!strings.Contains(text, ".") || l.src[i] == ' ')
		if doubtful && l.other(start, RepairExponent) {
			break
		}
		l.repair(RepairExponent, start, end, text+"e"+exponent)
		text += "e" + exponent
		i = end
	}
	x, ok := newNumber(text)
	if !ok {
		return l.fail(start, "the number "+clip(text)+" is too large or too small: an exponent within ±99999 is expected")
	}
	l.push(tokNum, x.text, i)
	return nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// digitsEnd returns the end of the digits at i; single underscores between
// digits belong to them.
func digitsEnd(s string, i int) int {
	for i < len(s) {
		if s[i] == '_' && i > 0 && isDigit(rune(s[i-1])) && i+1 < len(s) && isDigit(rune(s[i+1])) {
			i++
			continue
		}
		if !isDigit(rune(s[i])) {
			break
		}
		i++
	}
	return i
}

// plainExponent reports whether an exponent is written e7, E-7 or e+7.
func plainExponent(s string) bool {
	return (s[0] == 'e' || s[0] == 'E') && strings.Trim(s[1:], "+-0123456789") == ""
}

// exponentAt reads an exponent without spaces at i: e-7, E7, Julia's f-7, and
// e−7 with a typographic minus. It returns 0 where there is none.
func exponentAt(s string, i int) (end int, exponent string) {
	if i >= len(s) || strings.IndexByte("eEf", s[i]) < 0 {
		return 0, ""
	}
	j := i + 1
	sign, n := signAt(s, j)
	j += n
	if s[i] == 'f' && j < len(s) && n == 0 && !isDigit(rune(s[j])) {
		return 0, ""
	}
	k := plainDigitsEnd(s, j)
	if k == j {
		return 0, ""
	}
	return k, sign + s[j:k]
}

// brokenExponent reads an exponent that spaces have split, as in 5.03e - 7.
func brokenExponent(s string, i int) (end int, exponent string) {
	j := i
	for j < len(s) && s[j] == ' ' {
		j++
	}
	before := j > i
	if j >= len(s) || (s[j] != 'e' && s[j] != 'E') {
		return 0, ""
	}
	j++
	inner := skipBlank(s, j)
	sign, n := signAt(s, inner)
	if n == 0 {
		return 0, ""
	}
	digits := skipBlank(s, inner+n)
	k := plainDigitsEnd(s, digits)
	if k == digits || k < len(s) && s[k] == '.' {
		return 0, ""
	}
	if before && (inner != j || digits != inner+n) {
		return 0, "" // 5 e - 7: no trace of a number
	}
	return k, sign + s[digits:k]
}

func skipBlank(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

func plainDigitsEnd(s string, i int) int {
	for i < len(s) && isDigit(rune(s[i])) {
		i++
	}
	return i
}

// signAt reads a sign, typographic ones included.
func signAt(s string, i int) (sign string, n int) {
	r, n := utf8.DecodeRuneInString(s[i:])
	switch r {
	case '-', '−', '–':
		return "-", n
	case '+':
		return "", n
	}
	return "", 0
}
