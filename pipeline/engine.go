package pipeline

import (
	"context"
	"errors"
)

// Run brings every selected node of the plan up to date and says how each
// stands. The error is a fault of the run itself (lock, disk, store); what
// became of the nodes, a pause and an interrupt are in the Outcome.
func Run(ctx context.Context, plan *Plan, opts Options) (*Outcome, error) {
	return nil, errors.New("pipeline: Run is not there yet")
}

// Explain says for every selected node whether Run would execute it, and why.
// It writes nothing and takes no lock.
func Explain(ctx context.Context, plan *Plan, opts Options) ([]NodePlan, error) {
	return nil, errors.New("pipeline: Explain is not there yet")
}
