package pipeline

import (
	"fmt"
	"slices"
	"sync/atomic"
)

// A layout numbers the nodes of a plan: those of each stage follow each other,
// in the order of the instances. Edges are not stored, they follow from the
// stages.
type layout struct {
	plan      *Plan
	stages    []runStage // as in the plan: dependencies first
	instances []string
	nodes     int
	phases    int
}

// A runStage is a stage as the engine sees it.
type runStage struct {
	*Stage
	address    string
	base       int      // number of its first node
	count      int      // of its nodes
	deps       []int    // for each of Stage.Deps the stage
	components []string // for each of Stage.Deps its name in keys
	needs      []int    // the stages it depends on, each once
	users      []int    // the stages that depend on it
	phase      int
	later      bool // per-instance nodes of a later phase depend on its own
	waitsOn    bool // an aggregate stage that depends on per-instance nodes
	out        bool // left out by Options.Without
	all        bool // all its nodes are selected; else those of the selected instances
	ifFresh    bool // selected only if what it depends on is up to date: see selectNodes

	logs   string                       // in a run the folder of its nodes' logs
	shared *atomic.Pointer[sharedParts] // of the node that was looked at last
}

func newLayout(p *Plan) *layout {
	l := &layout{plan: p, instances: p.Instances, stages: make([]runStage, len(p.Stages))}
	index := make(map[*Stage]int, len(p.Stages))
	for i, s := range p.Stages {
		index[s] = i
		rs := &l.stages[i]
		*rs = runStage{Stage: s, address: s.Address(), base: l.nodes, count: 1, shared: new(atomic.Pointer[sharedParts])}
		if s.PerInstance {
			rs.count = len(p.Instances)
		}
		l.nodes += rs.count
		for _, d := range s.Deps {
			j := index[d.Stage]
			rs.deps = append(rs.deps, j)
			rs.components = append(rs.components, d.component())
			if !slices.Contains(rs.needs, j) {
				rs.needs = append(rs.needs, j)
				l.stages[j].users = append(l.stages[j].users, i)
			}
		}
		l.setPhase(rs)
		for _, j := range rs.needs {
			need := &l.stages[j]
			need.later = need.later || rs.PerInstance && rs.phase != need.phase
		}
	}
	return l
}

// setPhase computes how many times the nodes of a stage must wait for all
// instances of another. The window of a batch slides over each phase by
// itself: within one phase an instance can always be finished.
func (l *layout) setPhase(rs *runStage) {
	for _, j := range rs.needs {
		need := &l.stages[j]
		p := need.phase
		if !rs.PerInstance && need.PerInstance {
			p++
			rs.waitsOn = true
		}
		rs.waitsOn = rs.waitsOn || !rs.PerInstance && need.waitsOn
		rs.phase = max(rs.phase, p)
	}
	l.phases = max(l.phases, rs.phase+1)
}

// node returns a node's number. The instance of an aggregate stage's only node
// is not looked at.
func (l *layout) node(stage, instance int) int {
	if l.stages[stage].PerInstance {
		return l.stages[stage].base + instance
	}
	return l.stages[stage].base
}

// place returns the stage and the instance of a node; the instance is -1 for
// an aggregate node.
func (l *layout) place(node int) (stage, instance int) {
	s := len(l.stages) - 1 // there are few
	// Stages without nodes share the base of the one that follows.
	for l.stages[s].base > node || l.stages[s].count == 0 {
		s--
	}
	if !l.stages[s].PerInstance {
		return s, -1
	}
	return s, node - l.stages[s].base
}

// instance returns the name of a node's instance, "" for an aggregate node.
func (l *layout) instance(i int) string {
	if i < 0 {
		return ""
	}
	return l.instances[i]
}

// An InstanceError names an instance that the pipeline file does not declare.
type InstanceError struct {
	Name    string
	Nearest string // "" where no name is near
}

func (e *InstanceError) Error() string {
	if e.Nearest != "" {
		return fmt.Sprintf("there is no instance %q: did you mean %q?", e.Name, e.Nearest)
	}
	return fmt.Sprintf("there is no instance %q", e.Name)
}

// selectNodes marks the nodes of the chosen instances (all if none is named) without
// the kinds that are left out, and as make does everything they need. Of
// aggregate nodes that nothing chosen needs those of Partial kinds belong to
// the selection, and others if they can be made from what is there.
func (l *layout) selectNodes(chosen, without []string, set func(node int)) error {
	for _, k := range without {
		for i := range l.stages {
			l.stages[i].out = l.stages[i].out || l.stages[i].Kind.Name == k
		}
	}
	var some []bool
	if len(chosen) > 0 {
		index := make(map[string]int, len(l.instances))
		for i, name := range l.instances {
			index[name] = i
		}
		some = make([]bool, len(l.instances))
		for _, name := range chosen {
			i, ok := index[name]
			if !ok {
				return &InstanceError{name, nearest(name, l.instances)}
			}
			some[i] = true
		}
	}
	needed := make([]bool, len(l.stages))
	for i := len(l.stages) - 1; i >= 0; i-- {
		rs := &l.stages[i]
		if rs.out {
			continue
		}
		rs.all = rs.all || some == nil || !rs.PerInstance
		rs.ifFresh = some != nil && !rs.PerInstance && !needed[i] && !rs.Kind.Partial
		for _, j := range rs.needs {
			need := &l.stages[j]
			switch {
			case rs.PerInstance && !need.PerInstance, !rs.PerInstance && needed[i] && !rs.Kind.Partial:
				needed[j] = true
				need.all = true
			case rs.PerInstance && need.PerInstance:
				need.all = need.all || rs.all
			}
		}
		for k := range rs.count {
			if rs.all || some[k] {
				set(rs.base + k)
			}
		}
	}
	return nil
}

// A nodeWord is how a node stands, in one word so that workers may look while
// the scheduler writes: what a worker reads of a node that has ended does not
// change any more, and its record is there. A worker writes the word of its own
// node where nobody else looks at it before the scheduler has heard of its end.
type nodeWord uint32

const (
	wordState    nodeWord = 0xf // a State
	wordShown    nodeWord = 0xf << 4
	wordEnded    nodeWord = 1 << 8  // will not change any more in this run
	wordStale    nodeWord = 1 << 9  // see Upstream.Stale
	wordSelected nodeWord = 1 << 10 // part of the selection
	wordFresh    nodeWord = 1 << 11 // up to date by the snapshot
)

// state is how the node stands in this run.
func (w nodeWord) state() State { return State(w & wordState) }

// shown is the state that nodes which depend on it see: see Upstream.
func (w nodeWord) shown() State { return State(w >> 4 & 0xf) }

func (w nodeWord) has(flag nodeWord) bool { return w&flag != 0 }

// ended returns the word of the node when it has ended so.
func (w nodeWord) end(state, shown State, stale bool) nodeWord {
	w = w&wordSelected | wordEnded | nodeWord(state) | nodeWord(shown)<<4
	if stale {
		w |= wordStale
	}
	return w
}

// A nodeTable holds the words of all nodes.
type nodeTable []atomic.Uint32

func (t nodeTable) get(node int) nodeWord    { return nodeWord(t[node].Load()) }
func (t nodeTable) set(node int, w nodeWord) { t[node].Store(uint32(w)) }
