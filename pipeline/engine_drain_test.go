package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// waitFor makes conclude wait in these instances until the run drains, as it
// would for a server; begun is closed when all of them do.
func (w *world) waitFor(hook *bool, instances ...string) (begun chan struct{}) {
	begun = make(chan struct{})
	left := make(chan struct{}, len(instances))
	for range len(instances) - 1 {
		left <- struct{}{}
	}
	w.kind("conclude").Failed = func(task *Task, _ error) error {
		*hook = true
		return w.writeAll(task)
	}
	w.when("conclude", func(ctx context.Context, task *Task) error {
		if !slices.Contains(instances, task.Instance) {
			return w.writeAll(task)
		}
		return task.Idle(ctx, func(ctx context.Context) error {
			select {
			case <-left:
			default:
				close(begun)
			}
			select {
			case <-task.Draining():
				return &DrainedError{errors.New("still waiting for the server")}
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	return begun
}

func TestDrainReachesNodesThatWait(t *testing.T) {
	w := newWorld(t, "a", "b")
	drain := make(chan struct{})
	w.opts.Drain = drain
	hook := false
	begun := w.waitFor(&hook, "a", "b")
	go func() {
		<-begun
		close(drain)
	}()
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if !out.Interrupted || out.Failed != 0 || hook || out.Paused != "" {
		t.Errorf("interrupted %t, failed %d, Failed hook called %t, paused %q", out.Interrupted, out.Failed, hook, out.Paused)
	}
	w.wantStates(out, map[string]string{"load/a": "done", "conclude/a": "not_run", "conclude/b": "not_run", "plot/b": "not_run", "report": "done"})
	if got := w.errorOf(out, "conclude/a"); got != interrupted {
		t.Errorf("conclude/a: %q, want %q", got, interrupted)
	}
	w.when("conclude", nil)
	w.opts.Drain = nil
	w.runs("conclude/a", "conclude/b", "plot/a", "plot/b", "report")
	w.runs()
}

// A refused key, or the first failure with FailFast, ends waiting as well; that
// is no interrupt.
func TestStopReachesNodesThatWait(t *testing.T) {
	for name, failure := range map[string]error{
		"stop":      &StopError{errors.New("key refused")},
		"fail fast": errors.New("no curve"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "a", "b")
			w.opts.FailFast = name == "fail fast"
			hook := false
			begun := w.waitFor(&hook, "a")
			wait := w.run["conclude"]
			w.when("conclude", func(ctx context.Context, task *Task) error {
				if task.Instance == "a" {
					return wait(ctx, task)
				}
				<-begun
				return failure
			})
			_, out, err := w.try()
			if err != nil {
				t.Fatal(err)
			}
			if out.Interrupted || hook && name == "stop" {
				t.Errorf("interrupted %t, Failed hook called %t", out.Interrupted, hook)
			}
			w.wantStates(out, map[string]string{"conclude/a": "not_run", "plot/a": "not_run"})
		})
	}
}

// A node cannot be left out of a run that goes on.
func TestDrainedWithoutDraining(t *testing.T) {
	w := newWorld(t, "a")
	w.failFor("conclude", &DrainedError{}, "a")
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	w.wantStates(out, map[string]string{"conclude/a": "failed"})
	if got := w.errorOf(out, "conclude/a"); !strings.Contains(got, "given up") {
		t.Errorf("conclude/a: %q", got)
	}
}

func TestDrainingOfATaskWithoutARun(t *testing.T) {
	select {
	case <-NewTask(TaskSetup{}).Draining():
		t.Error("a task of no run drains")
	default:
	}
}
