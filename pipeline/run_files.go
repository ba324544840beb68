package pipeline

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/concluder/concluder/pipeline/resource"
)

// A crowd is how many nodes may be at work at once because of the files that
// they open; the slots do not know of those. When a node runs into the limit
// of open files it is no node's fault: half as many go on from then on, and the
// node runs again. One that meets the limit with nobody else at work ends the
// run. The scheduler's own.
type crowd struct {
	busy  int // nodes at work, on the network included
	limit int // of busy; 0: none
	round int // how often the limit was lowered
}

// A turn is how things were when a node began.
type turn struct {
	round int
	alone bool // and stays so until it ends
}

// mayStart reports whether a node more may be at work.
func (c *crowd) mayStart() bool { return c.limit == 0 || c.busy < c.limit }

func (c *crowd) begins() turn {
	c.busy++
	return turn{round: c.round, alone: c.limit == 1}
}

func (c *crowd) ends() { c.busy-- }

// lower halves how many may be at work after a node ended that met the limit of
// open files; once for all the nodes that were at work together.
func (c *crowd) lower(t turn) bool {
	if t.round < c.round {
		return false
	}
	c.round++
	c.limit = max(1, (c.busy+1)/2)
	return true
}

// squeeze takes in that a node met the limit of open files.
func (r *run) squeeze(e *ending, t turn, stage, instance string) {
	message := "too many files were open; it runs again"
	if r.lower(t) {
		message = fmt.Sprintf("%v; from now on at most %s at work at once: with a higher limit, `ulimit -n`, it could be more",
			e.crowded, counted(r.limit, "node"))
	}
	r.emit(Event{Event: EventWarning, Stage: stage, Instance: instance, Spans: e.spans, Message: message})
}

// tooManyFiles reports whether the process, or the machine, has as many files
// open as it may.
func tooManyFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// withFilesLimit adds what to do to an error that came of too many open files.
func withFilesLimit(err error) error {
	switch {
	case err == nil || !tooManyFiles(err):
		return err
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w: this process may have %d files open: raise the limit with `ulimit -n`", err, resource.FilesLimit())
	}
	return fmt.Errorf("%w: all programs of this machine together have as many open as it allows", err)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
