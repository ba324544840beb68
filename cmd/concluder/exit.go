package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/pipeline/store"
	"github.com/concluder/concluder/stages"
	"github.com/concluder/concluder/stages/llm"
)

// Exit codes, in the contract with scripts.
const (
	exitOK          = 0   // everything selected succeeded
	exitWrong       = 1   // the command line or the pipeline file is wrong, or the provider refuses the key, the model or a parameter
	exitFault       = 2   // a fault of the run itself: disk, lock, store
	exitIncomplete  = 3   // finished, and some instances did not succeed
	exitPaused      = 4   // resumable: daily quota, budget, server out of reach
	exitInterrupted = 130 // resumable
)

// A usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitCode is the code of an error that kept a command from its work.
func exitCode(err error) int {
	var (
		file     *stages.FileError
		instance *pipeline.InstanceError
		address  *pipeline.AddressError
		usage    usageError
	)
	switch {
	case errors.As(err, &file), errors.As(err, &instance), errors.As(err, &address), errors.As(err, &usage):
		return exitWrong
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFault
}

// outcomeCode is the code of a run that began: 130 over 2 over 4 over 3.
func outcomeCode(out *pipeline.Outcome, err error) int {
	var journal *llm.JournalError
	switch {
	case out.Interrupted:
		return exitInterrupted
	case err != nil, errors.As(out.Stopped, &journal):
		return exitFault
	case out.Stopped != nil:
		return exitWrong
	case summaryFailed(out):
		return exitFault
	case out.Paused != "":
		return exitPaused
	}
	for status, n := range out.Statuses {
		if status != string(stages.StatusSuccess) && n > 0 {
			return exitIncomplete
		}
	}
	// What is no instance's status counts as well, but for plots: an exec stage,
	// or another conclude stage than the one that gives the results.
	for n := range out.Results {
		if n.Selected && n.Stage.Kind.Name != "plot" && (n.State == pipeline.Failed || n.State == pipeline.Skipped) {
			return exitIncomplete
		}
	}
	return exitOK
}

// summaryFailed reports whether what the run found could not be written down.
func summaryFailed(out *pipeline.Outcome) bool {
	for n := range out.Results {
		if n.Stage.Kind.Name == "summarize" && n.State == pipeline.Failed {
			return true
		}
	}
	return false
}

// heldHint adds to the error of a lock that another process holds what to do
// about it, which the command knows and the lock does not.
func heldHint(err error, mend string) error {
	var held *store.HeldError
	if !errors.As(err, &held) {
		return err
	}
	return fmt.Errorf("%w: %s", err, mend)
}

// report prints an error for people.
func report(w io.Writer, err error) {
	var file *stages.FileError
	if errors.As(err, &file) {
		file.Write(w)
		return
	}
	fmt.Fprintf(w, "concluder: %v\n", gist(err))
	if errors.Is(err, syscall.ENOSPC) {
		fmt.Fprintln(w, "the disk is full: free some space and run again; what was done is kept")
	}
}

// gist leaves out of joined errors those whose cause is that of one before: on
// a full disk each file that a run still tries to write is one.
func gist(err error) error {
	if _, ok := err.(interface{ Unwrap() []error }); !ok {
		return err
	}
	var kept []error
	said := map[syscall.Errno]bool{}
	var visit func(err error)
	visit = func(err error) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				visit(e)
			}
			return
		}
		var cause syscall.Errno
		if errors.As(err, &cause) && said[cause] {
			return
		}
		said[cause] = said[cause] || cause != 0
		kept = append(kept, err)
	}
	visit(err)
	return errors.Join(kept...)
}
