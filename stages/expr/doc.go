// Package expr holds expressions in one variable, such as symbolic regression
// finds and models write: it reads them from any notation, prints them as
// sympy does, simplifies them exactly, and evaluates them in six ways.
//
// # Reading
//
// [Parse] understands sympy, PySR, Julia, Python, LaTeX and the prose of models
// with one grammar; the [Dialect] only decides doubtful places. What departs
// from plain notation is mended where it has one meaning and recorded as a
// [Repair] with its position. What has two meanings gives two readings: the
// likelier one, and the other among its Alternatives, for the caller to try on
// data. A text that is cut off is an error, never completed; errors are of type
// [*SyntaxError] and can show themselves with a caret.
//
//	5.03e - 7 * x0      5.03e-7*x0: a tool put spaces around the sign
//	O(n^2)              x0**2: the variable is x0 whatever its name
//	2^2n                2**2*x0, or else 2**(2*x0)
//	-0.97 ^ x0          (-0.97)**x0 from PySR, -(0.97**x0) from sympy
//	0.58 * x0^K         an error: two variables
//	exp(0.1775          an error: cut off
//
// A literal is its exact decimal value, and keeps its text for printing; its
// size is bounded (1000 digits, exponents to ±99999), as are the length and the
// depth of a text, so that nothing that is read can take long or much memory.
// 10**10**10 is a tree of three numbers until someone evaluates it.
//
// # Trees
//
// An [Expr] is an immutable tree whose terms and factors stand in the order as
// written: that order is what float32 arithmetic saw. Printing and parsing are
// inverse to each other. [Simplify] collects like terms with exact rational
// coefficients; it is what turns x0 - x0*0.9999994 into 6e-7*x0.
//
// # Evaluation
//
//	Float        float64, in the order as written
//	EvalAll      the same for many points, compiled once (Compile)
//	EvalFloat32  float32, each operation rounded, in the order as written
//	Eval         any magnitude, and faults told apart from overflow
//	Interval     bounds, rounded outwards, over a range of the variable
//	EvalBig      proven to any number of bits, see package ball
//
// EvalBig shares no arithmetic with the others and is their oracle in tests.
package expr
