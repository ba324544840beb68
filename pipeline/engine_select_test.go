package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func only(instances ...string) func(*Options) {
	return func(o *Options) { o.Instances = instances }
}

func TestSelectedInstancesAlone(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	out := w.runsWith(only("b"), all("b")...)
	if out.Nodes != 4 || out.Executed != 4 {
		t.Errorf("%d nodes, %d executed; want 4 and 4", out.Nodes, out.Executed)
	}
	w.wantStates(out, map[string]string{"load/b": "done", "load/a": "not_run unselected", "report": "done"})
	if report := w.read("results/report/all.txt"); !strings.Contains(report, "conclusions bound a not_run") || !strings.Contains(report, "conclusions bound b done") {
		t.Errorf("the report:\n%s", report)
	}
	w.runsWith(only("b")) // … but not the second time
	w.runs("load/a", "load/c", "conclude/a", "conclude/c", "plot/a", "plot/c", "report")
	w.runs()
	w.runsWith(only("b", "a")) // the report sees the same as after the full run
}

func TestUnselectedStaleIsMarked(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.runs(all("a", "b", "c")...)
	w.write("data/a", "new a")
	w.write("data/b", "new b")
	out := w.runsWith(only("b"), "load/b", "conclude/b", "plot/b", "report")
	w.wantStates(out, map[string]string{
		"load/a": "not_run stale unselected", "plot/a": "not_run stale unselected", "load/c": "not_run unselected"})
	report := w.read("results/report/all.txt")
	for _, want := range []string{`bound a done "" stale true`, `bound b done "" stale false`, `bound c done "" stale false`} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	w.runsWith(only("b"))
	w.runs("load/a", "conclude/a", "plot/a", "report")
	w.runs()
}

func TestUnselectedFailureKeepsItsRecord(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.failFor("conclude", errors.New("no model"), "a")
	w.runs("load/a", "load/b", "conclude/a", "conclude/b", "plot/b", "report")
	out := w.runsWith(only("b")) // what the report sees of a is what it saw
	if out.Nodes != 4 || out.Cached != 4 {
		t.Errorf("%d nodes, %d cached; want 4 and 4", out.Nodes, out.Cached)
	}
	for r := range out.Results {
		if r.Stage.Kind.Name == "conclude" && r.Instance == "a" && (r.Error != "no model" || r.Selected || r.Stale) {
			t.Errorf("conclude/a: %+v", r)
		}
	}
	w.settings["load.points"]["x"] = cty.StringVal("time")
	w.runsWith(only("b"), "load/b", "conclude/b", "plot/b", "report")
	if report := w.read("results/report/all.txt"); !strings.Contains(report, `bound a failed "" stale true`) {
		t.Errorf("the report:\n%s", report)
	}
}

func TestUnknownInstance(t *testing.T) {
	w := newWorld(t, "alpha", "beta")
	_, _, err := w.try(only("alpa"))
	var unknown *InstanceError
	if !errors.As(err, &unknown) || unknown.Name != "alpa" || unknown.Nearest != "alpha" {
		t.Errorf("error %v, want one that names alpha", err)
	}
}

func TestKindsLeftOut(t *testing.T) {
	w := newWorld(t, "a", "b")
	noPlots := func(o *Options) { o.Without = []string{"plot"} }
	out := w.runsWith(noPlots, "load/a", "load/b", "conclude/a", "conclude/b", "report")
	if out.Nodes != 5 {
		t.Errorf("%d nodes, want 5", out.Nodes)
	}
	w.runsWith(noPlots)
	w.runs("plot/a", "plot/b", "report")
	w.runsWith(noPlots) // the plots are there and up to date: the report sees the same
	w.write("data/a", "new a")
	w.runsWith(noPlots, "load/a", "conclude/a", "report")
	if report := w.read("results/report/all.txt"); !strings.Contains(report, `plots picture a done "" stale true`) {
		t.Errorf("the report:\n%s", report)
	}
	w.runs("plot/a", "report")
}

// A node that needs one that is left out runs if that one is up to date.
func TestNeedsWhatIsLeftOut(t *testing.T) {
	w := newWorld(t, "a")
	noLoad := func(o *Options) { o.Without = []string{"load"} }
	out := w.runsWith(noLoad, "report")
	w.wantStates(out, map[string]string{"conclude/a": "not_run"})
	if got, want := w.errorOf(out, "conclude/a"), "load.points has never run and is not selected"; got != want {
		t.Errorf("conclude/a: %q, want %q", got, want)
	}
	w.runs(all("a")...)
	w.kind("conclude").Version = "2"
	w.runsWith(noLoad, "conclude/a")
	w.write("data/a", "new a")
	w.kind("conclude").Version = "3"
	out = w.runsWith(noLoad, "report")
	if got, want := w.errorOf(out, "conclude/a"), "load.points is not up to date and not selected"; got != want {
		t.Errorf("conclude/a: %q, want %q", got, want)
	}
}

// mean adds an aggregate stage over all loads, and a stage for each instance
// that depends on it.
func (w *world) mean() {
	load := w.plan.Stages[0]
	mean := w.stage("mean", "all", false, Dep{Attr: "datasets", Stage: load})
	w.stage("compare", "one", true, Dep{Attr: "dataset", Stage: load}, Dep{Attr: "mean", Stage: mean})
}

func TestAggregateInTheMiddle(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.mean()
	want := append(all("a", "b", "c"), "mean", "compare/a", "compare/b", "compare/c")
	for _, batch := range []int{0, 1, 2} { // a window must not wait for what is behind it
		w.opts.BatchSize = batch
		w.runs(want...)
		w.runs()
		w.write("data/b", "new b "+string(rune('0'+batch)))
		w.runs("load/b", "conclude/b", "plot/b", "report", "mean", "compare/a", "compare/b", "compare/c")
		w.runs()
		w.opts.Force = true
		if _, out, err := w.try(); err != nil || out.Executed != 14 {
			t.Errorf("forced: %+v, %v", out, err)
		}
		w.opts.Force = false
		want = nil
	}
}

// As make does, a selected node makes everything it needs.
func TestSelectionPullsWhatItNeeds(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.mean()
	out := w.runsWith(only("a"), append(all("a"), "load/b", "mean", "compare/a")...)
	w.wantStates(out, map[string]string{"load/b": "done", "conclude/b": "not_run unselected"})
	w.runsWith(only("a"))
}

// An aggregate node that nothing selected needs is made if it can be.
func TestAggregateThatNothingNeeds(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.kind("report").Partial = false
	out := w.runsWith(only("a"), "load/a", "conclude/a", "plot/a")
	if out.Nodes != 3 || out.Executed != 3 {
		t.Errorf("%d nodes, %d executed; want 3 and 3", out.Nodes, out.Executed)
	}
	w.wantStates(out, map[string]string{"report": "not_run unselected"})
	w.runsWith(only("b"), "load/b", "conclude/b", "plot/b", "report")
	out = w.runsWith(only("a"))
	if out.Nodes != 4 || out.Cached != 4 {
		t.Errorf("%d nodes, %d cached; want 4 and 4", out.Nodes, out.Cached)
	}
}

func TestAggregateAtTheRoot(t *testing.T) {
	w := newWorld(t, "a", "b")
	build := w.stage("build", "tool", false)
	w.plan.Stages = append([]*Stage{build}, w.plan.Stages[:4]...)
	load := w.plan.Stages[1]
	load.Deps = []Dep{{Attr: "tool", Stage: build}}
	w.runs(append(all("a", "b"), "build")...)
	w.runs()
	w.remove("results/build/all.txt")
	w.runs("build") // comes out the same: nothing after it
	w.kind("build").Version = "2"
	w.when("build", func(_ context.Context, task *Task) error {
		task.SetStatus("new")
		return w.writeAll(task)
	})
	w.runs(append(all("a", "b"), "build")...)
	w.runs()
}

func TestReferenceToOneOutput(t *testing.T) {
	w := newWorld(t, "a")
	w.kind("load").Outputs = func(p Place) []Output {
		return []Output{{"fit", "load/" + p.File + ".fit"}, {"log", "load/" + p.File + ".log"}}
	}
	use := w.stage("use", "fit", true, Dep{Attr: "equation", Stage: w.plan.Stages[0], Output: "fit", Pos: 1})
	w.reads[use.Address()] = func(i string) []InputFile {
		return []InputFile{{Attr: "equation", Path: w.path("data/" + i), Show: "data/" + i, Pos: 2},
			{Attr: "equation", Path: w.path("pipeline.hcl"), Show: "pipeline.hcl"}}
	}
	var paths []string
	w.when("use", func(_ context.Context, task *Task) error {
		paths = nil
		for _, a := range task.Inputs("equation") {
			paths = append(paths, strings.TrimPrefix(a.Path, w.dir+"/"))
		}
		return w.writeAll(task)
	})
	w.runs(append(all("a"), "use/a")...)
	if want := []string{"pipeline.hcl", "results/load/a.fit", "data/a"}; !slices.Equal(paths, want) {
		t.Errorf("inputs %q, want %q in the order of the file", paths, want)
	}
	w.when("load", func(_ context.Context, task *Task) error { // only the other output changes
		if err := w.writeAll(task); err != nil {
			return err
		}
		return appendTo(task.Output("log"), "more")
	})
	w.kind("load").Version = "2"
	w.runs("load/a", "conclude/a", "plot/a", "report")
	w.runs()
}
