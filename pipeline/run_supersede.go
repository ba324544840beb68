package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/concluder/concluder/pipeline/store"
)

// errSuperseded is why the context of a node at work ended, and why nodes did
// not start: what they depend on changed, or the pipeline file did.
var errSuperseded = errors.New("something it depends on changed; the next run makes it")

// A workplace knows the nodes at work, for Options.Supersede.
type workplace struct {
	mu     sync.Mutex
	nodes  map[*inspection]context.CancelCauseFunc
	newest *Plan // that supersedes the run's; nil before
	judges sync.WaitGroup
}

// enter gives a node that begins its work a context of its own, where it may be
// superseded. The caller calls leave when the node's work is done.
func (r *run) enter(in *inspection) (ctx context.Context, leave func()) {
	if r.opts.Supersede == nil {
		return r.ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(r.ctx)
	w := &r.atWork
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.nodes == nil {
		w.nodes = map[*inspection]context.CancelCauseFunc{}
	}
	w.nodes[in] = cancel
	if w.newest != nil {
		r.judge(w.newest, map[*inspection]context.CancelCauseFunc{in: cancel})
	}
	return ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.nodes, in)
		cancel(nil)
	}
}

// supersede does what Options.Supersede says, in the scheduler's goroutine.
// Nodes that wait are not even looked at, since the next run does that.
func (r *run) supersede(p *Plan) {
	r.outcome.Superseded = true
	r.stop(errSuperseded.Error(), true)
	w := &r.atWork
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest = p
	r.judge(p, maps.Clone(w.nodes))
}

// judge cancels those of some nodes whose keys change under a plan: in a
// goroutine of its own, since files have to be read for it.
func (r *run) judge(p *Plan, nodes map[*inspection]context.CancelCauseFunc) {
	r.atWork.judges.Go(func() {
		j := newJudge(r, p)
		for in, cancel := range nodes {
			if j.changed(in) {
				cancel(errSuperseded)
			}
		}
	})
}

// A judge finds out whether a node's key would be another one under a plan,
// without what the node is not yet told: how the nodes that it depends on come
// out. Of those it looks at what went into them: where that changed they come
// out otherwise, more likely than not.
type judge struct {
	inspector
	stages    map[string]int
	instances map[string]int
	known     map[int]bool // by node: changed since its record
}

func newJudge(r *run, p *Plan) *judge {
	j := &judge{
		inspector: inspector{plan: p, opts: r.opts, l: newLayout(p), state: r.state, files: r.files, results: r.results},
		stages:    map[string]int{}, instances: make(map[string]int, len(p.Instances)), known: map[int]bool{},
	}
	j.words = make(nodeTable, j.l.nodes)
	j.whyNot = func(int) string { return "" }
	for i := range j.l.stages {
		j.stages[j.l.stages[i].address] = i
	}
	for i, name := range p.Instances {
		j.instances[name] = i
	}
	return j
}

// changed judges a node at work.
func (j *judge) changed(in *inspection) bool {
	s, ok := j.stages[in.stage.address]
	i := -1
	if ok && j.l.stages[s].PerInstance {
		i, ok = j.instances[in.instance]
	}
	if !ok || j.l.stages[s].PerInstance != in.stage.PerInstance {
		return true // it is not declared any more
	}
	return j.differs(s, i, in.parts.shared, in.parts.own)
}

// differs compares what a node's key was made of with what it would be made of,
// but for the outputs of others, and then the nodes that it depends on.
func (j *judge) differs(s, i int, was ...[]store.Component) bool {
	rs := &j.l.stages[s]
	m := manifest{stage: rs, instance: j.l.instance(i)}
	if j.fill(&m, s, i) != nil {
		return true // something cannot be read any more
	}
	var now keyList
	m.walk(&now)
	if !slices.Equal(ownComponents(was...), ownComponents(now.shared, now.own)) {
		return true
	}
	for _, need := range rs.needs {
		first, after := i, i+1
		if !rs.PerInstance && j.l.stages[need].PerInstance {
			first, after = 0, len(j.l.instances)
		}
		for k := first; k < after; k++ {
			if j.upstreamDiffers(need, k) {
				return true
			}
		}
	}
	return false
}

// upstreamDiffers compares a node's last record in the same way.
func (j *judge) upstreamDiffers(s, i int) bool {
	node := j.l.node(s, i)
	d, ok := j.known[node]
	if !ok {
		if !j.l.stages[s].PerInstance {
			i = -1
		}
		rec, recorded := j.state.Get(j.l.stages[s].address, j.l.instance(i), store.Whole)
		d = !recorded || j.differs(s, i, rec.Shared, rec.Own)
		j.known[node] = d
	}
	return d
}

// ownComponents leaves out what a key holds of the nodes that a node depends on.
func ownComponents(lists ...[]store.Component) []store.Component {
	var own []store.Component
	for _, l := range lists {
		for _, c := range l {
			if !strings.HasPrefix(c.Name, upstreamPrefix) {
				own = append(own, c)
			}
		}
	}
	return own
}

// upstreamPrefix begins the names of components that are other nodes' outputs
// and ends: see upstreamSeen.name.
const upstreamPrefix = "from "
