package pipeline

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
)

func TestGoexitIsTheNodesError(t *testing.T) {
	for name, code := range map[string]func(){
		"alone":             runtime.Goexit,
		"and then a panic":  func() { defer panic("on the way out"); runtime.Goexit() },
		"and one recovered": func() { defer func() { recover() }(); defer panic("on the way out"); runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "a")
			w.when("load", func(context.Context, *Task) error { code(); return nil })
			out := w.runs("load/a", "report")
			if got := w.errorOf(out, "load/a"); got != errNoReturn.Error() {
				t.Errorf("error %q", got)
			}
			w.kind("load").Failed = func(*Task, error) error { code(); return nil }
			out = w.runs("load/a", "report")
			if got := w.errorOf(out, "load/a"); strings.Count(got, errNoReturn.Error()) != 2 {
				t.Errorf("error %q, want it for the stage and for its result", got)
			}
		})
	}
}

// A kind that ends its goroutine is judged like one that returns an error.
func TestGoexitThatIsNoFailure(t *testing.T) {
	w := newWorld(t, "a")
	ctx, cancel := context.WithCancel(t.Context())
	w.when("conclude", func(ctx context.Context, _ *Task) error {
		cancel()
		<-ctx.Done()
		runtime.Goexit()
		return nil
	})
	out, err := Run(ctx, w.plan, w.opts)
	if err != nil {
		t.Fatal(err)
	}
	w.wantStates(out, map[string]string{"load/a": "done", "conclude/a": "not_run"})

	w = newWorld(t, "a")
	edited := false
	w.when("load", func(_ context.Context, task *Task) error {
		if !edited {
			edited = true
			w.write("data/a", "edited meanwhile")
			runtime.Goexit()
		}
		return w.writeAll(task)
	})
	w.runs("load/a", "load/a", "conclude/a", "plot/a", "report")
}

// Nothing is left of a node whose goroutine was lost in its hook.
func TestGoexitInAHookLeavesNoContext(t *testing.T) {
	w := newWorld(t, "a")
	w.opts.Supersede = make(chan *Plan)
	var of context.Context
	w.when("conclude", func(ctx context.Context, _ *Task) error {
		of = ctx
		return errors.New("no curve")
	})
	w.kind("conclude").Failed = func(*Task, error) error { runtime.Goexit(); return nil }
	w.runs("load/a", "conclude/a", "report")
	if of.Err() == nil {
		t.Error("the context of the node goes on")
	}
}
