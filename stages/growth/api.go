package growth

import "github.com/concluder/concluder/stages/expr"

// Class is the practical growth class of the measured range.
type Class string

const (
	Linear      Class = "linear"
	Polynomial  Class = "polynomial"
	Exponential Class = "exponential"
	Unknown     Class = "unknown"
)

// A Series is an instance's usable points: finite, sorted by X, at least one.
// X and Y have equal length; several points may share an X.
type Series struct {
	X, Y  []float64
	Limit float64 // time limit of the measurements, in units of Y; 0 when not declared
}

// An Equation is a fitted equation held against the points it was fitted to.
type Equation struct {
	Expr    expr.Expr
	Used    bool   // evidence and target; else Reason says why not
	Reason  string
	Class   Class  // practical class of its own order
	Fine    string // "polynomial, degree 1.94": for people
	Leading expr.Expr // recomputed leading term
	R2      float64 // better of float64 and float32
}
