package expr

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Dialect says where a text comes from, and so how its doubtful places are
// read. Every dialect understands the notation of all.
type Dialect int

const (
	Auto  Dialect = iota // unknown origin: doubtful places give alternative readings
	Sympy                // sympy and Python: -a**b is -(a**b)
	PySR                 // PySR's own printing: a sign before a number belongs to the number, so -0.9 ^ x0 is (-0.9)^x0
	Julia                // 2x is a product that binds more tightly than /
	Prose                // what a model or a person writes: LaTeX, O(…), words around the formula
)

var dialectNames = [...]string{"auto", "sympy", "pysr", "julia", "prose"}

func (d Dialect) String() string {
	if d >= 0 && int(d) < len(dialectNames) {
		return dialectNames[d]
	}
	return fmt.Sprintf("Dialect(%d)", int(d))
}

// A Reading is one way to understand a text.
type Reading struct {
	Expr     Expr
	Variable string   // the variable's name in the text, "" when there is none
	Repairs  []Repair // what had to be understood or mended, by position

	// Alternatives are other readings of a doubtful place, which the caller
	// may test on data. They have none of their own.
	Alternatives []Reading
}

// A Repair is one departure from plain notation that was mended.
type Repair struct {
	Pos   int    // byte offset in the text
	Found string // what stood there
	Taken string // what it was taken for; "" when it was left out
	Kind  RepairKind
}

// A RepairKind says what was wrong.
type RepairKind string

const (
	RepairExponent RepairKind = "exponent" // 5.03e - 7, split by spaces
	RepairPower    RepairKind = "power"    // ^, * *, superscripts
	RepairName     RepairKind = "variable" // x, n, k, K, x₀ for x0
	RepairOrder    RepairKind = "order"    // O(…), Theta(…), f(x) =
	RepairProduct  RepairKind = "product"  // 2x, ·, ×, \cdot
	RepairNotation RepairKind = "notation" // LaTeX, Unicode, braces, other names of functions
	RepairMarkup   RepairKind = "markup"   // backticks, dollar signs, asterisks around the formula
	RepairProse    RepairKind = "prose"    // words before or after the formula
	RepairSign     RepairKind = "sign"     // the sign of a number under a power
	RepairDivision RepairKind = "division" // 1/2x
)

func (r Repair) String() string {
	if r.Found == "" {
		return fmt.Sprintf("column %d: %q put in", r.Pos+1, r.Taken)
	}
	if r.Taken == "" {
		return fmt.Sprintf("column %d: %q left out", r.Pos+1, r.Found)
	}
	return fmt.Sprintf("column %d: %q taken for %q", r.Pos+1, r.Found, r.Taken)
}

// A SyntaxError says where a text stops being an expression.
type SyntaxError struct {
	Source string
	Pos    int    // byte offset of the fault
	Msg    string // what was found and what was expected
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("expression, column %d: %s", utf8.RuneCountInString(e.Source[:e.Pos])+1, e.Msg)
}

// Caret returns the message above the part of the source around the fault,
// with a caret under it.
func (e *SyntaxError) Caret() string {
	const around = 50 // characters shown on either side
	before, after := []rune(e.Source[:e.Pos]), []rune(e.Source[e.Pos:])
	lead, trail := "", ""
	if len(before) > around {
		before, lead = before[len(before)-around:], "…"
	}
	if len(after) > around {
		after, trail = after[:around], "…"
	}
	line := lead + string(before)
	plain := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, line+string(after)+trail)
	return e.Msg + "\n  " + plain + "\n  " + strings.Repeat(" ", utf8.RuneCountInString(line)) + "^"
}
