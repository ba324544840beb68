package pipeline

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// Explain says for every selected node whether Run would execute it, and why,
// in stage order, then instance order. It makes the same comparison, takes no
// lock, and works while a run is at work. It writes nothing but digests it had
// to compute, and those only where there is a state directory already.
func Explain(ctx context.Context, plan *Plan, opts Options) ([]NodePlan, error) {
	e, err := openReader(plan, &opts)
	if err != nil {
		return nil, err
	}
	defer e.files.Close()           // a cache: what cannot be saved is computed again
	if len(e.state.Damage()) == 0 { // else a run does not go by the snapshot, either
		e.recall()
		e.lookAtAll()
	}
	var plans []NodePlan
	for s := range e.l.stages {
		rs := &e.l.stages[s]
		found := make([]NodePlan, rs.count)
		inParallel(rs.count, func(k int) {
			if ctx.Err() != nil {
				return
			}
			if !rs.PerInstance {
				k = -1
			}
			if p, ok := e.explain(s, k); ok {
				found[max(k, 0)] = p
			}
		})
		for _, p := range found {
			if p.Stage != nil {
				plans = append(plans, p)
			}
		}
	}
	return plans, ctx.Err()
}

// openReader opens what is remembered for looking, without a lock.
func openReader(plan *Plan, opts *Options) (*inspector, error) {
	e, err := newInspector(plan, opts)
	if err != nil {
		return nil, err
	}
	if e.state, err = store.ReadState(e.home); err != nil {
		return nil, err
	}
	if e.files, err = store.OpenFiles(opts.StateDir); err != nil {
		return nil, err
	}
	e.whyNot = func(int) string { return "not selected" }
	return e, nil
}

// inParallel calls f for 0 to n-1, in chunks on all CPUs.
func inParallel(n int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+chunkSize-1)/chunkSize) {
		wg.Go(func() {
			for {
				first := int(next.Add(chunkSize)) - chunkSize
				if first >= n {
					return
				}
				for i := first; i < min(first+chunkSize, n); i++ {
					f(i)
				}
			}
		})
	}
	wg.Wait()
}

// explain judges one node, after all that it depends on. ok says that it
// belongs to the selection. In the words of nodes Ready stands for those whose
// end may be another than the one on record.
func (e *inspector) explain(s, i int) (p NodePlan, ok bool) {
	rs := &e.l.stages[s]
	if e.untouched(s, i) {
		return e.explainRest(s, i)
	}
	in := e.inspect(s, i, true)
	w := e.words.get(in.node)
	failed, waits, stale := e.obstacle(s, i)
	first := ""
	for _, need := range rs.needs {
		if first == "" && e.mayChange(rs, need, i) {
			first = e.l.stages[need].address
		}
	}
	if !w.has(wordSelected) {
		end := e.unselected(in)
		if failed != nil || waits != "" {
			end = recorded(in.node, *in.last, in.known, failed == nil || stale || State(in.last.State) != Skipped)
		}
		if first != "" {
			end.state = Ready // whether it is stale shows only when that has run
		}
		e.words.set(in.node, w.end(end.state, end.shown, end.stale))
		return p, false
	}

	p = NodePlan{Stage: rs.Stage, Instance: in.instance, Reasons: slices.Clone(in.causes)} // not to hold on to in
	if in.known {
		p.Last = lastRunOf(in.last)
	}
	own := slices.ContainsFunc(in.causes, func(c Reason) bool { return first == "" || !c.upstream() })
	switch {
	case in.err != nil:
		p.Action = Undecided
	case first == "" && waits != "" && !rs.Kind.Partial:
		p.Action, p.Reasons = Undecided, []Reason{{What: waits}}
	case own:
		p.Action = Execute
	case first != "":
		p.Action, p.Reasons = Depends, []Reason{{What: first + " comes first"}}
	}
	state := Cached
	if p.Action != Keep {
		state = Ready
	}
	shown := NotRun
	if in.known {
		shown = State(in.last.State)
	}
	e.words.set(in.node, w.end(state, shown, false))
	return p, true
}

// explainRest judges a node that the snapshot says is up to date.
func (e *inspector) explainRest(s, i int) (p NodePlan, ok bool) {
	rs := &e.l.stages[s]
	node := e.l.node(s, i)
	end := e.restEnding(node)
	w := e.words.get(node)
	e.words.set(node, end.word(w))
	if !w.has(wordSelected) {
		return p, false
	}
	p = NodePlan{Stage: rs.Stage, Instance: e.l.instance(i)}
	if rec, known := e.state.Get(rs.address, p.Instance, store.Head); known {
		p.Last = lastRunOf(&rec)
	}
	return p, true
}

func lastRunOf(rec *store.Record) *LastRun {
	return &LastRun{State: State(rec.State), Status: rec.Status, Error: rec.Error, Reason: rec.Reason, Run: rec.Run, Elapsed: rec.Elapsed}
}

// mayChange reports whether a node depends on one of a stage that may end
// otherwise than it did.
func (e *inspector) mayChange(rs *runStage, need, instance int) bool {
	if rs.PerInstance || !e.l.stages[need].PerInstance {
		return e.words.get(e.l.node(need, instance)).state() == Ready
	}
	for i := range e.l.instances {
		if e.words.get(e.l.node(need, i)).state() == Ready {
			return true
		}
	}
	return false
}

// A NodePlan says what a run would do with one node.
type NodePlan struct {
	Stage    *Stage
	Instance string // "" for an aggregate node
	Action   Action
	Reasons  []Reason // why it is stale; nil when it is up to date
	Last     *LastRun // nil when the node has never ended
}

// Action is what a run would do with a node.
type Action int

const (
	Keep      Action = iota // up to date
	Execute                 // stale by its own key, outputs or record
	Depends                 // up to date unless something it depends on comes out otherwise
	Undecided               // its key cannot be computed: Reasons says why
)

var actionNames = [...]string{"keep", "run", "depends", "undecided"}

func (a Action) String() string { return actionNames[a] }

// A Reason is one component of a node's key that differs from the record, or
// another cause for which it is stale.
type Reason struct {
	What string // "setting x", "input measurements", "output dataset", "never ran"
	Old  string // "" where there was none
	New  string
}

// upstream reports whether the reason lies in a node that this one depends on.
func (r Reason) upstream() bool { return strings.HasPrefix(r.What, "from ") }

func (r Reason) String() string {
	switch {
	case r.Old == "" && r.New == "":
		return r.What
	case r.Old == "":
		return r.What + ": " + r.New
	case r.New == "":
		return r.What + ": was " + r.Old
	}
	return r.What + ": " + r.Old + " -> " + r.New
}

// A LastRun is what is remembered of a node's last execution.
type LastRun struct {
	State   State
	Status  string
	Error   string
	Reason  string // why it was executed then
	Run     string // the run's ID
	Elapsed time.Duration
}
