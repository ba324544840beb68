package pipeline

import (
	"iter"
	"runtime"
)

// Options are what a run is told beside the pipeline file. None of them is
// part of a key.
type Options struct {
	Instances     []string // only these, what they need, and Partial aggregate nodes; all where none is named
	MaxWorkers    int      // overrides the file when > 0
	CPUs          int      // max_workers where neither says it; 0 for runtime.GOMAXPROCS
	BatchSize     int      // overrides the file when > 0
	BatchAuto     bool     // overrides the file when set
	StateDir      string   // default: .concluder beside the pipeline file; absolute
	Without       []string // kinds whose stages are left out: "plot"; what needs them runs if they are up to date
	Force         bool     // every selected node anew
	Anew          bool     // as Force, and recorded answers are not reused
	RetryStatuses []string // nodes whose record has one of these statuses are made again
	FailFast      bool     // stop admitting nodes after the first failure
	Wait          bool     // wait for the lock, until Drain is closed or the context ends
	MaxWaiting    int      // most nodes that may be in Task.Idle at once; 0 for 64
	Program       string   // the program's version, for the record

	// Asking says how many requests may be at the providers at once as they are
	// now, 0 where none asks anybody; for batch_size = "auto". It may be called
	// from several goroutines. Nil stands for MaxWaiting.
	Asking func() int

	// Observe receives every event, in order, from one goroutine. The run waits
	// for it.
	Observe func(Event)

	// Statuses counts the results by the words that people see; it fills in
	// Outcome.Statuses. Nil counts each selected node's own status.
	Statuses func(iter.Seq[NodeResult]) map[string]int

	// First are instances that the run looks at before the others, such as those
	// whose files are known to have changed: their nodes need not wait until all
	// others were looked at, which they are in any case. Names that are not
	// declared are passed over.
	First []string

	// Drain, when closed, lets what runs finish and starts nothing more: the
	// first interrupt. Nodes that only wait see it by Task.Draining. Partial aggregate nodes still run, so that the report
	// says how far the run came. Cancelling the context stops at once: the
	// second.
	Drain <-chan struct{}

	// Supersede gives plans that replace the one that runs, while it runs:
	// nodes at work are cancelled whose key is not what it would be under the
	// newest plan with the files as they are now, the others finish, nothing
	// more starts, Partial aggregate nodes included, and Outcome.Superseded
	// says so.
	Supersede <-chan *Plan
}

func (o *Options) cpus() int {
	if o.CPUs > 0 {
		return o.CPUs
	}
	return runtime.GOMAXPROCS(0)
}
