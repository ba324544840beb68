package pipeline

import (
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
