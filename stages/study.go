package stages

import (
	"fmt"
	"math"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/expr"
	"github.com/concluder/concluder/stages/growth"
	"github.com/concluder/concluder/stages/llm"
)

// A study is a dataset under examination: what the points say, what the
// equation says, and the yardstick for a model's answers.
type study struct {
	d        *Dataset
	series   growth.Series
	analysis *growth.Analysis
	equation *growth.Equation // nil where none was declared
}

func newStudy(d *Dataset) (*study, error) {
	s := &study{d: d, series: d.series()}
	s.analysis = growth.Analyze(s.series, growth.Options{})
	// An equation that was fitted here would only repeat what the points say.
	if d.Equation != nil && !d.Equation.Fitted {
		r, err := expr.Parse(d.Equation.Given, d.Equation.dialect())
		if err != nil {
			return nil, fmt.Errorf("the dataset's equation no longer parses: %w", err)
		}
		eq := growth.StudyEquation(r.Expr, s.series)
		s.equation = &eq
	}
	return s, nil
}

// question is what a model is asked. It holds nothing of the instance's name.
func (s *study) question() llm.Question {
	q := llm.Question{Variable: "x0", X: s.series.X, Y: s.series.Y, XName: s.d.XName, YName: s.d.YName}
	// A curve that was fitted here is the built-in analysis, which a model does
	// not see unless it is asked to.
	if s.d.Equation != nil && !s.d.Equation.Fitted {
		q.Equation = s.d.Equation.Given
	}
	return q
}

// questionFor is what a stage asks a model: with the built-in analysis where
// the stage is not blind.
func (s *study) questionFor(stage *pipeline.Stage, instance string) llm.Question {
	q := s.question()
	if !blind(stage, instance) {
		q.Analysis = s.analysis.Reasoning
	}
	return q
}

// blind reports whether a stage keeps the built-in analysis from the model.
func blind(stage *pipeline.Stage, instance string) bool {
	spec, diags := stage.Node(instance)
	if diags.HasErrors() {
		return true // found, and said, when the file was read
	}
	for _, v := range spec.Settings {
		if v.Name == "blind" && !v.Value.IsNull() {
			return v.Value.True()
		}
	}
	return true
}

// judge holds a model's answer against the points and the equation.
func (s *study) judge(a llm.Answer) (llm.Verdict, string) {
	if a.TypeOfEquation == string(growth.Unknown) && a.Bound.IsZero() {
		// There is nothing to verify but the class. The words do not name the
		// points' own: a model that is asked anew still judges for itself.
		if s.analysis.Clear && s.analysis.Class != growth.Unknown {
			return llm.BoundRejected, "the class given is unknown and there is no upper bound, but the points grow clearly; a class and an upper bound in x0 are expected"
		}
		return llm.Accepted, ""
	}
	v := s.verdict(a)
	switch {
	case v.Accepted:
		return llm.Accepted, ""
	case v.Check == "class":
		return llm.WrongClass, v.Objection
	case v.Check == "trivial":
		return llm.Trivial, v.Objection
	}
	return llm.BoundRejected, v.Objection
}

func (s *study) verdict(a llm.Answer) growth.Verdict {
	return growth.Judge(a.Bound, growth.Class(a.TypeOfEquation), s.series, s.analysis, s.equation)
}

// base is what every conclusion of the study has in common.
func (s *study) base(by string) *Conclusion {
	c := &Conclusion{
		InstanceName: s.d.InstanceName, ConcludedBy: by,
		DataType: s.analysis.Class, ExtrapolatedClass: optional(string(s.analysis.Extrapolated)),
	}
	if eq := s.d.Equation; eq != nil {
		c.OriginalEquation, c.LeadingTerm, c.EquationClass = &eq.Given, optional(eq.LeadingTerm), optional(eq.Class)
	}
	c.Extrapolation = s.extrapolation()
	if s.equation != nil {
		c.EquationUsed = &s.equation.Used
	}
	return c
}

// extrapolation is nil where too few points could be held out.
func (s *study) extrapolation() *Extrapolation {
	w := s.analysis.Winner
	if w == nil || !finite(w.Held.Median) || !finite(w.Held.P90) {
		return nil
	}
	e := &Extrapolation{
		Family: string(w.Family), MedianError: w.Held.Median, P90Error: w.Held.P90,
		ExtrapolatedTill: 1000 * s.series.X[len(s.series.X)-1],
	}
	if r := s.analysis.RunnerUp; r != nil && finite(r.Held.Median) && finite(r.Held.P90) {
		name, median, p90 := string(r.Family), r.Held.Median, r.Held.P90
		e.RunnerUp, e.RunnerUpMedian, e.RunnerUpP90 = &name, &median, &p90
	}
	if x := s.analysis.Crossover; x > 0 {
		e.CrossoverBeyond = &x
	}
	return e
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// analytic concludes without a model.
func (s *study) analytic(by string) *Conclusion {
	g := growth.Conclude(s.series, s.analysis, s.equation)
	c := s.base(by)
	c.TypeOfEquation, c.ClassSource = g.Class, g.Source
	c.UpperBound, c.UpperBound95 = g.Bound.Text, optional(g.Bound.Robust95)
	c.Reasoning, c.Confidence, c.ConfidenceBasis = g.Reasoning, g.Confidence, g.Basis
	c.Verification = g.Verification
	return c
}

// accepted turns an accepted answer into a conclusion. A clear verdict of the
// points overrules the model's class, and then the bound is of their class; an
// unclear one gives way.
func (s *study) accepted(by string, r llm.Reply) *Conclusion {
	a := r.Answer
	claimed := growth.Class(a.TypeOfEquation)
	own := growth.Conclude(s.series, s.analysis, s.equation)
	c := s.base(by)
	c.ProviderType, c.ProviderAnswer = &claimed, providerAnswer(r)
	c.LLMComplexity, c.LLMConfidence = optional(a.Complexity), a.Confidence
	if !a.Bound.IsZero() {
		c.LLMUpperBound = optional(a.Bound.String())
	}
	c.Reasoning = a.Reasoning
	switch {
	case claimed == own.Class:
		c.TypeOfEquation, c.ClassSource = claimed, "both"
		c.Confidence, c.ConfidenceBasis = own.Confidence, own.Basis+"; the model says the same"
	case s.analysis.Clear:
		c.TypeOfEquation, c.ClassSource = own.Class, "data"
		c.Confidence, c.ConfidenceBasis = own.Confidence, own.Basis+"; clear enough to overrule the model"
	default:
		c.TypeOfEquation, c.ClassSource = claimed, "provider"
		c.Confidence, c.ConfidenceBasis = s.analysis.Odds[claimed], "the built-in analysis of the points, which is not clear and gives way to an accepted answer"
	}
	bound, verification := own.Bound, own.Verification
	if c.ClassSource != "data" && !a.Bound.IsZero() {
		v := s.verdict(a)
		bound, verification = v.Bound, v.Verification
	}
	c.UpperBound, c.UpperBound95, c.Verification = bound.Text, optional(bound.Robust95), verification
	return c
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
