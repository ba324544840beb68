package pipeline

import "time"

// Options are what a run is told beside the pipeline file. None of them is
// part of a key.
type Options struct {
	Instances     []string // only these; nil for all
	MaxWorkers    int      // overrides the file when > 0
	BatchSize     int      // overrides the file when > 0
	BatchAuto     bool     // overrides the file when set
	ResultsDir    string   // overrides the file when set; absolute
	StateDir      string   // default: .concluder beside the pipeline file; absolute
	Without       []string // kinds whose stages are left out: "plot"
	Force         bool     // every selected node anew
	Anew          bool     // as Force, and recorded answers are not reused
	RetryStatuses []string // nodes recorded with one of these are made again
	FailFast      bool     // stop admitting nodes after the first failure
	Wait          bool     // wait for the lock
	MaxWaiting    int      // most nodes that may be in Task.Idle at once; 0 for 64
	Program       string   // the program's version, for the record

	// Observe receives every event, in order, from one goroutine.
	Observe func(Event)

	// Drain, when closed, lets what runs finish and starts nothing more: the
	// first interrupt. Cancelling the context stops at once: the second.
	Drain <-chan struct{}
}

// An Event is something that happened in a run. Its JSON form is one line of
// `run --json`.
type Event struct {
	Event    string    `json:"event"` // run_started, node_started, node_finished, warning, paused, run_finished
	Time     time.Time `json:"time"`
	Run      string    `json:"run,omitempty"`
	Stage    string    `json:"stage,omitempty"` // "load.points"
	Instance string    `json:"instance,omitempty"`
	State    string    `json:"state,omitempty"`
	Status   string    `json:"status,omitempty"`
	Reason   string    `json:"reason,omitempty"` // why the node is stale
	Error    string    `json:"error,omitempty"`
	Message  string    `json:"message,omitempty"`
	Seconds  float64   `json:"seconds,omitempty"`

	Total   int      `json:"total,omitempty"` // run_started: nodes of the selection
	Outcome *Outcome `json:"-"`               // run_finished: written flat, see Outcome
}

// An Outcome is how a run ended.
type Outcome struct {
	Nodes, Executed, Cached, Failed, Skipped int
	Counts                                   map[string]int64 // counters of the stages, such as "requests"
	Duration                                 time.Duration
	Paused                                   string // why the run is paused and what resumes it; "" when it is not
	Stopped                                  error  // the StopError that ended it
	Interrupted                              bool
	Results                                  []NodeResult // of every node of every stage, in stage order, then instance order
}

// A NodeResult is how one node stands after a run.
type NodeResult struct {
	Stage    *Stage
	Instance string
	Selected bool
	State    State
	Status   string
	Error    string
	Stale    bool
	Outputs  map[string]Artifact
}
