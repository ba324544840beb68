package growth

import (
	"errors"
	"fmt"
	"math"

	"github.com/concluder/concluder/stages/expr"
)

// An Asymptote is how an expression behaves as its variable grows beyond all
// bounds.
type Asymptote struct {
	Fine   Fine
	Class  Class   // practical class of Fine and Degree
	Degree float64 // a of x^a: of f itself up to polynomial, of log f from stretched to super-exponential, of log log f for double exponential; of (log x)^a in log f for quasi-polynomial; 0 or NaN where there is none
	Sign   int     // of f eventually: -1, 0 (f is 0) or 1; 0 also when unresolved

	Leading expr.Expr // leading term; its coefficient is rounded to 17 digits where it has no short exact form; the zero Expr when unresolved
	Shape   expr.Expr // leading term without its constant factor, exact; the zero Expr when unresolved

	Text        string   // for people: "polynomial, degree 1.94"
	Assumptions []string // what was taken to be true without proof
	Notes       []string // doubts about the coefficients, such as a cancellation
	Reason      string   // why it is unresolved; else ""

	// Variant is the behaviour when coefficients that the last digits of the
	// literals do not tell from zero are taken to be zero; nil when there are
	// none, or when nothing changes.
	Variant *Asymptote
}

// Numbers of terms that expansions keep, one after the other until cancellation
// leaves some, and the arithmetic that one attempt may take: about 50 ms at
// the worst, a thousand times what a usual equation needs.
var termCounts = [...]int{4, 8, 16, 32}

const stepBudget = 60000

// Asymptotic returns the leading term and the growth class of e. It is
// unresolved where the expansion cannot decide, never a guess.
func Asymptotic(e expr.Expr) Asymptote {
	a, doubtful := asymptotic(e, false)
	if doubtful {
		if v, _ := asymptotic(e, true); v.Fine != FineUnresolved && v.Text != a.Text {
			a.Variant = &v
			a.Notes = append(a.Notes, "were the doubtful coefficients zero, the growth would be "+v.Text)
		}
	}
	return a
}

func asymptotic(e expr.Expr, doubtful bool) (a Asymptote, hasDoubts bool) {
	s, leads, err := expandAll([]expr.Expr{e}, doubtful)
	if err == nil {
		a, err = s.describe(e, leads[0])
	}
	if err != nil {
		a = Asymptote{Fine: FineUnresolved, Class: Unknown, Text: string(FineUnresolved), Reason: err.Error()}
		if why := (*stuck)(nil); errors.As(err, &why) && why.cause == oscillation && swings(e) {
			a.Fine, a.Text = FineOscillating, string(FineOscillating)
		}
	}
	if s == nil {
		return a, false
	}
	a.Assumptions = s.assumptions
	if s.cancelled {
		a.Notes = append(a.Notes, "terms cancel exactly as written; with the last digit of the literals in doubt they may not")
	}
	if err != nil {
		return a, false
	}
	worst := leads[0].c.doubt
	for _, f := range leads[0].m {
		worst = max(worst, f.e.doubt)
	}
	if worst > 0.1 {
		a.Notes = append(a.Notes, fmt.Sprintf("a leading coefficient is left by cancellation and uncertain by %.2g %%", 100*worst))
	}
	return a, worst >= 1 && !doubtful
}

// A lead is the leading term of an expression. Where zero is set it is the zero
// function; where bound is set, nothing is known but that it grows at most so.
type lead struct {
	seriesTerm
	zero  bool
	bound *remainder
	err   error // why only a bound is known
}

// expandAll returns leading terms over one scale: with more terms, and then
// from the simplified expressions, where cancellation asks for it.
func expandAll(es []expr.Expr, doubtful bool) (s *growthScale, out []lead, err error) {
	for _, simplified := range [2]bool{false, true} {
		if simplified {
			es = append([]expr.Expr(nil), es...)
			for i, e := range es {
				es[i] = expr.Simplify(e)
			}
		}
		for _, keep := range termCounts {
			s = newGrowthScale(keep, stepBudget)
			s.doubtful = doubtful
			out, err = s.leads(es)
			retry := false
			if why := (*stuck)(nil); errors.As(err, &why) {
				retry = why.retry
			}
			for _, l := range out {
				if why := (*stuck)(nil); errors.As(l.err, &why) {
					retry = retry || why.retry
				}
			}
			if !retry {
				break
			}
		}
		bounded := false
		for _, l := range out {
			bounded = bounded || l.bound != nil
		}
		why := (*stuck)(nil)
		cancelled := errors.As(err, &why) && (why.retry || why.cause != cutOff)
		if err == nil && !bounded || err != nil && !cancelled {
			break
		}
	}
	return s, out, err
}

func (s *growthScale) leads(es []expr.Expr) ([]lead, error) {
	out := make([]lead, len(es))
	for i, e := range es {
		a, err := s.expand(e)
		if err != nil {
			return nil, err
		}
		if a.exactZero() {
			out[i].zero = true
			continue
		}
		if out[i].seriesTerm, err = a.lead(); err != nil {
			out[i].bound, out[i].err = a.rest, err
		}
	}
	return out, nil
}

func (s *growthScale) describe(e expr.Expr, l lead) (Asymptote, error) {
	if l.zero {
		return Asymptote{Fine: FineConstant, Class: Unknown, Leading: expr.Num(0), Shape: expr.Num(1), Text: "constant, zero"}, nil
	}
	if l.err != nil {
		return Asymptote{}, l.err
	}
	sign, err := s.sign(l.c)
	if err != nil {
		return Asymptote{}, err
	}
	fine, degree, text, err := s.classify(l.m)
	if err != nil {
		return Asymptote{}, err
	}
	a := Asymptote{Fine: fine, Degree: degree, Class: PracticalClass(fine, degree), Sign: sign, Text: text}
	a.Shape = s.writeMonomial(l.m)
	if len(l.m) == 0 {
		a.Leading = s.short(l.c)
	} else {
		a.Leading = writeProduct(s.short(l.c), a.Shape)
	}
	if a.Shape.IsZero() || a.Leading.IsZero() {
		return Asymptote{}, stuckf("the leading term is too long to write")
	}
	if sign < 0 {
		a.Text += ", negative"
	}
	if confirmed, known := confirm(e, a.Leading); known && !confirmed {
		a.Notes = append(a.Notes, "numeric evaluation far out does not confirm the leading term")
	}
	return a, nil
}

// confirm holds e against its leading term at x up to exp(1e8): false when the
// two farthest places where both have a value disagree. It knows nothing where
// rounding or cancellation leaves no digits.
func confirm(e, leading expr.Expr) (confirmed, known bool) {
	e = expr.Simplify(e)
	against := 0
	for _, l := range [...]float64{1e8, 1e6, 1e4, 300} {
		x := expr.ExpValue(l)
		f, g := e.EvalAt(x), leading.EvalAt(x)
		if f.Fault() != expr.FaultNone || g.Fault() != expr.FaultNone || g.Sign() == 0 {
			continue
		}
		lf, lg := f.Log(), g.Log()
		if math.IsInf(lf, 0) || math.IsInf(lg, 0) {
			continue
		}
		// Logarithms of this size carry errors of their own.
		slack := 0.1 + 1e-6*math.Max(math.Abs(lf), math.Abs(lg))
		if f.Sign() == g.Sign() && math.Abs(lf-lg) < slack {
			return true, true
		}
		if against++; against == 2 {
			return false, true
		}
	}
	return false, false
}

// swings reports whether e turns back often enough between x = 1e3 and 1e4 to
// be called oscillating.
func swings(e expr.Expr) bool {
	const n = 400
	xs, ys := make([]float64, n), make([]float64, n)
	for i := range xs {
		xs[i] = 1000 * math.Pow(10, float64(i)/n)
	}
	e.EvalAll(ys, xs)
	turns := 0
	for i := 2; i < n; i++ {
		a, b := ys[i-1]-ys[i-2], ys[i]-ys[i-1]
		// Rounding makes steps of its own: they are not counted.
		if noise := 1e-9 * (math.Abs(ys[i]) + math.Abs(ys[i-1])); math.Abs(a) > noise && math.Abs(b) > noise && (a < 0) != (b < 0) {
			turns++
		}
	}
	return turns >= 10
}

// Shape returns the leading monomial of e without its constant factor, the g
// of A·g + B, and false where it is unresolved.
func Shape(e expr.Expr) (expr.Expr, bool) {
	a := Asymptotic(e)
	return a.Shape, !a.Shape.IsZero()
}
