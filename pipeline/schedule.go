package pipeline

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// A message tells the scheduler what happened elsewhere: one of its fields is
// set.
type message struct {
	scanned *scannedChunk
	started *startedNode
	ended   *ending
	holder  *holder // with ended: what the node held; given up only now, so that what follows on the node goes before others
	warning *Event
}

type startedNode struct {
	node   int
	reason string
}

// send hands a message to the scheduler, which takes them until the last
// worker has ended.
func (r *run) send(m message) { r.messages <- m }

// schedule is what the scheduler knows. Only its goroutine touches it.
type schedule struct {
	pending  []int32 // by node: how many of the nodes it depends on have not ended
	attempts map[int]int
	ready    *readyQueue
	phases   []phase
	left     []int32 // by instance: selected nodes that have not ended

	working     int // workers at work, scans included
	ended       int // nodes
	interrupted bool
	fault       error

	lastSync time.Time
	syncing  chan error
}

// A phase is the part of the graph between two nodes that wait for all
// instances; most pipelines have one.
type phase struct {
	stages   []int // its per-instance stages
	gates    int   // aggregate nodes that have to end before it begins
	chunks   int
	arrived  []bool  // by chunk: scanned
	taken    int     // chunks whose nodes are pending, ready or ended
	left     []int32 // by instance: its nodes in this phase that have not ended
	admitted []bool  // by instance
	queue    []int   // instances that wait to be admitted, in file order
	open     int     // instances admitted that have not ended
}

// flushEvery bounds what a kill can make run again, syncEvery what a power
// failure can.
const (
	flushEvery = 200 * time.Millisecond
	syncEvery  = 2 * time.Second
)

// interrupted is why nodes did not run after the first interrupt.
const interrupted = "interrupted"

// loop runs the graph until every node has ended.
func (r *run) loop() {
	r.prepare()
	r.emit(Event{Event: EventRunStarted, Pipeline: filepath.Base(r.home), Total: r.progress.Nodes, Message: r.opts.Program})
	for _, d := range r.state.Damage() {
		r.emit(Event{Event: EventWarning, Message: "the state was damaged, nodes whose records are lost run again: " + d})
	}
	r.startGraph()

	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	drain, cancelled := r.opts.Drain, r.ctx.Done()
	for r.ended < r.l.nodes {
		r.dispatch()
		if r.working == 0 && r.ended < r.l.nodes {
			if r.ctx.Err() == nil && r.fault == nil {
				r.fault = errors.New("the scheduler is stuck: nodes wait and nothing is at work")
			}
			r.endAll()
			break
		}
		select {
		case m := <-r.messages:
			r.take(m)
		case <-r.slots.wake:
		case <-tick.C:
			r.save()
		case <-drain:
			drain = nil
			r.interrupted = true
			r.stop(interrupted, false)
		case <-cancelled:
			cancelled = nil
			r.interrupted = true
			r.stop(interrupted, true)
		}
	}
	if r.syncing != nil {
		<-r.syncing
	}
}

// prepare counts what there is to do.
func (r *run) prepare() {
	l := r.l
	r.pending = make([]int32, l.nodes)
	r.attempts = map[int]int{}
	r.ready = newReadyQueue(len(l.stages))
	r.left = make([]int32, len(l.instances))
	r.phases = make([]phase, l.phases)
	for p := range r.phases {
		ph := &r.phases[p]
		ph.chunks = (len(l.instances) + chunkSize - 1) / chunkSize
		ph.arrived = make([]bool, ph.chunks)
		ph.left = make([]int32, len(l.instances))
		ph.admitted = make([]bool, len(l.instances))
	}
	for s := range l.stages {
		rs := &l.stages[s]
		for k := range rs.count {
			if r.words.get(rs.base + k).has(wordSelected) {
				r.progress.Nodes++
				if rs.PerInstance {
					r.left[k]++
				}
			}
		}
		if rs.PerInstance {
			r.phases[rs.phase].stages = append(r.phases[rs.phase].stages, s)
			for i := range l.instances {
				r.phases[rs.phase].left[i]++
			}
			continue
		}
		for _, need := range rs.needs {
			r.pending[rs.base] += int32(l.stages[need].count)
		}
	}
	// A phase begins when the nodes that gather the phase before have ended.
	for s := range l.stages {
		rs := &l.stages[s]
		if rs.PerInstance || rs.phase == 0 {
			continue
		}
		for _, u := range rs.users {
			if l.stages[u].PerInstance && l.stages[u].phase == rs.phase {
				r.phases[rs.phase].gates++
				break
			}
		}
	}
	for _, n := range r.left {
		if n > 0 {
			r.progress.Instances++
		}
	}
}

// startGraph makes the nodes ready that depend on nothing. Aggregate ones
// among them that are up to date end at once, before others are looked at.
func (r *run) startGraph() {
	for s := range r.l.stages {
		rs := &r.l.stages[s]
		if rs.PerInstance || r.pending[rs.base] > 0 {
			continue
		}
		if end, ok := r.glance(s, -1); ok {
			r.end(&end)
		} else {
			r.ready.push(s, -1)
		}
	}
	for p := range r.phases {
		if r.phases[p].gates == 0 {
			r.startPhase(p)
		}
	}
}

// dispatch starts workers while there are slots and nodes whose turn it is.
func (r *run) dispatch() {
	if r.isHalted() {
		return
	}
	stopped := r.whyStopped() != ""
	for p := range r.phases {
		r.admit(&r.phases[p], stopped)
	}
	may := func(stage int) bool { return stopped || !r.slots.full(stage) }
	for r.ready.n > 0 && r.slots.cpu.TryAcquire(1) {
		s, i, ok := r.ready.pop(may)
		if !ok {
			r.slots.cpu.Release(1)
			return
		}
		node := r.l.node(s, i)
		r.attempts[node]++
		attempt := r.attempts[node]
		r.working++
		h := &holder{slots: r.slots, stage: s, holds: true}
		go func() {
			var end ending
			defer func() { r.send(message{ended: &end, holder: h}) }()
			end = r.work(s, i, stopped, attempt, h)
		}()
	}
}

// admit lets instances in while the window has room.
func (r *run) admit(ph *phase, all bool) {
	for len(ph.queue) > 0 && (all || ph.open < r.window) {
		i := ph.queue[0]
		ph.queue = ph.queue[1:]
		ph.admitted[i] = true
		ph.open++
		for _, s := range ph.stages {
			node := r.l.node(s, i)
			if r.pending[node] == 0 && !r.words.get(node).has(wordEnded) {
				r.ready.push(s, i)
			}
		}
	}
}

// take deals with one message.
func (r *run) take(m message) {
	switch {
	case m.scanned != nil:
		r.working--
		r.arrive(m.scanned)
	case m.started != nil:
		s, i := r.l.place(m.started.node)
		r.progress.Running++
		r.emit(Event{Event: EventNodeStarted, Stage: r.l.stages[s].address, Instance: r.l.instance(i), Reason: m.started.reason})
	case m.ended != nil:
		r.working--
		m.holder.end()
		r.end(m.ended)
	case m.warning != nil:
		r.emit(*m.warning)
	}
}

// end takes in how a node ended, and passes it on to those that depend on it.
func (r *run) end(e *ending) {
	s, i := r.l.place(e.node)
	rs := &r.l.stages[s]
	for c, n := range e.counts {
		r.outcome.Counts[c] += n
	}
	if e.ran {
		r.progress.Running--
	}
	if e.again {
		r.emit(Event{Event: EventWarning, Stage: rs.address, Instance: r.l.instance(i), Message: "an input changed while the node ran; it runs again"})
		r.ready.push(s, i)
		return
	}
	delete(r.attempts, e.node)
	if e.rec != nil {
		r.state.Put(rs.address, r.l.instance(i), e.rec)
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
	r.words.set(e.node, w.end(e.state, e.shown, e.stale))
	r.count(e, w.has(wordSelected))
	r.release(s, i, w.has(wordSelected), false)
	r.report(e, rs, i, w.has(wordSelected))
	r.react(e, rs, i)
}

// react stops what a node's ending makes pointless.
func (r *run) react(e *ending, rs *runStage, i int) {
	if e.pause != nil && r.outcome.Paused == "" {
		r.outcome.Paused = e.pause.Error()
		r.emit(Event{Event: EventPaused, Stage: rs.address, Instance: r.l.instance(i), Message: r.outcome.Paused})
	}
	if e.stop != nil && r.outcome.Stopped == nil {
		r.outcome.Stopped = e.stop
		r.stop(e.stop.Error(), false)
	}
	if e.fatal != nil && r.fault == nil {
		r.fault = fmt.Errorf("%s: %w", rs.address, e.fatal)
		r.stop(r.fault.Error(), true)
	}
	if e.state == Failed && r.opts.FailFast {
		r.stop("not started: "+rs.address+" failed, and the run is to stop at the first failure", false)
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
			ph := &r.phases[us.phase]
			for k := range min(ph.taken*chunkSize, len(r.l.instances)) {
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
	if i >= ph.taken*chunkSize {
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
				r.startPhase(rs.phase)
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
		r.outcome.Interrupted = r.outcome.Interrupted || r.interrupted && e.state == NotRun
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

// save hands records and events to the operating system, and now and then to
// the disk.
func (r *run) save() {
	r.events.flush()
	if err := r.state.Flush(); err != nil && r.fault == nil {
		r.fault = fmt.Errorf("what was done cannot be remembered: %w", err)
		r.stop(r.fault.Error(), true)
		return
	}
	select {
	case err := <-r.syncing:
		r.syncing = nil
		if err != nil && r.fault == nil {
			r.fault = fmt.Errorf("what was done cannot be remembered: %w", err)
			r.stop(r.fault.Error(), true)
		}
	default:
	}
	if r.syncing == nil && time.Since(r.lastSync) > syncEvery {
		r.lastSync = time.Now()
		done := make(chan error, 1)
		r.syncing = done
		go func() { done <- r.state.Sync() }()
	}
}
