package growth

import "github.com/concluder/concluder/stages/expr"

// Fine is the fine growth class of an expression as its variable grows beyond
// all bounds.
type Fine string

const (
	FineConstant     Fine = "constant"
	FineLogarithmic  Fine = "logarithmic"           // a power of log x, of log log x, …
	FineSublinear    Fine = "sublinear"             // between that and x
	FineLinear       Fine = "linear"                // c·x
	FineLinearithmic Fine = "linearithmic"          // x times a logarithmic factor
	FinePolynomial   Fine = "polynomial"            // x^a, a > 1, with or without logarithmic factors
	FineQuasi        Fine = "quasi-polynomial"      // log f is logarithmic, above log x
	FineStretched    Fine = "stretched exponential" // log f is sublinear
	FineExponential  Fine = "exponential"           // log f is linear
	FineFactorial    Fine = "factorial-like"        // log f is linearithmic
	FineSuper        Fine = "super-exponential"     // log f is polynomial
	FineDouble       Fine = "double exponential"    // log f is super-polynomial
	FineDecreasing   Fine = "decreasing"            // tends to 0
	FineOscillating  Fine = "oscillating"
	FineUnresolved   Fine = "unresolved"
)

// An Asymptote is how an expression behaves as its variable grows beyond all
// bounds.
type Asymptote struct {
	Fine   Fine
	Class  Class   // practical class of Fine and Degree
	Degree float64 // a of x^a: of f itself up to polynomial, of log f from quasi-polynomial up to super-exponential, of log log f for double exponential
	Sign   int     // of f eventually: -1, 0 (f is 0) or 1; 0 when unresolved

	Leading expr.Expr // leading term with its coefficient; zero when unresolved
	Shape   expr.Expr // leading term without its constant factor; zero when unresolved

	Text        string   // for people: "polynomial, degree 1.94"
	Assumptions []string // what was taken to be true without proof
	Notes       []string // doubts about the coefficients, such as a cancellation
	Reason      string   // why it is unresolved; else ""
}

// Asymptotic returns the leading term and the growth class of e.
func Asymptotic(e expr.Expr) Asymptote {
	return Asymptote{Fine: FineUnresolved, Class: Unknown, Text: string(FineUnresolved), Reason: "not implemented"}
}

// Shape returns the leading monomial of e without its constant factor, the g
// of A·g + B, and false where it is unresolved.
func Shape(e expr.Expr) (expr.Expr, bool) {
	a := Asymptotic(e)
	return a.Shape, !a.Shape.IsZero()
}

// An Order says how one expression grows beside another.
type Order int

const (
	Unresolved Order = iota
	Smaller          // f = o(g)
	Same             // f = Θ(g)
	Larger           // f = ω(g)
)

// A Comparison is the outcome of Compare.
type Comparison struct {
	Order       Order
	Ratio       float64 // limit of f/g: 0 for Smaller, finite and not 0 for Same, ±Inf for Larger; NaN when unresolved
	Assumptions []string
	Reason      string // why it is unresolved
}

// Compare says how f grows beside g as their variable grows beyond all bounds.
func Compare(f, g expr.Expr) Comparison { return Comparison{Reason: "not implemented"} }
