package pipeline

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A kind that computes without looking at its context does not hold the run
// after the second interrupt, whatever it says or does later.
func TestCancelAbandonsWhatDoesNotListen(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers = 1
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		release, late := make(chan struct{}), make(chan error, 1)
		w.when("conclude", func(_ context.Context, task *Task) error {
			cancel()
			<-release // as if computing
			// It may still do all that a task can.
			err := task.Idle(context.Background(), func(context.Context) error { return nil })
			late <- errors.Join(err, os.MkdirAll(task.Dir(), 0o777))
			defer runtime.Goexit()
			panic("nobody hears this")
		})
		start := time.Now()
		out, err := Run(ctx, w.plan, w.opts)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != abandonAfter {
			t.Errorf("the run ended %v after the interrupt, want %v", took, abandonAfter)
		}
		if !out.Interrupted || out.Failed != 0 || out.Executed != 1 {
			t.Errorf("interrupted %t, failed %d, executed %d; want true, 0, 1", out.Interrupted, out.Failed, out.Executed)
		}
		w.wantStates(out, map[string]string{"load/a": "done", "conclude/a": "not_run", "report": "not_run"})
		close(release)
		if err := <-late; err != nil {
			t.Errorf("what was abandoned: %v", err)
		}
		synctest.Wait()
	})
	w.when("conclude", nil)
	w.runs("conclude/a", "plot/a", "load/b", "conclude/b", "plot/b", "report")
	w.runs()
}

// A kind that listens gets the time to end what it started.
func TestCancelWaitsForWhatCleansUp(t *testing.T) {
	w := newWorld(t, "a")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		clean := false
		w.when("conclude", func(ctx context.Context, _ *Task) error {
			cancel()
			<-ctx.Done()
			time.Sleep(abandonAfter - time.Second)
			clean = true
			return ctx.Err()
		})
		if out, err := Run(ctx, w.plan, w.opts); err != nil || !out.Interrupted || !clean {
			t.Errorf("outcome %+v, error %v, cleaned up %t", out, err, clean)
		}
	})
}

// A Failed hook that does not end is abandoned as well, and the failure is not
// recorded without its outputs.
func TestCancelAbandonsAHook(t *testing.T) {
	w := newWorld(t, "a")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		w.failFor("conclude", errors.New("no curve"), "a")
		w.kind("conclude").Failed = func(*Task, error) error {
			cancel()
			<-release
			return nil
		}
		out, err := Run(ctx, w.plan, w.opts)
		if err != nil {
			t.Fatal(err)
		}
		w.wantStates(out, map[string]string{"conclude/a": "not_run", "report": "not_run"})
		close(release)
		synctest.Wait()
	})
}

// Nor does one that waits for a place on the network with a context of its own.
func TestCancelAbandonsWhatWaitsForAPlace(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers, w.opts.MaxWaiting = 2, 1
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		var both sync.WaitGroup
		both.Add(2)
		w.when("conclude", func(_ context.Context, task *Task) error {
			both.Done()
			both.Wait() // else the second would not start for want of a place
			return task.Idle(context.Background(), func(context.Context) error {
				<-release
				return nil
			})
		})
		go func() {
			synctest.Wait() // one holds the place, the other waits for it
			cancel()
		}()
		out, err := Run(ctx, w.plan, w.opts)
		if err != nil {
			t.Fatal(err)
		}
		w.wantStates(out, map[string]string{"conclude/a": "not_run", "conclude/b": "not_run"})
		close(release)
		synctest.Wait()
	})
}
