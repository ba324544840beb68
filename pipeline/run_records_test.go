package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/concluder/concluder/pipeline/store"
)

func TestRecords(t *testing.T) {
	w := newWorld(t, "a", "b")
	if rs, err := Records(w.plan, w.opts); err != nil || len(rs) != 7 || rs[0].State != NotRun {
		t.Errorf("before the first run: %+v, %v", rs, err)
	}
	if _, err := os.Stat(w.path(stateDirName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading made a state directory: %v", err)
	}
	w.failFor("conclude", errors.New("no model"), "b")
	w.try()
	w.write("data/a", "not looked at")
	rs, err := Records(w.plan, w.opts)
	if err != nil {
		t.Fatal(err)
	}
	w.wantStates(&Outcome{Results: slices.Values(rs)}, map[string]string{"load/a": "done", "conclude/b": "failed", "plot/b": "skipped", "report": "done"})
	for _, r := range rs {
		u := r.AsUpstream()
		if r.Stage.Kind.Name == "load" {
			if a, _ := u.Output("out"); a.Path != w.path("results/load/"+r.Instance+".txt") || a.Digest == (store.Digest{}) {
				t.Errorf("outputs of load/%s: %+v", r.Instance, a)
			}
		}
		if r.Stage.Kind.Name == "plot" && r.Instance == "b" && (r.Error != "conclude.bound failed: no model" || len(u.Outputs()) > 0) {
			t.Errorf("plot/b: %+v %v", r, u.Outputs())
		}
	}
}

// What is remembered can be read, and explained, while a run is at work.
func TestReadersDuringARun(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.when("plot", func(ctx context.Context, task *Task) error {
		if _, err := Records(w.plan, w.opts); err != nil {
			t.Error(err)
		}
		if _, err := Explain(ctx, w.plan, w.opts); err != nil {
			t.Error(err)
		}
		h, err := Holder(w.plan, w.opts)
		if err != nil || h == nil || h.PID != os.Getpid() {
			t.Errorf("the lock is held by %v, %v", h, err)
		}
		return w.writeAll(task)
	})
	w.runs(all("a", "b")...)
	if h, err := Holder(w.plan, w.opts); h != nil || err != nil {
		t.Errorf("after the run the lock is held by %v, %v", h, err)
	}
	w.runs()
}

func TestOrphans(t *testing.T) {
	w := newWorld(t, "a", "b")
	exec := w.stage("exec", "fit", true)
	exec.Kind.Outputs = nil
	exec.node = func(i string) (*NodeSpec, hcl.Diagnostics) {
		return &NodeSpec{Outputs: []Output{{"fit", "fits/" + i + ".json"}}}, nil
	}
	w.runs(append(all("a", "b"), "exec/a", "exec/b")...)
	orphans := func() []string {
		t.Helper()
		os, err := Orphans(w.plan, w.opts)
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, o := range os {
			rel, err := filepath.Rel(w.dir, o.Path)
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, rel)
		}
		return paths
	}
	if got := orphans(); got != nil {
		t.Errorf("orphans %q, want none", got)
	}
	w.plan.Instances = []string{"a"}
	want := []string{"fits/b.json", "results/conclude/b.txt", "results/load/b.txt", "results/plot/b.txt"}
	if got := orphans(); !slices.Equal(got, want) {
		t.Errorf("orphans %q, want %q", got, want)
	}
	if out := w.runs("report"); out.Orphans != len(want) {
		t.Errorf("a run counts %d, want %d", out.Orphans, len(want))
	}
	if got := orphans(); !slices.Equal(got, want) {
		t.Errorf("orphans after a run %q, want %q", got, want)
	}
	// A stage by another name that publishes the same files takes them over.
	w.plan.Instances = []string{"a", "b"}
	w.plan.Stages[2].Name = "drawing"
	w.settings["plot.drawing"] = w.settings["plot.picture"]
	w.try()
	if got := orphans(); got != nil {
		t.Errorf("orphans after a stage was renamed %q, want none", got)
	}
}

func TestWhyItLastRan(t *testing.T) {
	w := newWorld(t, "a")
	w.runs(all("a")...)
	w.write("data/a", "new")
	w.runs(all("a")...)
	plans, err := inspectAll(t.Context(), w.plan, w.opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		if p.Action != Keep || p.Last == nil || p.Last.Reason == "" || p.Last.State != Done || p.Last.Run == "" {
			t.Errorf("%s: %+v %+v", p.Stage.Address(), p, p.Last)
		}
	}
}
