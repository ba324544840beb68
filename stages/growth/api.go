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

// Options are what an analysis is told beside the points. The zero value is
// the usual analysis.
type Options struct {
	// Resamples is the number of block-bootstrap resamples: 0 for the usual
	// number, negative for none (no intervals, no votes).
	Resamples int
}

// An Interval is an estimate with its 95 % interval.
type Interval struct {
	Value, Low, High float64
}

// A Fit is one family of curves fitted to a series.
type Fit struct {
	Family  Family
	Class   Class     // practical class of the fitted curve
	A, B, P float64   // as Family says; those that the family lacks are 0
	Formula expr.Expr // the curve, coefficients rounded to what the data resolves
	R2      float64   // on the measured scale; 1 is a perfect fit, 0 no better than the mean
	LogErr  float64   // median |log(fit/y)| over points above the resolution
	BIC     float64   // lower is better; differences matter only
	Held    Errors    // extrapolation: trained on the smaller points, scored on the next
}

// Errors are quantiles of |log(predicted/measured)| on points held out beyond
// the training range. NaN when there were too few points to hold out.
type Errors struct {
	Median, P90 float64
}

// An Analysis is what the points of a series say on their own.
type Analysis struct {
	Class      Class
	Confidence float64 // calibrated probability that a careful person would choose Class
	Basis      string  // what Confidence rests on
	Clear      bool    // the verdict is clear enough to overrule another opinion
	Reasoning  string  // one paragraph with the numbers that decided

	Fits     []Fit // best first; empty when there were too few points
	Winner   *Fit  // the best of Class, or of all where Class is Unknown; nil when none fits
	RunnerUp *Fit  // the best of another class; nil when there is none

	// Odds are the probabilities of the classes: of the judgement, or of the
	// settled class and the runner-up's. They sum to 1.
	Odds map[Class]float64

	Exponent     Interval          // p of the power fit: y ~ x^p above its offset
	Votes        map[Class]float64 // shares of the block resamples; nil without a bootstrap
	Extrapolated Class             // class expected on [xmax, 1000 xmax]
	Crossover    float64           // x beyond xmax where the winner and the runner-up part by a factor 2; 0 when they do not
	Resolution   float64           // step of the grid that y lies on; 0 when none is seen
	Truncated    string            // why the series ends where it does; "" when nothing is known
	Censored     []int             // points at or over the limit
	Insufficient bool              // fewer usable points than any fit needs
	BelowQuantum bool              // the range of y is within three steps of its resolution
	Notes        []string

	extreme bool // magnitudes that are not analysed
}

// An Equation is a fitted equation held against the points it was fitted to.
type Equation struct {
	Expr    expr.Expr
	Used    bool // evidence and target; else Reason says why not
	Reason  string
	Class   Class     // practical class of its own order
	Fine    string    // "polynomial, degree 1.94": for people
	Leading expr.Expr // recomputed leading term
	R2      float64   // better of float64 and float32
	Notes   []string

	asymptote Asymptote
}

// A Bound is the least envelope of a series for one shape g: A·g + B with
// A > 0 and B >= 0. Its printed decimals hold on every point exactly.
type Bound struct {
	Shape    expr.Expr // g; the zero Expr for a constant bound
	Expr     expr.Expr // A*g + B
	Text     string    // Expr as people write it: 3.1e-8*x0^2 + 0.4
	Robust   expr.Expr // the same form with one point in 20 left out, rounded down: below 20 points it is Expr
	Robust95 string    // Robust as people write it
	Binding  []int     // points that hold the bound up, by index
	Flat     bool      // a constant would be the least: the shape explains nothing of the growth

	a, b   decimal // the coefficients as printed
	line   line
	values values

	scaled, added float64 // the printed A over the scaled values, and B
}

// A Verification says how a bound stood up to the points and the equation.
// Nil means that a check did not apply.
type Verification struct {
	Parsed        bool           `json:"parsed"`
	Data          *DataCheck     `json:"data"`
	Equation      *EquationCheck `json:"equation"`
	ClassConflict bool           `json:"class_conflict"`
	Notes         []string       `json:"notes"`
}

// A DataCheck holds a bound against the measured points.
type DataCheck struct {
	Dominates         *bool    `json:"dominates"`
	Least             *bool    `json:"least"`
	Coverage          *float64 `json:"coverage"`            // share of points on or under the provider's formula as written
	Trend             *float64 `json:"trend"`               // slope of log(y/g) on log x
	HeldOutViolations *float64 `json:"held_out_violations"` // share of the upper 30 % above the bound of the lower 70 %
	LeaveOneOutFactor *float64 `json:"leave_one_out_factor"`
	Tightness         *float64 `json:"tightness"` // median of U/y
	TightnessAtXmax   *float64 `json:"tightness_at_xmax"`
	BindingPoints     []int    `json:"binding_points"`
}

// An EquationCheck holds a bound against the fitted equation.
type EquationCheck struct {
	Dominates *bool  `json:"dominates"`
	Least     *bool  `json:"least"`
	Reason    string `json:"reason"`
}

// A Verdict is the decision about a proposed upper bound.
type Verdict struct {
	Accepted     bool
	Check        string // the check that failed, CheckTrivial to CheckEquation; "" when accepted
	Objection    string // what is wrong and what would do, for quoting to who proposed it
	Class        Class  // practical class of the proposed formula
	Fine         string // its fine class
	Bound        Bound  // least envelope for the proposed shape
	Verification Verification
}

// A Conclusion is class, bound and their grounds, without a model's help.
type Conclusion struct {
	Class        Class
	Source       string // SourceData or SourceBoth
	Equation     *Equation
	Shape        expr.Expr
	Bound        Bound
	Reasoning    string
	Confidence   float64
	Basis        string
	Verification Verification
}
