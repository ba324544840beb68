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
}

// Forecast says what running the nodes of a plan would send, by provider,
// sorted by name. It sends nothing and leaves no file behind.
func (s *Session) Forecast(ctx context.Context, nodes []pipeline.NodePlan) (list []Forecast, err error) {
	type ask struct {
		provider *pipeline.Provider
		qs       []llm.Question
		unknown  int
	}
	asks := map[string]*ask{}
	for _, n := range nodes {
		p := s.asked(n)
		if p == nil {
			continue
		}
		a := asks[p.Name]
		if a == nil {
			a = &ask{provider: p}
			asks[p.Name] = a
		}
		d, err := s.dataset(n.Stage, n.Instance)
		switch {
		case err != nil:
			a.unknown++
		case d.Status == StatusSuccess:
			st := &study{d: d, series: d.series()}
			if !blind(n.Stage, n.Instance) {
				st.analysis = growth.Analyze(st.series, growth.Options{Resamples: -1})
			}
			a.qs = append(a.qs, st.questionFor(n.Stage, n.Instance))
		}
	}
	if len(asks) == 0 {
		return nil, nil
	}
	done, err := s.look(s.opt.NoCache)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	for _, a := range asks {
		client, err := s.env.client(a.provider)
		if err != nil {
			return nil, err
		}
		f, err := client.Forecast(ctx, a.qs)
		if err != nil {
			return nil, err
		}
		list = append(list, Forecast{
			Provider: a.provider.Name, Forecast: f, Unknown: a.unknown,
			Budget: settings(a.provider.Settings).number("budget"), Spent: client.Stats().Spent,
		})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Provider < list[j].Provider })
	return list, nil
}

// asked is the provider that a node would send a question to, nil for none.
func (s *Session) asked(n pipeline.NodePlan) *pipeline.Provider {
	if n.Action == pipeline.Keep || n.Stage.Kind.Name != "conclude" {
		return nil
	}
	return modelOf(n.Stage, n.Instance)
}

// modelOf is the provider of a conclude stage, nil where it is built in.
func modelOf(stage *pipeline.Stage, instance string) *pipeline.Provider {
	spec, diags := stage.Node(instance)
	if diags.HasErrors() {
		return nil // found, and said, when the file was read
	}
	for _, use := range spec.Providers {
		if use.Attr == "provider" && use.Provider.Kind != "analytic" {
			return use.Provider
		}
	}
	return nil
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
			a.Digest = "absent"
		}
		setup.Inputs[in.Attr] = append(setup.Inputs[in.Attr], a)
	}
	return makeDataset(pipeline.NewTask(setup))
}

// look makes providers' clients available for looking things up: the journal is
// opened where there is one, unless nothing in it counts (anew), no key is
// needed, and nothing can be sent. The returned function ends it.
func (s *Session) look(anew bool) (done func() error, err error) {
	opt, err := s.options()
	if err != nil {
		return nil, err
	}
	s.env.begin(opt)
	s.env.looking = true
	temporary := ""
	if _, err := os.Stat(s.env.journalPath()); anew || errors.Is(err, fs.ErrNotExist) {
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
	done, err := s.look(false)
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
	Reply    llm.Reply // answers in order, each with prompt, text, rungs and verdict; none when nothing is recorded
	Complete bool      // another run would ask nothing more
	Status   Status    // of the dataset: only StatusSuccess leads to a question
	Error    string
}

// Answers reads what was recorded about an instance, as a run would, in every
// conclude stage that asks a model.
func (s *Session) Answers(ctx context.Context, instance string) (list []Asked, err error) {
	done, err := s.look(false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	for _, stage := range s.Plan.Stages {
		p := modelOf(stage, instance)
		if stage.Kind.Name != "conclude" || p == nil {
			continue
		}
		a := Asked{Stage: stage.Address(), Provider: p.Name}
		d, err := s.dataset(stage, instance)
		if err != nil {
			return nil, err
		}
		a.Status = d.Status
		if d.Error != nil {
			a.Error = *d.Error
		}
		if d.Status == StatusSuccess {
			client, err := s.env.client(p)
			if err != nil {
				return nil, err
			}
			st, err := newStudy(d)
			if err != nil {
				return nil, err
			}
			if a.Reply, a.Complete, err = client.Recorded(ctx, st.questionFor(stage, instance), st.judge); err != nil {
				return nil, err
			}
		}
		list = append(list, a)
	}
	return list, nil
}
