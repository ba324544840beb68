package pipeline

import "time"

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

func (r Reason) String() string {
	switch {
	case r.Old == "" && r.New == "":
		return r.What
	case r.Old == "":
		return r.What + ": now " + r.New
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
