package pipeline

import (
	"encoding/json"
	"iter"
	"time"

	"github.com/concluder/concluder/pipeline/resource"
)

// The names of the events of a run, in the order in which they can occur.
const (
	EventRunStarted   = "run_started"
	EventNodesCached  = "nodes_cached" // Total nodes of Stage are up to date; one event for many nodes
	EventScanned      = "scanned"      // every instance was looked at, in Seconds; nodes may have started meanwhile
	EventNodeStarted  = "node_started"
	EventNodeFinished = "node_finished"
	EventWarning      = "warning"
	EventPaused       = "paused"   // the first pause; the run goes on with what it can
	EventProgress     = "progress" // now and then while nodes are at work
	EventBatch        = "batch"    // Total instances are admitted at a time from now on, for Reason: batch_size = "auto"
	EventOrphans      = "orphans"  // Total files are left that the plan does not declare any more: see Outcome.Orphans
	EventRunFinished  = "run_finished"
)

// An Event is something that happened in a run. Its JSON form is one line of
// `run --json`.
type Event struct {
	Event    string    `json:"event"`
	Time     time.Time `json:"time"`
	Run      string    `json:"run,omitempty"`
	Pipeline string    `json:"pipeline,omitempty"` // run_started: its folder in the state directory, which tells pipelines and results directories apart
	Stage    string    `json:"stage,omitempty"`    // "load.points"
	Instance string    `json:"instance,omitempty"`
	State    string    `json:"state,omitempty"`
	Status   string    `json:"status,omitempty"`
	Reason   string    `json:"reason,omitempty"` // node_started: why the node is stale
	Error    string    `json:"error,omitempty"`
	Message  string    `json:"message,omitempty"`
	Seconds  float64   `json:"seconds,omitempty"`
	Total    int       `json:"total,omitempty"` // run_started: nodes of the selection; nodes_cached: how many

	Resources *resource.Reading `json:"resources,omitempty"` // progress only

	Progress Progress `json:"-"` // how the run stands after this event; part of the line of progress
	Spans    []Span   `json:"-"` // where and when the node was at work that this event ends, or begins anew; nil where it goes on after the run
	Outcome  *Outcome `json:"-"` // run_finished only; its line is made of this alone
}

// Progress counts the selection of a run. An instance is done when every
// selected node of it has ended, however it ended.
type Progress struct {
	Instances     int `json:"instances"`
	InstancesDone int `json:"instances_done"`
	Nodes         int `json:"nodes"`
	Executed      int `json:"executed"`
	Cached        int `json:"cached"`
	Failed        int `json:"failed"`
	Skipped       int `json:"skipped"`
	Running       int `json:"running"`    // at work, on the network included
	OnNetwork     int `json:"on_network"` // of these, in Task.Idle
}

// MarshalJSON writes the event as one object. run_finished has exactly the
// members that the contract of `run --json` names.
func (e Event) MarshalJSON() ([]byte, error) { return e.append(nil) }

// append is MarshalJSON for whoever needs no one to check what it returns.
func (e *Event) append(b []byte) ([]byte, error) {
	type plain Event // without the methods
	var of any       // copies, so that e itself need not be on the heap
	switch {
	case e.Event == EventRunFinished && e.Outcome != nil:
		of = e.Outcome.line()
	case e.Event == EventProgress:
		of = struct {
			plain
			Progress Progress `json:"progress"`
		}{plain(*e), e.Progress}
	case e.Resources != nil:
		of = plain(*e)
	default:
		return e.appendPlain(b)
	}
	line, err := json.Marshal(of)
	return append(b, line...), err
}

// An Outcome is how a run ended. Nodes = Executed + Cached + Failed + Skipped,
// for the selection.
type Outcome struct {
	Run         string // the run's ID
	Nodes       int
	Executed    int              // outputs made and published
	Cached      int              // up to date, nothing executed
	Failed      int              // the kind failed
	Skipped     int              // did not run: something it depends on failed, or the run paused or ended first
	Counts      map[string]int64 // counters of the stages, such as "requests"
	Statuses    map[string]int   // see Options.Statuses
	Duration    time.Duration
	Paused      string // why the run is paused; "" when it is not
	Pause       error  // the same: the first *PauseError or *ProvisionalError
	Stopped     error  // the StopError that ended the run
	Orphans     int    // files of nodes that the plan does not declare any more; looked for only where it is not the last run's
	Superseded  bool   // ended early for a newer plan: see Options.Supersede
	Interrupted bool   // drained or cancelled before every node had its turn

	// Restless are the paths of inputs that changed in every attempt of a node,
	// which failed of that, and when the last such node did.
	Restless map[string]time.Time

	// Results gives every node of every stage, in stage order, then instance
	// order. It is made anew each time, from one goroutine at a time.
	Results iter.Seq[NodeResult]
}

// finishedLine is the last line of `run --json`.
type finishedLine struct {
	Event    string         `json:"event"`
	Nodes    int            `json:"nodes"`
	Executed int            `json:"executed"`
	Cached   int            `json:"cached"`
	Failed   int            `json:"failed"`
	Skipped  int            `json:"skipped"`
	Requests int64          `json:"requests"`
	Seconds  float64        `json:"duration_seconds"`
	Statuses map[string]int `json:"statuses"`
}

func (o *Outcome) line() finishedLine {
	statuses := o.Statuses
	if statuses == nil {
		statuses = map[string]int{}
	}
	return finishedLine{
		Event: EventRunFinished, Nodes: o.Nodes, Executed: o.Executed, Cached: o.Cached,
		Failed: o.Failed, Skipped: o.Skipped, Requests: o.Counts["requests"],
		Seconds: o.Duration.Seconds(), Statuses: statuses,
	}
}

// A NodeResult is how one node stands after a run.
type NodeResult struct {
	Stage    *Stage
	Instance string // "" for an aggregate node
	Selected bool
	State    State
	Status   string // the stage's own word; the last record's where the node did not run
	Error    string // why it failed or did not run
	Stale    bool   // its outputs, if any, are an earlier run's or provisional: another run would make them again

	shown State      // as those that depend on it see it
	from  *inspector // knows the record; nil when there is none
}
