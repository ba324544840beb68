package stages

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/growth"
	"github.com/concluder/concluder/stages/llm"
	"github.com/zclconf/go-cty/cty"
)

// A Forecast is what a run would send to one provider.
type Forecast struct {
	Provider string
	llm.Forecast
	Budget  float64 // 0 for none
	Spent   float64 // of the budget, by earlier runs
	Unknown int     // instances whose question is known only when another stage has run

	// What comes on top where every answer of another provider is rejected and
	// this one is its fallback; in no other field.
	FallbackQuestions int     // without a recorded answer
	FallbackWorstCost float64 // as WorstCost
}

// Forecast says what running the nodes of a plan would send, by provider,
// sorted by name. It sends nothing and leaves no file behind.
func (s *Session) Forecast(ctx context.Context, nodes []pipeline.NodePlan) (list []Forecast, err error) {
	type ask struct {
		provider *pipeline.Provider
		qs, fall []llm.Question // as a stage's provider, as its fallback
		unknown  int
	}
	asks := map[string]*ask{}
	for _, n := range nodes {
		if n.Action == pipeline.Keep || n.Stage.Kind.Name != "conclude" {
			continue
		}
		models := modelsOf(n.Stage, n.Instance)
		if len(models) == 0 {
			continue
		}
		d, err := s.dataset(n.Stage, n.Instance)
		var q llm.Question
		if err == nil && d.Status == StatusSuccess {
			st := &study{d: d, series: d.series()}
			if !blind(n.Stage, n.Instance) {
				st.analysis = growth.Analyze(st.series, growth.Options{Resamples: -1})
			}
			q = st.questionFor(n.Stage, n.Instance)
		}
		for _, m := range models {
			a := asks[m.Name]
			if a == nil {
				a = &ask{provider: m.Provider}
				asks[m.Name] = a
			}
			switch {
			case err != nil:
				a.unknown++
			case d.Status != StatusSuccess:
			case m.fallback:
				a.fall = append(a.fall, q)
			default:
				a.qs = append(a.qs, q)
			}
		}
	}
	if len(asks) == 0 {
		return nil, nil
	}
	done, err := s.look()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	for _, a := range asks {
		client, err := s.env.client(a.provider)
		if err != nil {
			return nil, err
		}
		f, err := client.Forecast(ctx, a.qs, s.opt.NoCache)
		if err != nil {
			return nil, err
		}
		more, err := client.Forecast(ctx, append(a.qs, a.fall...), s.opt.NoCache) // each question once
		if err != nil {
			return nil, err
		}
		list = append(list, Forecast{
			Provider: a.provider.Name, Forecast: f, Unknown: a.unknown,
			FallbackQuestions: more.Questions - more.Recorded - (f.Questions - f.Recorded), FallbackWorstCost: more.WorstCost - f.WorstCost,
			Budget: settings(a.provider.Settings).number("budget"), Spent: client.Stats().Spent,
		})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Provider < list[j].Provider })
	return list, nil
}

// A model is a provider that a conclude stage asks over the network.
type model struct {
	*pipeline.Provider
	fallback bool // asked only where the stage's provider gives nothing acceptable
}

// modelsOf are the models of a conclude stage, its provider first; none where
// that and the fallback are built in.
func modelsOf(stage *pipeline.Stage, instance string) (models []model) {
	spec, diags := stage.Node(instance)
	if diags.HasErrors() {
		return nil // found, and said, when the file was read
	}
	for _, attr := range []string{"provider", "fallback"} {
		for _, use := range spec.Providers {
			if use.Attr == attr && use.Provider.Kind != "analytic" {
				models = append(models, model{use.Provider, attr == "fallback"})
			}
		}
	}
	return models
}

// errNotYet says that a dataset depends on what another stage has yet to write.
var errNotYet = errors.New("known only when another stage has run")

// dataset makes the dataset that a conclude node would read, from the files as
// they are now.
func (s *Session) dataset(conclude *pipeline.Stage, instance string) (*Dataset, error) {
	var load *pipeline.Stage
	for _, d := range conclude.Deps {
		if d.Attr == "dataset" {
			load = d.Stage
		}
	}
	spec, diags := load.Node(instance)
	if diags.HasErrors() {
		return nil, diags
	}
	if len(load.Deps) > 0 {
		return nil, errNotYet
	}
	setup := pipeline.TaskSetup{Stage: load.Name, Instance: instance, Settings: map[string]cty.Value{}, Inputs: map[string][]pipeline.Artifact{}}
	for _, v := range spec.Settings {
		setup.Settings[v.Name] = v.Value
	}
	for _, in := range spec.Inputs {
		a := pipeline.Artifact{Name: in.Show, Path: in.Path}
		if _, err := os.Stat(in.Path); errors.Is(err, fs.ErrNotExist) {
			a.Absent = true
		}
		setup.Inputs[in.Attr] = append(setup.Inputs[in.Attr], a)
	}
	return makeDataset(pipeline.NewTask(setup))
}

// look makes providers' clients available for looking things up: the journal is
// opened where there is one, no key is needed, and nothing can be sent. The
// returned function ends it.
func (s *Session) look() (done func() error, err error) {
	opt, err := s.options()
	if err != nil {
		return nil, err
	}
	s.env.begin(opt)
	s.env.looking = true
	temporary := ""
	if _, err := os.Stat(s.env.journalPath()); errors.Is(err, fs.ErrNotExist) {
		if temporary, err = os.MkdirTemp("", "concluder-"); err != nil {
			return nil, err
		}
		s.env.instead = filepath.Join(temporary, "journal.db")
	}
	return func() error {
		err := s.env.close()
		s.env.looking, s.env.instead = false, ""
		if temporary != "" {
			err = errors.Join(err, os.RemoveAll(temporary))
		}
		return err
	}, nil
}

// ExportJournal writes every recorded answer as a JSON line and returns how
// many there are. A provider with the file as its replay gives the same answers
// without sending anything.
func (s *Session) ExportJournal(ctx context.Context, w io.Writer) (n int, err error) {
	done, err := s.look()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, done()) }()
	j, err := s.env.openJournal()
	if err != nil {
		return 0, err
	}
	return j.Export(ctx, w)
}

// An Asked is what a model was asked about an instance in one conclude stage,
// and what came of it.
type Asked struct {
	Stage    string
	Provider string
	Fallback bool      // asked only where the stage's provider gave nothing acceptable
	Reply    llm.Reply // answers in order, each with prompt, text, rungs and verdict; none when nothing is recorded
	Complete bool      // another run would ask nothing more
	Status   Status    // of the dataset: only StatusSuccess leads to a question
	Error    string
}

// Answers reads what was recorded about an instance, as a run would, in every
// conclude stage that asks a model.
func (s *Session) Answers(ctx context.Context, instance string) (list []Asked, err error) {
	done, err := s.look()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	for _, stage := range s.Plan.Stages {
		if stage.Kind.Name != "conclude" {
			continue
		}
		models := modelsOf(stage, instance)
		if len(models) == 0 {
			continue
		}
		d, err := s.dataset(stage, instance)
		if err != nil {
			return nil, err
		}
		var st *study
		if d.Status == StatusSuccess {
			if st, err = newStudy(d); err != nil {
				return nil, err
			}
		}
		for _, m := range models {
			a := Asked{Stage: stage.Address(), Provider: m.Name, Fallback: m.fallback, Status: d.Status}
			if d.Error != nil {
				a.Error = *d.Error
			}
			if st != nil {
				client, err := s.env.client(m.Provider)
				if err != nil {
					return nil, err
				}
				if a.Reply, a.Complete, err = client.Recorded(ctx, st.questionFor(stage, instance), st.judge); err != nil {
					return nil, err
				}
			}
			list = append(list, a)
		}
	}
	return list, nil
}
