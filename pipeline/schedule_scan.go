package pipeline

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/concluder/concluder/pipeline/store"
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

// scanOrder returns the chunks in the order in which they are scanned: those of
// some instances, which are so many, and then the others.
func (l *layout) scanOrder(first []string) (order []int, ahead int) {
	chunks := (len(l.instances) + chunkSize - 1) / chunkSize
	has := make([]bool, chunks)
	if len(first) > 0 {
		names := make(map[string]bool, len(first))
		for _, name := range first {
			names[name] = true
		}
		for i, name := range l.instances {
			has[i/chunkSize] = has[i/chunkSize] || names[name]
		}
	}
	for _, want := range []bool{true, false} {
		for c := range chunks {
			if has[c] == want {
				order = append(order, c)
			}
		}
		if want {
			ahead = len(order)
		}
	}
	return order, ahead
}

// startPhase scans a phase, in the background. The chunks of Options.First go
// ahead: see goOn.
func (r *run) startPhase(p int) {
	switch {
	case len(r.phases[p].stages) == 0:
	case r.ahead > 0 && p == 0:
		r.startScan(p, r.order[:r.ahead])
		r.behind = r.order[r.ahead:]
	default:
		r.startScan(p, r.order)
	}
}

// goOn scans the chunks that wait until the first node of those that went ahead
// has started, or it is clear that none will: the CPUs are for that until then.
func (r *run) goOn() {
	if len(r.behind) > 0 && (r.started || r.working == 0) {
		r.startScan(0, r.behind)
		r.behind = nil
	}
}

// startScan scans chunks of a phase, with a pass over their files where there
// was none over all.
func (r *run) startScan(p int, chunks []int) {
	ph := &r.phases[p]
	var pass *store.Pass
	if r.piecemeal {
		pass = r.snapshot.NewPass(r.fresh)
	}
	next := new(atomic.Int64)
	r.working += len(chunks)
	var scans sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(chunks)) {
		scans.Go(func() {
			var probe *store.Probe
			if pass != nil {
				probe = pass.Probe()
			}
			for {
				k := int(next.Add(1)) - 1
				if k >= len(chunks) {
					return
				}
				c := chunks[k]
				r.scan(ph.stages, c, probe)
				r.send(message{scanned: &scannedChunk{p, c}})
			}
		})
	}
	if pass != nil {
		go func() {
			scans.Wait()
			pass.Close()
		}()
	}
}

// scan walks a chunk, with a probe after looking at its files.
func (r *run) scan(stages []int, chunk int, probe *store.Probe) {
	first, after := chunk*chunkSize, min((chunk+1)*chunkSize, len(r.l.instances))
	if probe != nil && r.ctx.Err() == nil {
		for _, s := range stages {
			probe.Look(r.l.node(s, first), r.l.node(s, after-1)+1)
		}
	}
	for i := first; i < after; i++ {
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
		return r.blocked(s, i, node, false, true, nil)
	}
	if r.blank && selected {
		return ending{}, false
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
// order but for those that go first.
func (r *run) arrive(c *scannedChunk) {
	ph := &r.phases[c.phase]
	ph.arrived[c.chunk] = true
	for ph.taken < ph.chunks && ph.arrived[r.order[ph.taken]] {
		chunk := r.order[ph.taken]
		first := chunk * chunkSize
		ph.in[chunk] = true
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
