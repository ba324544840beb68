package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// failFor makes a kind fail for some instances.
func (w *world) failFor(kind string, err error, instances ...string) {
	w.when(kind, func(_ context.Context, t *Task) error {
		if slices.Contains(instances, t.Instance) {
			return err
		}
		return w.writeAll(t)
	})
}

// states lists how the nodes of an outcome stand, one word each.
func states(out *Outcome) map[string]string {
	m := map[string]string{}
	for r := range out.Results {
		s := r.State.String()
		if r.Stale {
			s += " stale"
		}
		if !r.Selected {
			s += " unselected"
		}
		m[strings.TrimSuffix(r.Stage.Kind.Name+"/"+r.Instance, "/")] = s
	}
	return m
}

func (w *world) wantStates(out *Outcome, want map[string]string) {
	w.t.Helper()
	got := states(out)
	for _, node := range slices.Sorted(maps.Keys(want)) {
		if got[node] != want[node] {
			w.t.Errorf("%s is %q, want %q", node, got[node], want[node])
		}
	}
}

func (w *world) errorOf(out *Outcome, node string) string {
	w.t.Helper()
	for r := range out.Results {
		if strings.TrimSuffix(r.Stage.Kind.Name+"/"+r.Instance, "/") == node {
			return r.Error
		}
	}
	w.t.Fatalf("there is no node %s", node)
	return ""
}

func TestFailureStaysWithItsInstance(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.failFor("conclude", errors.New("no model"), "b")
	out := w.runs("load/a", "load/b", "load/c", "conclude/a", "conclude/b", "conclude/c", "plot/a", "plot/c", "report")
	w.wantStates(out, map[string]string{"load/b": "done", "conclude/b": "failed", "plot/b": "skipped", "plot/c": "done", "report": "done"})
	if out.Failed != 1 || out.Skipped != 1 || out.Executed != 8 {
		t.Errorf("failed %d, skipped %d, executed %d; want 1, 1, 8", out.Failed, out.Skipped, out.Executed)
	}
	if got, want := w.errorOf(out, "plot/b"), "conclude.bound failed: no model"; got != want {
		t.Errorf("plot/b: %q, want %q", got, want)
	}
	report := w.read("results/report/all.txt")
	for _, want := range []string{"conclusions bound b failed", "plots picture b skipped"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}

	w.runs("conclude/b") // tried again, and alone; the report sees nothing new
	w.when("conclude", nil)
	w.runs("conclude/b", "plot/b", "report")
	w.runs()
}

func TestFailedTwiceFurtherDown(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.failFor("load", errors.New("unreadable"), "a", "b")
	out := w.runs("load/a", "load/b", "report")
	for _, node := range []string{"conclude/a", "plot/a"} { // the root cause, once
		if got, want := w.errorOf(out, node), "load.points failed: unreadable"; got != want {
			t.Errorf("%s: %q, want %q", node, got, want)
		}
	}
}

func TestAggregateWithoutPartialIsSkipped(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.kind("report").Partial = false
	w.failFor("load", errors.New("unreadable"), "a", "b")
	out := w.runs("load/a", "load/b", "load/c", "conclude/c", "plot/c")
	w.wantStates(out, map[string]string{"report": "skipped"})
	if got, want := w.errorOf(out, "report"), "conclude.bound failed for a and 1 more: load.points failed: unreadable"; got != want {
		t.Errorf("report: %q, want %q", got, want)
	}
	w.when("load", nil)
	w.runs("load/a", "load/b", "conclude/a", "conclude/b", "plot/a", "plot/b", "report")
	w.runs()
}

func TestFailedHookWritesTheResult(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.kind("conclude").Failed = func(task *Task, err error) error {
		task.SetStatus("error")
		text := fmt.Sprintf("status error: %v", err)
		if up := new(UpstreamError); errors.As(err, &up) {
			text += " at " + up.Stage
		}
		return os.WriteFile(task.Output("out"), []byte(text), 0o644)
	}
	w.failFor("conclude", errors.New("no model"), "a")
	w.failFor("load", errors.New("unreadable"), "b")
	out := w.runs("load/a", "load/b", "conclude/a", "report")
	w.wantStates(out, map[string]string{"conclude/a": "failed", "conclude/b": "skipped", "plot/a": "skipped"})
	if got, want := w.read("results/conclude/a.txt"), "status error: no model"; got != want {
		t.Errorf("conclude/a wrote %q, want %q", got, want)
	}
	if got, want := w.read("results/conclude/b.txt"), "status error: load.points failed: unreadable at load.points"; got != want {
		t.Errorf("conclude/b wrote %q, want %q", got, want)
	}
	if n := out.Statuses["error"]; n != 2 {
		t.Errorf("%d nodes have the status error, want 2", n)
	}
	if report := w.read("results/report/all.txt"); !strings.Contains(report, "status error: no model") {
		t.Errorf("the report lacks what the hook wrote:\n%s", report)
	}
	w.runs("load/b", "conclude/a") // the nodes stay stale
	w.when("conclude", nil)
	w.when("load", nil)
	w.runs("load/b", "conclude/a", "conclude/b", "plot/a", "plot/b", "report")
	w.runs()
}

func TestLastGoodOutputSurvivesAFailure(t *testing.T) {
	w := newWorld(t, "a")
	w.runs(all("a")...)
	good := w.read("results/conclude/a.txt")
	w.write("data/a", "bad data")
	w.failFor("conclude", errors.New("no model"), "a")
	out := w.runs("load/a", "conclude/a", "report")
	w.wantStates(out, map[string]string{"conclude/a": "failed stale", "plot/a": "skipped stale"})
	if got := w.read("results/conclude/a.txt"); got != good {
		t.Errorf("the last good output was replaced by %q", got)
	}
	w.write("data/a", "data of a") // back to what it was: once more, for a record
	w.when("conclude", nil)
	w.runs("load/a", "conclude/a", "plot/a", "report")
	w.runs()
}

func TestPanicIsTheNodesError(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.when("conclude", func(_ context.Context, task *Task) error {
		if task.Instance == "a" {
			_ = task.Instance[len(task.Instance)+1] // out of range
		}
		return w.writeAll(task)
	})
	var stack string
	w.opts.Observe = func(e Event) {
		if e.Event == EventWarning {
			stack = e.Message
		}
	}
	out := w.runs("load/a", "load/b", "conclude/a", "conclude/b", "plot/b", "report")
	if got, want := w.errorOf(out, "conclude/a"), "panic: runtime error: index out of range [2] with length 1"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	if !strings.Contains(stack, "TestPanicIsTheNodesError") || strings.Count(stack, "\n") > 20 {
		t.Errorf("the warning's stack is not a short one with this test in it:\n%s", stack)
	}
}

func TestMissingOutputIsAnError(t *testing.T) {
	w := newWorld(t, "a")
	w.when("load", func(context.Context, *Task) error { return nil })
	out := w.runs("load/a", "report")
	if got, want := w.errorOf(out, "load/a"), "it ended without writing its output out (load/a.txt)"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	w.when("load", func(_ context.Context, task *Task) error { return os.Mkdir(task.Output("out"), 0o777) })
	out = w.runs("load/a", "report")
	if got := w.errorOf(out, "load/a"); got != "its output out (load/a.txt) cannot be published: is a directory" {
		t.Errorf("error %q", got)
	}
	w.when("load", nil)
	w.runs(all("a")...)
}

func TestFailFastStopsAdmitting(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d")
	w.opts.FailFast = true
	w.opts.MaxWorkers = 1
	w.failFor("conclude", errors.New("no model"), "b")
	out := w.runs("load/a", "conclude/a", "plot/a", "load/b", "conclude/b", "report")
	w.wantStates(out, map[string]string{"plot/a": "done", "conclude/b": "failed", "load/c": "not_run", "report": "done"})
	if !strings.Contains(w.read("results/report/all.txt"), "conclusions bound c not_run") {
		t.Error("the report does not say that c was not run")
	}
	w.when("conclude", nil)
	w.runs("conclude/b", "plot/b", "load/c", "conclude/c", "plot/c", "load/d", "conclude/d", "plot/d", "report")
	w.runs()
}

func TestPauseLeavesTheRestRunning(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.MaxWorkers = 1
	quota := func(_ context.Context, task *Task) error {
		task.Count("requests", 1)
		if task.Instance != "b" { // b is answered from the record
			return &PauseError{errors.New("daily quota of " + task.Instance)}
		}
		return w.writeAll(task)
	}
	w.when("conclude", quota)
	out := w.runs("load/a", "load/b", "load/c", "conclude/a", "conclude/b", "conclude/c", "plot/b", "report")
	if want := "daily quota of a"; out.Paused != want {
		t.Errorf("paused %q, want %q", out.Paused, want)
	}
	w.wantStates(out, map[string]string{"conclude/a": "not_run", "plot/a": "not_run", "conclude/b": "done", "report": "done"})
	if out.Skipped != 4 || out.Failed != 0 || out.Counts["requests"] != 3 {
		t.Errorf("skipped %d, failed %d, requests %d; want 4, 0, 3", out.Skipped, out.Failed, out.Counts["requests"])
	}
	if got, want := w.errorOf(out, "plot/a"), "daily quota of a"; got != want {
		t.Errorf("plot/a: %q, want %q", got, want)
	}
	w.when("conclude", nil)
	out = w.runs("conclude/a", "conclude/c", "plot/a", "plot/c", "report")
	if out.Paused != "" {
		t.Errorf("the second run is paused: %s", out.Paused)
	}
	w.runs()
}

func TestPausedNodeKeepsItsOldOutputs(t *testing.T) {
	w := newWorld(t, "a")
	w.runs(all("a")...)
	w.write("data/a", "new data")
	w.when("conclude", func(context.Context, *Task) error { return &PauseError{errors.New("quota")} })
	out := w.runs("load/a", "conclude/a", "report")
	w.wantStates(out, map[string]string{"conclude/a": "not_run stale", "plot/a": "not_run stale"})
	if report := w.read("results/report/all.txt"); !strings.Contains(report, `conclusions bound a not_run "" stale true`) {
		t.Errorf("the report does not say that the conclusion is stale:\n%s", report)
	}
}

func TestProvisionalIsMadeAgain(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.when("conclude", func(_ context.Context, task *Task) error {
		if err := w.writeAll(task); err != nil || task.Instance == "b" {
			return err
		}
		return &ProvisionalError{errors.New("server out of reach")}
	})
	out := w.runs(all("a", "b")...)
	if out.Paused != "server out of reach" || out.Executed != 7 {
		t.Errorf("paused %q, executed %d; want the reason and 7", out.Paused, out.Executed)
	}
	w.wantStates(out, map[string]string{"conclude/a": "done stale", "plot/a": "done"})
	w.runs("conclude/a") // again, with the same outputs: nothing after it
	w.when("conclude", nil)
	out = w.runs("conclude/a", "plot/a", "report") // it is not provisional any more, which is seen
	if out.Paused != "" {
		t.Errorf("paused: %q", out.Paused)
	}
	w.runs()
}

func TestStopEndsTheRun(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.MaxWorkers = 1
	w.when("conclude", func(context.Context, *Task) error { return &StopError{errors.New("key refused")} })
	out := w.runs("load/a", "conclude/a", "report")
	if out.Stopped == nil || out.Stopped.Error() != "key refused" {
		t.Errorf("stopped by %v, want the key", out.Stopped)
	}
	w.wantStates(out, map[string]string{"conclude/a": "not_run", "load/b": "not_run", "report": "done"})
}

func TestStatusIsRemembered(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.when("conclude", func(_ context.Context, task *Task) error {
		task.SetStatus("success")
		if task.Instance == "b" {
			task.SetStatus("llm_failed")
		}
		return w.writeAll(task)
	})
	want := map[string]int{"success": 1, "llm_failed": 1}
	if out := w.runs(all("a", "b")...); !maps.Equal(out.Statuses, want) {
		t.Errorf("statuses %v, want %v", out.Statuses, want)
	}
	if out := w.runs(); !maps.Equal(out.Statuses, want) {
		t.Errorf("statuses of the second run %v, want %v", out.Statuses, want)
	}
	w.opts.RetryStatuses = []string{"llm_failed"}
	w.runsWith(only("a")) // not selected, not stale
	w.runs("conclude/b")
	w.opts.RetryStatuses = nil
	w.runs()
}

func TestStatusesHook(t *testing.T) {
	w := newWorld(t, "a")
	w.opts.Statuses = func(rs iter.Seq[NodeResult]) map[string]int {
		return map[string]int{"nodes": len(slices.Collect(rs))}
	}
	if out := w.runs(all("a")...); out.Statuses["nodes"] != 4 {
		t.Errorf("statuses %v", out.Statuses)
	}
}

func TestDrainFinishesWhatRuns(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.runs(all("a", "b", "c")...)
	w.write("data/a", "new a")
	w.write("data/b", "new b")
	w.opts.MaxWorkers = 1
	drain := make(chan struct{})
	w.opts.Drain = drain
	w.when("load", func(_ context.Context, task *Task) error {
		close(drain)
		return w.writeAll(task)
	})
	got, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	// The first interrupt may be seen before or after what the finished node
	// made ready has started, but nothing of b starts.
	if !slices.Contains(got, "load/a") || slices.Contains(got, "load/b") || !slices.Contains(got, "report") {
		t.Errorf("ran %q", got)
	}
	if !out.Interrupted {
		t.Error("the outcome is not interrupted")
	}
	// What is up to date is told from what is not.
	w.wantStates(out, map[string]string{"load/a": "done", "load/b": "not_run stale", "conclude/b": "not_run stale", "load/c": "cached", "plot/c": "cached"})
	report := w.read("results/report/all.txt")
	for _, want := range []string{"conclusions bound b not_run", "conclusions bound c done"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	w.opts.Drain = nil
	w.when("load", nil)
	if _, out, err = w.try(); err != nil || out.Interrupted || out.Skipped > 0 {
		t.Errorf("the next run: %+v, %v", out, err)
	}
	w.runs()
}

func TestDrainWithNothingToDoIsNoInterrupt(t *testing.T) {
	w := newWorld(t, "a")
	w.runs(all("a")...)
	drain := make(chan struct{})
	close(drain)
	w.opts.Drain = drain
	if out := w.runs(); out.Interrupted {
		t.Error("a run that found everything up to date was interrupted")
	}
}

func TestCancelStopsAtOnce(t *testing.T) {
	w := newWorld(t, "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	w.opts.MaxWorkers = 1
	w.when("conclude", func(ctx context.Context, _ *Task) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	out, err := Run(ctx, w.plan, w.opts)
	if err != nil {
		t.Fatal(err)
	}
	if !out.Interrupted || out.Failed != 0 || out.Nodes != 7 || out.Executed != 1 || out.Skipped != 6 {
		t.Errorf("outcome %+v", out)
	}
	w.wantStates(out, map[string]string{"load/a": "done", "conclude/a": "not_run", "report": "not_run"})
	w.when("conclude", nil)
	w.runs("conclude/a", "plot/a", "load/b", "conclude/b", "plot/b", "report")
}

func TestCountsAddUp(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.when("conclude", func(_ context.Context, task *Task) error {
		task.Count("requests", 2)
		task.Count("tokens", 10)
		return w.writeAll(task)
	})
	out := w.runs(all("a", "b", "c")...)
	if want := map[string]int64{"requests": 6, "tokens": 30}; !maps.Equal(out.Counts, want) {
		t.Errorf("counts %v, want %v", out.Counts, want)
	}
}

func TestWorkersAreLimited(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d", "e", "f")
	w.opts.MaxWorkers = 2
	var now, most atomic.Int32
	for _, k := range []string{"load", "conclude", "plot"} {
		w.when(k, func(_ context.Context, task *Task) error {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			runtime.Gosched()
			defer now.Add(-1)
			return w.writeAll(task)
		})
	}
	w.runs(all("a", "b", "c", "d", "e", "f")...)
	if most.Load() > 2 {
		t.Errorf("%d nodes ran at once, want at most 2", most.Load())
	}
}
