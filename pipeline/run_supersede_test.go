package pipeline

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// superseded runs a world whose conclude nodes wait, calls change when all of
// them do, supersedes the run by the plan that change returns, and lets them go
// on once the wanted ones have been cancelled.
func (w *world) superseded(change func() *Plan, cancelled ...string) *Outcome {
	w.t.Helper()
	supersede := make(chan *Plan)
	w.opts.Supersede = supersede
	w.opts.MaxWorkers = len(w.plan.Instances)
	waiting := make(chan struct{}, len(w.plan.Instances))
	ended := make(chan string, len(w.plan.Instances))
	finish := make(chan struct{})
	w.when("conclude", func(ctx context.Context, task *Task) error {
		waiting <- struct{}{}
		select {
		case <-ctx.Done():
			ended <- task.Instance
			return ctx.Err()
		case <-finish:
			return w.writeAll(task)
		}
	})
	seen := make(chan struct{})
	go func() {
		defer close(seen)
		for range w.plan.Instances {
			<-waiting
		}
		supersede <- change()
		for range cancelled {
			if name := <-ended; !slices.Contains(cancelled, name) {
				w.t.Errorf("conclude/%s was cancelled", name)
			}
		}
		close(finish)
	}()
	out, err := Run(w.t.Context(), w.plan, w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	if !out.Superseded || out.Interrupted || out.Failed > 0 || out.Nodes != out.Executed+out.Cached+out.Failed+out.Skipped {
		w.t.Errorf("outcome %+v", out)
	}
	<-seen
	close(ended)
	for name := range ended {
		w.t.Errorf("conclude/%s was cancelled as well", name)
	}
	w.opts.Supersede = nil
	w.when("conclude", nil)
	return out
}

func TestSupersedeCancelsWhatChanged(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	out := w.superseded(func() *Plan {
		w.write("data/a", "new")
		w.write("data/b", "data of b") // as it was
		return w.plan
	}, "a")
	// Nothing more starts, the report included: it would be of no moment.
	w.wantStates(out, map[string]string{"load/a": "done", "conclude/a": "not_run", "conclude/b": "done", "conclude/c": "done", "plot/b": "not_run", "report": "not_run"})
	for r := range out.Results {
		if r.Stage.Kind.Name == "conclude" && r.Instance == "a" && r.Error != errSuperseded.Error() {
			t.Errorf("conclude/a: error %q", r.Error)
		}
	}
	// What finished counts; the rest follows.
	w.runs("load/a", "conclude/a", "plot/a", "plot/b", "plot/c", "report")
	w.runs()
}

// A newer plan: an instance that is not declared any more, another setting.
func TestSupersedeByAnotherPlan(t *testing.T) {
	newer := func(w *world, change func(*world)) *Plan {
		n := worldAt(t, w.dir, w.plan.Instances...)
		change(n)
		return n.plan
	}
	for name, tt := range map[string]struct {
		change    func(*world)
		cancelled []string
	}{
		"an equal one":         {func(n *world) {}, nil},
		"more instances":       {func(n *world) { n.plan.Instances = append(n.plan.Instances, "new") }, nil},
		"other workers":        {func(n *world) { n.plan.MaxWorkers, n.settings["load.points"]["hidden_workers"] = 1, cty.Zero }, nil},
		"fewer instances":      {func(n *world) { n.plan.Instances = []string{"a"} }, []string{"b"}},
		"an upstream setting":  {func(n *world) { n.settings["load.points"]["x"] = cty.StringVal("other") }, []string{"a", "b"}},
		"another version":      {func(n *world) { n.kinds["conclude"].Version = "2" }, []string{"a", "b"}},
		"another model":        {func(n *world) { n.provider.Settings["model"] = cty.StringVal("m2") }, []string{"a", "b"}},
		"another stage's name": {func(n *world) { n.plan.Stages[1].Name = "limit" }, []string{"a", "b"}},
		"a setting downstream": {func(n *world) { n.settings["plot.picture"] = map[string]cty.Value{"size": cty.Zero} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "a", "b")
			w.superseded(func() *Plan { return newer(w, tt.change) }, tt.cancelled...)
		})
	}
}

// An aggregate node is cancelled for any of its instances.
func TestSupersedeAnAggregate(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want State
	}{"changed": {"new", NotRun}, "the same": {"data of b", Done}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "a", "b")
			supersede := make(chan *Plan)
			w.opts.Supersede = supersede
			w.when("report", func(ctx context.Context, task *Task) error {
				w.write("data/b", tt.text)
				supersede <- w.plan
				if tt.want == NotRun {
					<-ctx.Done()
				}
				if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errSuperseded) {
					t.Errorf("cause %v", context.Cause(ctx))
				}
				return errors.Join(w.writeAll(task), ctx.Err())
			})
			out, err := Run(t.Context(), w.plan, w.opts)
			if err != nil {
				t.Fatal(err)
			}
			w.wantStates(out, map[string]string{"report": tt.want.String(), "plot/b": "done"})
		})
	}
}

// A run that is superseded after everything was found up to date, or before
// anything began.
func TestSupersedeAtOtherTimes(t *testing.T) {
	w := newWorld(t, "a")
	supersede := make(chan *Plan, 1)
	supersede <- w.plan
	w.opts.Supersede = supersede
	out, err := Run(t.Context(), w.plan, w.opts)
	if err != nil {
		t.Fatal(err)
	}
	if out.Failed > 0 || out.Interrupted {
		t.Errorf("outcome %+v", out)
	}
	w.opts.Supersede = nil
	if _, out, err = w.try(); err != nil || out.Skipped > 0 {
		t.Errorf("the next run: %+v, %v", out, err)
	}
	w.runs()
}

// The end of the context is an interrupt, whether the scheduler sees it before
// or after the nodes that ended because of it.
func TestCancelIsAlwaysAnInterrupt(t *testing.T) {
	for range 20 {
		w := newWorld(t, "a")
		w.plan.Stages = w.plan.Stages[:1]
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		w.when("load", func(ctx context.Context, _ *Task) error {
			cancel()
			defer close(ended)
			return ctx.Err()
		})
		w.opts.Observe = func(e Event) {
			if e.Event == EventNodeStarted { // the scheduler waits for us
				<-ended
				for range 100 {
					runtime.Gosched()
				}
			}
		}
		out, err := Run(ctx, w.plan, w.opts)
		if err != nil || !out.Interrupted {
			t.Fatalf("outcome %+v, %v", out, err)
		}
	}
}
