package pipeline

import "slices"

// Quick nodes of an instance cost less when their worker goes on from one to the
// next by itself, with the CPU slot that it has and what it knows of the node
// before, than when each waits for its turn. What the scheduler knows remains its
// own: it says beforehand how far a worker may go, and hears of every node.

// chain says to which nodes the worker of one may go on: those that follow on each
// other in its instance, are quick and wait for nothing else. Nothing could begin
// sooner otherwise. They do not become ready meanwhile, as if they waited for one
// node more. A chain ends with a node that the scan of a later phase may look at
// any time: see follow.
func (r *run) chain(h *holder) {
	rs := &r.l.stages[h.stage]
	if !rs.PerInstance || !h.quick || h.probe {
		return
	}
	last := h.stage
	for u := h.stage + 1; u < len(r.l.stages) && !r.l.stages[last].later; u++ { // dependencies come first
		us := &r.l.stages[u]
		node := r.l.node(u, h.instance)
		switch {
		case !us.PerInstance || us.phase != rs.phase || !slices.Contains(us.needs, last):
		case !r.isQuick(u) || r.slots.idles[u].Load():
		case r.pending[node] == h.chained(us.needs):
			h.chain = append(h.chain, u)
			r.pending[node]++
			last = u
		}
	}
}

// chained returns how many of some stages have nodes in the chain.
func (h *holder) chained(stages []int) (n int32) {
	for _, s := range stages {
		if s == h.stage || slices.Contains(h.chain, s) {
			n++
		}
	}
	return n
}

// follow begins the next node of a chain, nil where there is none or the one before
// did not end well. It is called by the worker, when the record has been put and
// before the scheduler hears of that end: it says itself how the node ended.
//
// A limit of nodes at work that falls meanwhile holds for the next chain.
func (r *run) follow(h *holder) *holder {
	e := &h.ending
	if len(h.chain) == 0 || e.shown != Done {
		return nil
	}
	r.words.set(e.node, e.word(r.words.get(e.node)))
	next := r.slots.start(h.chain[0], false, true, h.turn)
	next.instance, next.attempt, next.chain, next.seen = h.instance, 1, h.chain[1:], h.seen
	if rec := e.rec; rec != nil {
		n := upstreamNode{instance: r.l.instance(h.instance), state: Done, status: rec.Status, err: rec.Error, outputs: rec.Outputs}
		next.seen = append(next.seen, endedNode{n, h.stage})
	}
	h.passOn(next)
	h.next = next
	return next
}

// followed takes in where the worker of a node that has ended went on. Nodes that
// it may not go on to any more wait for their turn like others.
func (r *run) followed(h *holder) {
	if h.next != nil {
		r.working++
		r.begins()
		r.holders.add(h.next)
		return
	}
	for _, u := range h.chain {
		r.unblock(u, h.instance)
	}
}
