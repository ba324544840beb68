package pipeline

import (
	"iter"

	"github.com/concluder/concluder/pipeline/store"
)

// finish fills in the outcome from how the nodes ended.
func (r *run) finish() {
	o := r.outcome
	p := &r.progress
	o.Nodes, o.Executed, o.Cached, o.Failed, o.Skipped = p.Nodes, p.Executed, p.Cached, p.Failed, p.Skipped
	o.Results = r.nodeResults
	count := r.opts.Statuses
	if count == nil {
		count = countStatuses
	}
	o.Statuses = count(o.Results)
	r.tellOrphans()
}

// countStatuses counts the selected nodes by their own status.
func countStatuses(results iter.Seq[NodeResult]) map[string]int {
	m := map[string]int{}
	for n := range results {
		if n.Selected && n.Status != "" {
			m[n.Status]++
		}
	}
	return m
}

// nodeResults gives every node, one at a time: there may be millions.
func (e *inspector) nodeResults(yield func(NodeResult) bool) {
	for s := range e.l.stages {
		rs := &e.l.stages[s]
		for k := range rs.count {
			instance := ""
			if rs.PerInstance {
				instance = e.l.instances[k]
			}
			if !yield(e.nodeResult(rs, rs.base+k, instance)) {
				return
			}
		}
	}
}

func (e *inspector) nodeResult(rs *runStage, node int, instance string) NodeResult {
	w := e.words.get(node)
	r := NodeResult{Stage: rs.Stage, Instance: instance, Selected: w.has(wordSelected), State: w.state(), Stale: w.has(wordStale), shown: w.shown()}
	if w.has(wordFresh) {
		r.Status, r.from = e.snapshot.Status(node), e
		return r
	}
	rec, known := e.recordOf(rs.address, instance, store.Head)
	if known {
		r.Status, r.Error, r.from = rec.Status, rec.Error, e
		r.Stale = r.Stale || !rec.Valid && State(rec.State) == Done
	}
	if r.Selected && r.State == NotRun {
		r.Error = e.whyNot(node)
	}
	return r
}

// AsUpstream returns the node as those that depend on it see it: the files are
// those that it published last, looked up on each call.
func (r NodeResult) AsUpstream() Upstream {
	u := Upstream{Stage: r.Stage.Name, Instance: r.Instance, State: r.shown, Status: r.Status, Error: r.Error, Stale: r.Stale}
	if r.from != nil {
		rec, _ := r.from.recordOf(r.Stage.Address(), r.Instance, store.Results)
		u.outputs, u.at = rec.Outputs, r.from.placeOf(r.Stage)
	}
	return u
}
