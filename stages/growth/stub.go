package growth

import (
	"errors"

	"github.com/concluder/concluder/stages/expr"
)

// Analyze says what the points of a series show on their own. It is
// deterministic and safe for concurrent use.
func Analyze(s Series, opt Options) *Analysis {
	return &Analysis{Class: Unknown, Basis: "no rule applies"}
}

// StudyEquation holds a fitted equation against the points.
func StudyEquation(e expr.Expr, s Series) Equation {
	return Equation{Expr: e, Reason: "not studied", Class: Unknown}
}

// Envelope returns the least A·g + B that holds on every point of s.
func Envelope(shape expr.Expr, s Series) (Bound, error) {
	return Bound{}, errors.New("no envelope")
}

// Judge decides whether a proposed bound is accepted. The claimed class may be
// "" where none was given; eq may be nil.
func Judge(proposal expr.Expr, claimed Class, s Series, a *Analysis, eq *Equation) Verdict {
	return Verdict{Check: "trivial", Class: Unknown}
}

// Conclude gives class and bound from an analysis and, where there is one, the
// equation (nil for none). It always succeeds.
func Conclude(s Series, a *Analysis, eq *Equation) Conclusion {
	return Conclusion{Class: a.Class, Source: "data", Equation: eq}
}

type features struct{}
