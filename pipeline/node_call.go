package pipeline

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// abandonAfter is how long after the context's end a run waits for code of a
// kind: longer than a command is given to end before it is killed.
const abandonAfter = 4 * time.Second

// errAbandoned is what call returns for code that goes on after the end of the
// run. Its goroutine may still use its Task and its private folder, which
// nothing else uses from then on; nobody hears of how it ends.
var errAbandoned = errors.New("it did not end after the interrupt and was abandoned")

var errNoReturn = errors.New("the stage ended its goroutine without returning")

// call calls code of a kind. A panic is an error; its stack goes to the
// events. A kind that ends its goroutine has failed as well.
func (r *run) call(rs *runStage, instance string, f func() error) error {
	type ended struct {
		err   error
		stack string // of a panic
	}
	done := make(chan ended, 1)
	r.pool.call(func() {
		e := ended{err: errNoReturn}
		defer func() {
			if p := recover(); p != nil {
				e = ended{fmt.Errorf("panic: %v", p), shortStack(string(debug.Stack()))}
			}
			done <- e
		}()
		e.err = f()
	})
	var e ended
	select {
	case e = <-done:
	case <-r.ctx.Done():
		patience := time.NewTimer(abandonAfter)
		defer patience.Stop()
		select {
		case e = <-done:
		case <-patience.C:
			return errAbandoned
		}
	}
	if e.stack != "" {
		r.send(message{warning: &Event{Event: EventWarning, Stage: rs.address, Instance: instance,
			Error: e.err.Error(), Message: e.stack}})
	}
	return e.err
}

// shortStack keeps the frames from the panic on.
func shortStack(stack string) string {
	lines := strings.Split(stack, "\n")
	if i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "panic(") }); i >= 0 {
		lines = lines[min(i+2, len(lines)):]
	}
	return strings.Join(lines[:min(len(lines), 20)], "\n")
}
