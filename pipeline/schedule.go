package pipeline

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/concluder/concluder/pipeline/resource"
)

// A message tells the scheduler what happened elsewhere: one of its fields is
// set.
type message struct {
	scanned *scannedChunk
	started *inspection // of a node whose execution begins
	ended   *holder     // what the node holds until now, so that what follows on it begins before others
	warning *Event
	reading *resource.Reading
}

// send hands a message to the scheduler, which takes them until the last
// worker has ended.
func (r *run) send(m message) { r.messages <- m }

// schedule is what the scheduler knows. Only its goroutine touches it.
type schedule struct {
	pending  []int32     // by node: how many of the nodes it depends on have not ended
	attempts map[int]int // by node: how often it ran in vain
	ready    *readyQueue
	took     []time.Duration // by stage: what its nodes take, the last ones counting most; 0 before the first has ended
	phases   []phase
	left     []int32 // by instance: selected nodes that have not ended

	working     int       // workers at work, scans included
	holders     holders   // of the nodes at work
	cancelled   time.Time // when the context ended
	ended       int       // nodes
	started     bool      // some node has
	behind      []int     // chunks that wait: see goOn
	interrupted bool
	fault       error

	lastSync time.Time
	syncing  chan error
	supplies
}

// A phase is the part of the graph between two nodes that wait for all
// instances; most pipelines have one.
type phase struct {
	stages   []int // its per-instance stages
	gates    int   // aggregate nodes that have to end before it begins
	chunks   int
	arrived  []bool // by chunk: scanned
	in       []bool // by chunk: its nodes are pending, ready or ended
	taken    int    // how many of them are
	began    time.Time
	left     []int32 // by instance: its nodes in this phase that have not ended
	admitted []bool  // by instance
	queue    []int   // instances that wait to be admitted, in the order of their chunks
	open     int     // instances admitted that have not ended
}

// flushEvery bounds what a kill can make run again, syncEvery what a power
// failure can.
const (
	flushEvery = 200 * time.Millisecond
	syncEvery  = 2 * time.Second
)

// quick is how long a node may take for others of its stage to begin ahead.
const quick = 10 * time.Millisecond

// isQuick reports whether nodes of a stage may begin ahead. With one worker they
// run one after the other, in their order.
func (r *run) isQuick(stage int) bool {
	return r.workers > 1 && r.took[stage] > 0 && r.took[stage] < quick
}

// interrupted is why nodes did not run after the first interrupt.
const interrupted = "interrupted"

// loop runs the graph until every node has ended.
func (r *run) loop() {
	r.prepare()
	r.begin()
	for _, d := range r.state.Damage() {
		r.emit(Event{Event: EventWarning, Message: "the state was damaged, nodes whose records are lost run again: " + d})
	}
	if c := r.plan.compiled; c != nil && c.damage != "" {
		r.emit(Event{Event: EventWarning, Message: "the snapshot was damaged, everything is looked at anew: " + c.damage})
	}
	r.startGraph()

	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	drain, cancelled := r.opts.Drain, r.ctx.Done()
	var patience <-chan time.Time
	for r.ended < r.l.nodes {
		short := r.dispatch()
		r.goOn()
		halted := r.ctx.Err() != nil || r.isHalted()
		if r.working == 0 && r.ended < r.l.nodes && (halted || !short) {
			if !halted {
				r.fault = errors.New("the scheduler is stuck: nodes wait and nothing is at work")
			}
			r.endAll()
			break
		}
		select {
		case m := <-r.messages:
			r.take(m)
			r.drain() // one look at what may start does for all
		case <-r.slots.wake:
		case <-tick.C:
			r.save()
		case p := <-r.opts.Supersede:
			r.supersede(p)
		case <-drain:
			drain = nil
			r.interrupted = true
			r.stop(interrupted, false)
		case <-cancelled:
			cancelled = nil
			r.interrupted = true
			r.stop(interrupted, true)
			r.cancelled, patience = time.Now(), time.After(abandonAfter)
		case <-patience:
			r.drain()
			patience = time.After(r.abandon())
		}
	}
	close(r.over)
	r.pool.close()
	r.atWork.judges.Wait()
	if r.syncing != nil {
		<-r.syncing
	}
}

// drain takes the messages that are there.
func (r *run) drain() {
	for range len(r.messages) {
		r.take(<-r.messages)
	}
}

// begin says that the run begins.
func (r *run) begin() {
	r.emit(Event{Event: EventRunStarted, Pipeline: filepath.Base(r.home), Total: r.progress.Nodes, Message: r.opts.Program})
}

// prepare counts what there is to do.
func (r *run) prepare() {
	l := r.l
	r.pending = make([]int32, l.nodes)
	r.attempts = map[int]int{}
	r.ready = newReadyQueue(len(l.stages))
	r.took = make([]time.Duration, len(l.stages))
	r.left = make([]int32, len(l.instances))
	r.phases = make([]phase, l.phases)
	for p := range r.phases {
		ph := &r.phases[p]
		ph.chunks = (len(l.instances) + chunkSize - 1) / chunkSize
		ph.arrived, ph.in = make([]bool, ph.chunks), make([]bool, ph.chunks)
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
			r.end(s, -1, &end, turn{})
		} else {
			r.ready.push(s, -1)
		}
	}
	for p := range r.phases {
		if r.phases[p].gates == 0 {
			r.beginPhase(p)
		}
	}
}

// dispatch starts workers while there are slots and nodes whose turn it is, and
// reports whether it ran out of slots. With nobody at work one is then with a
// goroutine that comes back from Idle too late, and gives it up: see errEnded.
func (r *run) dispatch() (short bool) {
	if r.isHalted() {
		return false
	}
	stopped := r.whyStopped() != ""
	for p := range r.phases {
		r.admit(&r.phases[p], stopped)
	}
	r.slots.wanted.Store(false)
	may := func(stage int) bool { return stopped || !r.slots.full(stage) }
	for r.ready.n > 0 && r.mayStart() {
		slot := r.slots.free()
		if short = !slot; short && !r.slots.ahead() {
			return short
		}
		s, ok := r.ready.next(may)
		if ok && short && !stopped && !r.isQuick(s) {
			return short // nor do others begin ahead, which would take the next slot from it
		}
		if !ok {
			if slot {
				r.slots.cpu.Release(1)
			}
			return short
		}
		i := r.ready.pop(s)
		r.working++
		h := r.slots.start(s, slot, r.isQuick(s), r.begins())
		h.instance, h.attempt, h.probe = i, 1+r.attempts[r.l.node(s, i)], stopped
		r.chain(h)
		r.holders.add(h)
		r.pool.hand(h)
	}
	return short
}

// worker brings a node up to date, and those that are chained to it.
func (r *run) worker(h *holder) {
	for h != nil {
		h.ending = r.work(h)
		r.remember(h)
		next := r.follow(h)
		r.send(message{ended: h})
		h = next
	}
}

// remember puts the record of a node, which no more code of its kind is to run for.
func (r *run) remember(h *holder) {
	h.giveCPU()
	if rec := h.ending.rec; rec != nil {
		r.state.Put(r.l.stages[h.stage].address, r.l.instance(h.instance), rec)
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
		r.endScan(m.scanned.phase)
	case m.started != nil:
		s, i := r.l.place(m.started.node)
		r.started = true
		r.progress.Running++
		r.startReading()
		r.emit(Event{Event: EventNodeStarted, Stage: r.l.stages[s].address, Instance: r.l.instance(i), Reason: m.started.reason})
	case m.ended != nil:
		h, end := m.ended, &m.ended.ending
		r.working--
		r.holders.remove(h)
		if !end.left { // else its code holds what it likes, and nothing more starts
			end.spans = h.end()
		}
		r.ends()
		r.followed(h)
		r.end(h.stage, h.instance, end, h.turn)
	case m.warning != nil:
		r.emit(*m.warning)
	case m.reading != nil:
		r.takeReading(m.reading)
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
