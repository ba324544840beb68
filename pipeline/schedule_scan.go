package pipeline

import (
	"runtime"
	"sync/atomic"
)

// Most nodes of most runs are up to date. A scan finds those before anything
// is scheduled: it walks the instances in chunks, on all CPUs, each instance
// down its stages as long as nothing is stale, and costs the scheduler one
// message a chunk.

// chunkSize is how many instances a chunk has: enough to make the message
// cheap, few enough that the first stale node is not long in coming.
const chunkSize = 256

// A scannedChunk is a part of a phase whose nodes were looked at. The words of
// those that need no more are set.
type scannedChunk struct{ phase, chunk int }

// startPhase scans a phase, in the background.
func (r *run) startPhase(p int) {
	ph := &r.phases[p]
	if len(ph.stages) == 0 {
		return
	}
	next := new(atomic.Int64)
	r.working += ph.chunks
	for range min(runtime.GOMAXPROCS(0), ph.chunks) {
		go func() {
			for {
				c := int(next.Add(1)) - 1
				if c >= ph.chunks {
					return
				}
				r.scan(ph.stages, c)
				r.send(message{scanned: &scannedChunk{p, c}})
			}
		}()
	}
}

func (r *run) scan(stages []int, chunk int) {
	for i := chunk * chunkSize; i < min((chunk+1)*chunkSize, len(r.l.instances)); i++ {
		for _, s := range stages {
			if r.ctx.Err() != nil {
				return
			}
			if end, ok := r.glance(s, i); ok {
				r.words.set(end.node, end.word(r.words.get(end.node)))
			}
		}
	}
}

// glance ends a node if it is up to date, or not selected, and everything it
// depends on has ended.
func (r *run) glance(s, i int) (ending, bool) {
	rs := &r.l.stages[s]
	if r.untouched(s, i) {
		return r.restEnding(r.l.node(s, i)), true
	}
	whole := true
	for _, need := range rs.needs {
		w := r.words.get(r.l.node(need, i))
		if !w.has(wordEnded) {
			return ending{}, false
		}
		whole = whole && w.shown() == Done && !w.has(wordStale)
	}
	node := r.l.node(s, i)
	selected := r.words.get(node).has(wordSelected)
	if !whole {
		if selected {
			return ending{}, false
		}
		return r.blocked(s, i, node, false, true)
	}
	in := r.inspect(s, i, false)
	switch {
	case !selected:
		return r.unselected(in), true
	case !in.stale:
		return ending{node: node, state: Cached, shown: Done}, true
	}
	return ending{}, false
}

// arrive takes chunks in, in order, so that instances are admitted in file
// order.
func (r *run) arrive(c *scannedChunk) {
	ph := &r.phases[c.phase]
	ph.arrived[c.chunk] = true
	for ph.taken < ph.chunks && ph.arrived[ph.taken] {
		first := ph.taken * chunkSize
		ph.taken++
		r.takeIn(ph, first, min(first+chunkSize, len(r.l.instances)))
	}
}

// takeIn counts the nodes of some instances: those that the scan ended, and
// what the others wait for.
func (r *run) takeIn(ph *phase, first, after int) {
	cached := make([]int, len(r.l.stages))
	for i := first; i < after; i++ {
		for _, s := range ph.stages {
			node := r.l.node(s, i)
			w := r.words.get(node)
			if w.has(wordEnded) {
				if w.state() == Cached {
					cached[s]++
				}
				continue
			}
			for _, need := range r.l.stages[s].needs {
				if !r.words.get(r.l.node(need, i)).has(wordEnded) {
					r.pending[node]++
				}
			}
		}
	}
	for i := first; i < after; i++ {
		for _, s := range ph.stages {
			if w := r.words.get(r.l.node(s, i)); w.has(wordEnded) {
				r.release(s, i, w.has(wordSelected), true)
			}
		}
		if ph.left[i] > 0 {
			ph.queue = append(ph.queue, i)
		}
	}
	for s, n := range cached {
		if n > 0 {
			r.progress.Cached += n
			r.emit(Event{Event: EventNodesCached, Stage: r.l.stages[s].address, Total: n})
		}
	}
}
