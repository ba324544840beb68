package stages

import (
	"context"
	"errors"
	"fmt"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/growth"
	"github.com/concluder/concluder/stages/llm"
	"github.com/zclconf/go-cty/cty"
)

// concludeKind asks a provider for an instance's growth class and upper bound,
// and publishes only what the points and the equation bear out.
func (e *environ) concludeKind() pipeline.Kind {
	return pipeline.Kind{
		Name: "conclude", Version: "2", Scope: pipeline.PerInstance,
		Attributes: []pipeline.Attribute{
			{Name: "dataset", Role: pipeline.StageRef, Kinds: []string{"load"}, Required: true},
			{Name: "provider", Role: pipeline.ProviderRef, Required: true},
			{Name: "fallback", Role: pipeline.ProviderRef},
			{Name: "blind", Role: pipeline.Setting, Type: cty.Bool, Default: cty.True},
		},
		Outputs: func(p pipeline.Place) []pipeline.Output {
			return []pipeline.Output{{Name: "conclusion", Path: p.Prefix + "conclusion/" + p.File + ".json"}}
		},
		Run: func(ctx context.Context, t *pipeline.Task) error {
			err := e.runConclude(ctx, t)
			var stop *pipeline.StopError
			switch {
			case errors.As(err, &stop):
				e.stopped.Store(true)
			case t.Status() != "":
				e.concluded.Store(true)
			}
			return err
		},
		Failed: func(t *pipeline.Task, err error) error {
			e.concluded.Store(true)
			return publish(t, failure(t.Instance, StatusError, err.Error()))
		},
	}
}

func failure(instance string, s Status, why string) *Result {
	return &Result{InstanceName: instance, Status: s, Error: &why}
}

func publish(t *pipeline.Task, r *Result) error {
	t.SetStatus(string(r.Status))
	return writeJSON(t, "conclusion", r)
}

func (e *environ) runConclude(ctx context.Context, t *pipeline.Task) error {
	d, err := readDataset(pathOf(t, "dataset", "dataset"))
	if err != nil {
		return err
	}
	if d.Status != StatusSuccess {
		why := string(d.Status)
		if d.Error != nil {
			why = *d.Error
		}
		return publish(t, failure(t.Instance, d.Status, why))
	}
	s, err := newStudy(d)
	if err != nil {
		return err
	}
	r, err := e.conclude(ctx, t, s)
	if r != nil {
		err = errors.Join(publish(t, r), err)
	}
	return err
}

// conclude asks the provider, then the fallback. A result beside an error is
// provisional: the fallback's, until the provider can be asked again.
func (e *environ) conclude(ctx context.Context, t *pipeline.Task, s *study) (*Result, error) {
	provider, fallback := t.Provider("provider"), t.Provider("fallback")
	if provider.Kind == "analytic" {
		return success(s.analytic(by(provider, ""))), nil
	}
	c, err := e.ask(ctx, t, s, provider)
	if err == nil {
		return success(c), nil
	}
	var rejected *llm.RejectedError
	var paused *llm.PauseError
	switch {
	case errors.As(err, &rejected) && fallback == nil:
		r := failure(s.d.InstanceName, StatusLLMFailed, rejected.Error())
		r.Rejected = providerAnswer(rejected.Reply)
		return r, nil
	case errors.As(err, &rejected):
		c, err := e.fallBack(ctx, t, s, fallback)
		var again *llm.RejectedError
		if errors.As(err, &again) {
			r := failure(s.d.InstanceName, StatusLLMFailed, rejected.Error()+"; the fallback "+again.Error())
			r.Rejected = providerAnswer(rejected.Reply)
			return r, nil
		}
		if err != nil {
			return nil, pipelineError(err)
		}
		reason := rejected.Error()
		c.FallbackReason, c.RejectedAnswer = &reason, providerAnswer(rejected.Reply)
		if c.ProviderAnswer == nil { // the built-in fallback has no view of a model beside it
			c.ProviderAnswer, c.RejectedAnswer = c.RejectedAnswer, nil
			c.ProviderType, c.LLMConfidence = c.ProviderAnswer.class(), c.ProviderAnswer.Confidence
		}
		return success(c), nil
	case errors.As(err, &paused) && fallback == nil:
		return nil, &pipeline.PauseError{Err: err}
	case errors.As(err, &paused):
		c, ferr := e.fallBack(ctx, t, s, fallback)
		if ferr != nil {
			return nil, pipelineError(ferr)
		}
		reason := "provisional: " + paused.Error()
		c.FallbackReason = &reason
		r := success(c)
		r.Provisional = true
		return r, &pipeline.ProvisionalError{Err: err}
	}
	return nil, pipelineError(err)
}

// fallBack concludes with the fallback provider.
func (e *environ) fallBack(ctx context.Context, t *pipeline.Task, s *study, p *pipeline.Provider) (*Conclusion, error) {
	if p.Kind == "analytic" {
		return s.analytic(by(p, "")), nil
	}
	return e.ask(ctx, t, s, p)
}

// pipelineError translates a provider's error into what it means for the run.
func pipelineError(err error) error {
	var stop *llm.StopError
	var journal *llm.JournalError
	var paused *llm.PauseError
	switch {
	case errors.Is(err, llm.ErrStopped):
		return &pipeline.DrainedError{Err: err}
	case errors.As(err, &stop), errors.As(err, &journal):
		return &pipeline.StopError{Err: err}
	case errors.As(err, &paused):
		return &pipeline.PauseError{Err: err}
	}
	return err
}

// ask puts the question to a model and turns an accepted answer into a
// conclusion. The node holds no CPU slot meanwhile.
func (e *environ) ask(ctx context.Context, t *pipeline.Task, s *study, p *pipeline.Provider) (*Conclusion, error) {
	client, err := e.client(p)
	if err != nil {
		return nil, err
	}
	q := s.question()
	if !t.Bool("blind") {
		q.Analysis = s.analysis.Reasoning
	}
	var reply llm.Reply
	err = t.Idle(ctx, func(ctx context.Context) (err error) {
		reply, err = client.Ask(ctx, q, llm.AskOptions{Judge: s.judge, Anew: t.Anew, Stop: t.Draining()})
		return err
	})
	t.Count("requests", int64(reply.Sent))
	if err != nil {
		return nil, err
	}
	return s.accepted(by(p, reply.Model), reply), nil
}

func success(c *Conclusion) *Result {
	return &Result{InstanceName: c.InstanceName, Status: StatusSuccess, Conclusion: c}
}

// by is the honest name of who concluded.
func by(p *pipeline.Provider, model string) string {
	if p.Kind == "analytic" {
		return "analytic:" + p.Name
	}
	if model == "" {
		model = settings(p.Settings).text("model")
	}
	return fmt.Sprintf("%s:%s", p.Kind, model)
}

// class is the practical class that an answer names, nil where it names none.
func (a *ProviderAnswer) class() *growth.Class {
	switch c := growth.Class(a.TypeOfEquation); c {
	case growth.Linear, growth.Polynomial, growth.Exponential, growth.Unknown:
		return &c
	}
	return nil
}

func providerAnswer(r llm.Reply) *ProviderAnswer {
	a := &ProviderAnswer{
		TypeOfEquation: r.Answer.TypeOfEquation, UpperBound: r.Answer.UpperBound, Complexity: r.Answer.Complexity,
		Reasoning: r.Answer.Reasoning, Confidence: r.Answer.Confidence, Model: r.Model, Fingerprint: r.Fingerprint,
		Repairs: r.Answer.Repairs, Verdict: string(r.Verdict), Asked: len(r.Attempts),
		InputTokens: r.Usage.Input, OutputTokens: r.Usage.Output,
	}
	if a.Repairs == nil {
		a.Repairs = []string{}
	}
	if r.Detail != "" {
		a.Objection = &r.Detail
	}
	return a
}
