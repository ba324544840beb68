package pipeline

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/concluder/concluder/pipeline/store"
)

// recall finds the snapshot by which nodes are as up to date as they were when
// it was made.
func (e *inspector) recall() {
	c := e.plan.compiled
	if c == nil {
		return
	}
	s := c.snapshot.Load()
	if s == nil || !s.Current(e.home) {
		// In a plan that runs again it is the one of the run before.
		s = c.renew(e.home)
		c.snapshot.Store(s)
	}
	if s == nil || !s.Fits(e.plan.perInstance()) || !slices.Equal(s.Instances, e.l.instances) || !s.Current(e.home) {
		return
	}
	e.snapshot = s
}

// lookAtAll finds the nodes that are up to date by the stat of their files
// alone.
func (e *inspector) lookAtAll() {
	if e.snapshot != nil {
		e.fresh = e.snapshot.Fresh()
	}
}

// openState reads how the nodes last ended, unless the run before left that in
// memory and no other process has been at work since.
func (r *run) openState() (*store.State, error) {
	if c := r.plan.compiled; c != nil {
		if s := c.state.Swap(nil); s != nil {
			if ok, err := s.Reopen(r.home); ok || err != nil {
				return s, err
			}
		}
	}
	return store.OpenState(r.home)
}

// runsAgain says that the plan is one that runs whenever something changes.
func (p *Plan) runsAgain() {
	if p.compiled != nil {
		p.compiled.again.Store(true)
	}
}

// leaveState leaves the state, which was closed without an error, to the next
// run. One with nothing to do has not read it, and does so only now.
func (r *run) leaveState() {
	c := r.plan.compiled
	if c == nil || !c.again.Load() {
		return
	}
	switch {
	case r.state != nil && r.state.Rest():
		c.state.Store(r.state)
	case r.state == nil && c.state.Load() == nil:
		if s, err := store.RestingState(r.home); err == nil { // else the next run says what is wrong
			c.state.Store(s)
		}
	}
}

// atRest reports whether every node is up to date by the snapshot, so that
// nothing else has to be read.
func (r *run) atRest() bool {
	if r.snapshot == nil || r.piecemeal || r.ctx.Err() != nil || r.fresh.Count() < r.l.nodes {
		return false
	}
	for node := range r.l.nodes {
		if r.askedFor(node) {
			return false
		}
	}
	return true
}

// rest is a run in which nothing is to be done.
func (r *run) rest() {
	for s := range r.l.stages {
		rs := &r.l.stages[s]
		for k := range rs.count {
			end := r.restEnding(rs.base + k)
			r.words.set(end.node, end.word(r.words.get(end.node)))
			if end.state == Cached {
				r.progress.Nodes++
			}
		}
	}
	some := make([]bool, len(r.l.instances))
	for s := range r.l.stages {
		rs := &r.l.stages[s]
		for k := range rs.count {
			if rs.PerInstance && r.words.get(rs.base+k).has(wordSelected) && !some[k] {
				some[k] = true
				r.progress.Instances++
			}
		}
	}
	r.begin()
	for s := range r.l.stages {
		rs := &r.l.stages[s]
		cached := 0
		for k := range rs.count {
			if r.words.get(rs.base+k).state() == Cached {
				cached++
			}
		}
		if cached > 0 {
			r.progress.Cached += cached
			r.emit(Event{Event: EventNodesCached, Stage: rs.address, Total: cached})
		}
	}
	r.progress.InstancesDone = r.progress.Instances
}

// startSnapshot begins to gather what the next snapshot will hold.
func (r *run) startSnapshot() {
	if r.plan.compiled != nil {
		names := map[int]string(nil)
		if r.snapshot != nil {
			names = r.snapshot.FileNames // of the same instances
		} else {
			names = r.plan.fileNames()
		}
		r.builder = store.NewSnapshotBuilder(r.home, r.l.instances, names, r.plan.perInstance(), r.snapshot)
	}
}

// proofIsNew reports whether the proof says more than the snapshot's: a listing
// that has settled since spares the next run to make it.
func (r *run) proofIsNew() bool {
	meta, err := json.Marshal(r.plan.compiled.files.proof())
	return err == nil && !bytes.Equal(meta, r.snapshot.Meta)
}

// saveSnapshot writes the snapshot for the next run, unless it would say no
// more than the one there is. The log is complete.
func (r *run) saveSnapshot() error {
	if r.builder == nil {
		return nil
	}
	carried := store.NewNodeSet(r.l.nodes)
	for node := range r.l.nodes {
		if r.words.get(node).has(wordFresh) {
			carried.Add(node)
		}
	}
	if r.snapshot != nil && r.builder.Kept() == 0 && carried.Count() == r.snapshot.FreshCount() && r.snapshot.Current(r.home) && !r.proofIsNew() {
		return nil
	}
	r.builder.Carry(carried)
	c := r.plan.compiled
	meta, err := json.Marshal(c.files.proof())
	if err == nil {
		err = r.builder.Save(c.definition, meta)
	}
	if c.again.Load() {
		c.snapshot.Store(c.renew(r.home))
	} else {
		c.snapshot.Store(nil) // who runs next reads the new one
	}
	return err
}

// dropSnapshot lets go of what was gathered for the next snapshot.
func (r *run) dropSnapshot() {
	if r.builder != nil {
		r.builder.Close()
		r.builder = nil
	}
}
