package pipeline

import (
	"fmt"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// end takes in how a node ended, and passes it on to those that depend on it.
// Its record has been put.
func (r *run) end(s, i int, e *ending, t turn) {
	rs := &r.l.stages[s]
	for c, n := range e.counts {
		r.outcome.Counts[c] += n
	}
	if e.ran {
		r.progress.Running--
		if was := r.took[s]; was == 0 {
			r.took[s] = e.elapsed
		} else {
			r.took[s] = was + (e.elapsed-was)/8
		}
	}
	if e.crowded != nil {
		r.squeeze(e, t, rs.address, r.l.instance(i))
		r.ready.push(s, i)
		return
	}
	if e.again {
		r.attempts[e.node]++
		r.emit(Event{Event: EventWarning, Stage: rs.address, Instance: r.l.instance(i), Spans: e.spans, Message: "an input changed while the node ran; it runs again"})
		r.ready.push(s, i)
		return
	}
	w := r.words.get(e.node)
	if rs.ifFresh && e.state == NotRun && w.has(wordSelected) {
		w &^= wordSelected
		r.progress.Nodes--
	}
	if e.state == NotRun && w.has(wordSelected) {
		r.mu.Lock()
		r.notes[e.node] = e.note
		r.mu.Unlock()
	}
	r.words.set(e.node, e.word(w))
	r.count(e, w.has(wordSelected))
	r.release(s, i, w.has(wordSelected), false)
	r.report(e, rs, i, w.has(wordSelected))
	r.react(e, rs, i)
}

// heed stops what a node's ending makes pointless: by the worker, before another
// node gets its slot. Only where publishing failed has another got it.
func (r *run) heed(e *ending, rs *runStage) {
	switch {
	case e.fatal != nil:
		r.stop(faultOf(e, rs).Error(), true)
	case e.stop != nil:
		r.stop(e.stop.Error(), false)
	case e.state == Failed && r.opts.FailFast:
		r.stop("not started: "+rs.address+" failed, and the run is to stop at the first failure", false)
	}
}

func faultOf(e *ending, rs *runStage) error { return fmt.Errorf("%s: %w", rs.address, e.fatal) }

// react takes in what a node's ending says of the run.
func (r *run) react(e *ending, rs *runStage, i int) {
	if e.restless != "" {
		if r.outcome.Restless == nil {
			r.outcome.Restless = map[string]time.Time{}
		}
		if e.noticed.After(r.outcome.Restless[e.restless]) {
			r.outcome.Restless[e.restless] = e.noticed
		}
	}
	if e.pause != nil && r.outcome.Paused == "" {
		r.outcome.Pause, r.outcome.Paused = e.pause, e.pause.Error()
		r.emit(Event{Event: EventPaused, Stage: rs.address, Instance: r.l.instance(i), Message: r.outcome.Paused})
	}
	if e.stop != nil && r.outcome.Stopped == nil {
		r.outcome.Stopped = e.stop
	}
	if e.fatal != nil && r.fault == nil {
		r.fault = faultOf(e, rs)
	}
}

// release tells the nodes that depend on one that it has ended. Those of the
// same instance know of what the scan ended already.
func (r *run) release(s, i int, selected, scanned bool) {
	rs := &r.l.stages[s]
	r.ended++
	for _, u := range rs.users {
		us := &r.l.stages[u]
		switch {
		case !us.PerInstance:
			r.pending[us.base]--
			if r.pending[us.base] == 0 {
				r.ready.push(u, -1)
			}
		case rs.PerInstance && scanned:
		case rs.PerInstance:
			r.unblock(u, i)
		default:
			for k := range r.l.instances {
				r.unblock(u, k)
			}
		}
	}
	if !rs.PerInstance {
		r.openGate(rs)
		return
	}
	ph := &r.phases[rs.phase]
	ph.left[i]--
	if ph.left[i] == 0 && ph.admitted[i] {
		ph.open--
	}
	if selected {
		r.left[i]--
		if r.left[i] == 0 {
			r.progress.InstancesDone++
		}
	}
}

// unblock counts down what a per-instance node waits for.
func (r *run) unblock(s, i int) {
	ph := &r.phases[r.l.stages[s].phase]
	if !ph.in[i/chunkSize] {
		return // counted when its chunk arrives
	}
	node := r.l.node(s, i)
	r.pending[node]--
	if r.pending[node] == 0 && ph.admitted[i] {
		r.ready.push(s, i)
	}
}

// openGate starts the phase that an aggregate node was the last to hold up.
func (r *run) openGate(rs *runStage) {
	if rs.phase == 0 {
		return
	}
	ph := &r.phases[rs.phase]
	for _, u := range rs.users {
		if r.l.stages[u].PerInstance && r.l.stages[u].phase == rs.phase {
			ph.gates--
			if ph.gates == 0 {
				r.beginPhase(rs.phase)
			}
			return
		}
	}
}

// count adds a node to the sums for the selection.
func (r *run) count(e *ending, selected bool) {
	if !selected {
		return
	}
	switch e.state {
	case Done:
		r.progress.Executed++
	case Cached:
		r.progress.Cached++
	case Failed:
		r.progress.Failed++
	default:
		r.progress.Skipped++
		r.outcome.Interrupted = r.outcome.Interrupted || (r.interrupted || r.ctx.Err() != nil) && e.state == NotRun
	}
}

// report emits how a node ended.
func (r *run) report(e *ending, rs *runStage, i int, selected bool) {
	switch {
	case !selected:
	case e.state == Cached:
		r.emit(Event{Event: EventNodesCached, Stage: rs.address, Instance: r.l.instance(i), Total: 1})
	default:
		ev := Event{Event: EventNodeFinished, Stage: rs.address, Instance: r.l.instance(i), State: e.state.String(), Seconds: e.elapsed.Seconds()}
		if e.ran {
			ev.Spans = e.spans
		}
		if e.rec != nil {
			ev.Status, ev.Error = e.rec.Status, e.rec.Error
		} else {
			ev.Message = e.note
		}
		r.emit(ev)
	}
}

// endAll ends every node that has not ended when nothing more is looked at.
func (r *run) endAll() {
	why := r.whyStopped()
	if why == "" {
		why = "the run ended first"
	}
	for node := range r.l.nodes {
		w := r.words.get(node)
		if w.has(wordEnded) {
			continue
		}
		s, i := r.l.place(node)
		rs := &r.l.stages[s]
		rec, known := r.state.Get(rs.address, r.l.instance(i), store.Results)
		if w.has(wordSelected) {
			r.notes[node] = why
			r.count(&ending{state: NotRun}, true)
		}
		r.words.set(node, w.end(NotRun, NotRun, known && len(rec.Outputs) > 0))
	}
}
