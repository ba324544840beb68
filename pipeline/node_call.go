package pipeline

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Code of a kind runs in the goroutine of its node's worker, which costs less
// than to hand it over and wait. That goroutine may be lost to it: the code does
// not end though the run does, or ends the goroutine as well. What follows for
// the node is then up to another, and the first, should it come back, does
// nothing more.

// A call is code of a kind at work for a node.
type call struct {
	in    *inspection
	began time.Time
	// lost ends the node, with errAbandoned or errNoReturn, where the goroutine
	// of the call cannot.
	lost func(error) ending
}

// abandonAfter is how long after the context's end a run waits for code of a
// kind: longer than a command is given to end before it is killed.
const abandonAfter = 4 * time.Second

// errAbandoned ends a call that goes on after the end of the run. It may still
// use its Task and its private folder, which nothing else uses from then on;
// nobody hears of how it ends.
var errAbandoned = errors.New("it did not end after the interrupt and was abandoned")

var errNoReturn = errors.New("the stage ended its goroutine without returning")

// call calls code of a kind. A panic is an error; its stack goes to the events.
// The goroutine ends where it is lost.
func (r *run) call(in *inspection, f func() error, lost func(error) ending) error {
	h, c := in.holder, &call{in, time.Now(), lost}
	h.call.Store(c)
	ends := true // the goroutine, in f
	defer func() {
		if ends && h.call.CompareAndSwap(c, nil) {
			go func() {
				h.ending = r.endLost(c, errNoReturn)
				r.remember(h)
				r.send(message{ended: h})
			}()
		}
	}()
	stack, err := guard(f)
	ends = false
	if !h.call.CompareAndSwap(c, nil) {
		runtime.Goexit()
	}
	if stack != "" {
		r.send(message{warning: &Event{Event: EventWarning, Stage: in.stage.address, Instance: in.instance, Error: err.Error(), Message: stack}})
	}
	return err
}

// guard makes a panic an error. It does not return where f ends the goroutine,
// even if that panics on its way out: recover cannot tell the two apart.
func guard(f func() error) (stack string, err error) {
	defer func() {
		if p := recover(); p != nil {
			stack, err = shortStack(string(debug.Stack())), fmt.Errorf("panic: %v", p)
		}
	}()
	return "", f()
}

// endLost ends the node of a call whose goroutine is lost.
func (r *run) endLost(c *call, err error) ending {
	end := c.lost(err)
	r.settle(c.in, &end)
	return end
}

// abandon ends the nodes of calls that go on for too long after the context's
// end, and returns when to look again.
func (r *run) abandon() time.Duration {
	next := abandonAfter
	for _, h := range slices.Clone(r.holders) {
		c := h.call.Load()
		if c == nil {
			continue
		}
		began := c.began
		if began.Before(r.cancelled) {
			began = r.cancelled
		}
		if wait := abandonAfter - time.Since(began); wait > 0 {
			next = min(next, wait)
		} else if h.call.CompareAndSwap(c, nil) {
			h.ending = r.endLost(c, errAbandoned)
			r.take(message{ended: h})
		}
	}
	return next
}

// shortStack keeps the frames from the panic on.
func shortStack(stack string) string {
	lines := strings.Split(stack, "\n")
	if i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "panic(") }); i >= 0 {
		lines = lines[min(i+2, len(lines)):]
	}
	return strings.Join(lines[:min(len(lines), 20)], "\n")
}
