package pipeline

import (
	"context"
	"errors"
	"time"
)

// Run brings every selected node of the plan up to date and says how each
// stands. The error is a fault of the run itself, such as a lock that another
// process holds (a *store.HeldError), a results directory of another pipeline
// (a *store.OwnedError), an instance that is not declared (an *InstanceError),
// or a full disk; an outcome beside it says how far the run came. What became
// of the nodes, a pause and an interrupt are in the Outcome alone; only an
// interrupt while Options.Wait waits for a lock, by Drain or by the context, is
// an error, which wraps context.Canceled or the context's own.
//
// Nothing is written outside the results directory, the state directory and
// the declared outputs. Two runs of one pipeline, or in one results directory,
// exclude each other.
func Run(ctx context.Context, plan *Plan, opts Options) (*Outcome, error) {
	r, err := openRun(ctx, plan, opts)
	if err != nil {
		return nil, withFilesLimit(err)
	}
	if r.state == nil {
		r.rest()
		r.emit(Event{Event: EventScanned, Seconds: time.Since(r.began).Seconds()})
	} else {
		r.loop()
	}
	return r.outcome, withFilesLimit(errors.Join(r.fault, r.close()))
}
