package pipeline

import (
	"cmp"
	"path/filepath"
	"slices"

	"github.com/concluder/concluder/pipeline/store"
)

// Records says how every node last ended, in stage order, then instance order:
// from what is remembered alone, without looking at files. State is NotRun for
// a node that has no record. It takes no lock and works while a run is at
// work; Explain says what is stale.
func Records(plan *Plan, opts Options) ([]NodeResult, error) {
	e, err := openReader(plan, &opts)
	if err != nil {
		return nil, err
	}
	for s := range e.l.stages {
		rs := &e.l.stages[s]
		for k := range rs.count {
			instance := ""
			if rs.PerInstance {
				instance = e.l.instances[k]
			}
			node := rs.base + k
			state := NotRun
			if rec, known := e.state.Get(rs.address, instance, store.Head); known {
				state = State(rec.State)
			}
			e.words.set(node, e.words.get(node).end(state, state, false))
		}
	}
	e.whyNot = func(int) string { return "" }
	return slices.Collect(e.nodeResults), nil
}

// Holder says which process runs the pipeline now, nil when none does.
func Holder(plan *Plan, opts Options) (*store.HeldError, error) {
	e, err := newInspector(plan, &opts)
	if err != nil {
		return nil, err
	}
	return store.Holder(filepath.Join(e.home, lockName))
}

// An Orphan is a file that a node published which the pipeline file does not
// declare any more.
type Orphan struct {
	Stage    string // "load.points"
	Instance string
	Path     string // absolute
	Digest   string // hex SHA-256 of what was published
}

// Orphans returns the outputs on record that belong to no node of the plan, by
// path. Files that a node of the plan has published since are not among them.
// Whether they are still what was published is for the caller to see.
func Orphans(plan *Plan, opts Options) ([]Orphan, error) {
	e, err := openReader(plan, &opts)
	if err != nil {
		return nil, err
	}
	stages := make(map[string]*runStage, len(e.l.stages))
	for i := range e.l.stages {
		stages[e.l.stages[i].address] = &e.l.stages[i]
	}
	instances := make(map[string]bool, len(e.l.instances))
	for _, i := range e.l.instances {
		instances[i] = true
	}
	owned := map[string]bool{}
	var out []Orphan
	for stage, instance := range e.state.All() {
		rec, ok := e.state.Get(stage, instance, store.Results)
		if !ok {
			continue
		}
		rs := stages[stage]
		declared := rs != nil && (rs.PerInstance && instances[instance] || !rs.PerInstance && instance == "")
		base := e.results
		if rec.Near {
			base = e.plan.Dir
		}
		for _, o := range rec.Outputs {
			path := filepath.Join(base, filepath.FromSlash(o.Path))
			if declared {
				owned[path] = true
			} else {
				out = append(out, Orphan{stage, instance, path, o.Digest.String()})
			}
		}
	}
	out = slices.DeleteFunc(out, func(o Orphan) bool { return owned[o.Path] })
	slices.SortFunc(out, func(a, b Orphan) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Instance, b.Instance))
	})
	return out, nil
}
