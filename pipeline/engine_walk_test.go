package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/concluder/concluder/pipeline/store"
)

// Whatever happened before, in any order, a whole run ends as one in a fresh
// folder does; and Explain never said otherwise than the runs did.
func TestAnyHistoryEndsTheSame(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			names := []string{"a", "b", "c", "d", "e"}
			w := newWorld(t, names...)
			w.mean()
			any := func() string { return names[rng.IntN(len(names))] }
			var log []string
			for step := range 40 {
				w.when("conclude", nil)
				what := ""
				switch rng.IntN(9) {
				case 0, 1:
					what = fmt.Sprintf("data %s = %d", any(), rng.IntN(3))
					w.write("data/"+what[5:6], what)
				case 2:
					what = "remove data " + any()
					os.Remove(w.path("data/" + what[12:]))
				case 3:
					file := fmt.Sprintf("results/%s/%s.txt", []string{"load", "conclude", "plot", "compare"}[rng.IntN(4)], any())
					what = "edit " + file
					if _, err := os.Stat(w.path(file)); err == nil {
						w.write(file, "by hand")
					}
				case 4:
					file := fmt.Sprintf("results/%s/%s.txt", []string{"load", "conclude", "plot", "compare"}[rng.IntN(4)], any())
					what = "remove " + file
					os.Remove(w.path(file))
				case 5:
					v := cty.StringVal(fmt.Sprint("x", rng.IntN(2)))
					what = "setting " + v.AsString()
					w.settings["load.points"]["x"] = v
				case 6:
					what = "fail conclude " + any()
					w.failFor("conclude", errors.New("no model"), what[14:])
				case 7:
					what = "pause conclude " + any()
					w.failFor("conclude", &PauseError{errors.New("quota")}, what[15:])
				case 8:
					n := 1 + rng.IntN(len(names))
					what = fmt.Sprint("instances ", names[:n])
					w.plan.Instances = names[:n]
				}
				how := func(*Options) {}
				switch rng.IntN(5) {
				case 0:
					i := w.plan.Instances[rng.IntN(len(w.plan.Instances))]
					how = only(i)
					what += ", only " + i
				case 1:
					how = func(o *Options) { o.Without = []string{"plot"} }
					what += ", without plot"
				case 2:
					how = func(o *Options) { o.MaxWorkers = 1; o.BatchSize = 1 + rng.IntN(3) }
				}
				log = append(log, what)
				plans, err := inspectAll(t.Context(), w.plan, optsWith(w.opts, how))
				if err != nil {
					t.Fatal(err)
				}
				ran, out, err := w.try(how)
				if err != nil {
					t.Fatalf("step %d: %v\n%s", step, err, strings.Join(log, "\n"))
				}
				stood := states(out)
				for _, p := range plans {
					node := strings.TrimSuffix(p.Stage.Kind.Name+"/"+p.Instance, "/")
					did := slices.Contains(ran, node)
					stopped := strings.HasPrefix(stood[node], "skipped") || strings.HasPrefix(stood[node], "not_run")
					if p.Action == Keep && did || p.Action == Execute && !did && !stopped {
						t.Fatalf("step %d: %s: Explain said %s %v, ran is %t, state %s\n%s", step, node, p.Action, p.Reasons, did, stood[node], strings.Join(log, "\n"))
					}
				}
				if step%8 != 7 {
					continue
				}
				w.when("conclude", nil)
				if _, out, err := w.try(); err != nil || out.Failed+out.Skipped > 0 {
					t.Fatalf("step %d: %+v, %v\n%s", step, out, err, strings.Join(log, "\n"))
				}
				w.runs()
				fresh := worldAt(t, t.TempDir(), w.plan.Instances...)
				fresh.mean()
				fresh.write("pipeline.hcl", "")
				fresh.settings = w.settings
				for _, i := range fresh.plan.Instances {
					if b, err := os.ReadFile(w.path("data/" + i)); err == nil {
						fresh.write("data/"+i, string(b))
					}
				}
				if _, _, err := fresh.try(); err != nil {
					t.Fatal(err)
				}
				if diff := differ(w, fresh); diff != "" {
					t.Fatalf("step %d: %s\n%s", step, diff, strings.Join(log, "\n"))
				}
			}
		})
	}
}

func optsWith(o Options, change func(*Options)) Options {
	change(&o)
	return o
}

// A damaged state is said, and costs the nodes whose records are lost.
func TestDamagedStateRunsTheLostNodes(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.runs(all("a", "b", "c")...)
	log := filepath.Join(store.PlaceOf(w.path(stateDirName), w.dir, w.plan.Name, w.plan.ResultsDir), "log")
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var warning string
	w.opts.Observe = func(e Event) {
		if e.Event == EventWarning {
			warning = e.Message
		}
	}
	lost := 0
	for at := len(whole) / 3; at < len(whole); at += len(whole) / 7 {
		b := slices.Clone(whole)
		b[at] ^= 0x20
		if err := os.WriteFile(log, b, 0o666); err != nil {
			t.Fatal(err)
		}
		warning = ""
		ran, out, err := w.try()
		if err != nil || out.Failed+out.Skipped > 0 || len(ran) == 10 {
			t.Fatalf("byte %d: ran %q: %+v, %v", at, ran, out, err)
		}
		lost += len(ran)
		if !strings.Contains(warning, "damaged") {
			t.Errorf("byte %d: the warning is %q", at, warning)
		}
		w.runs()
	}
	if lost == 0 {
		t.Error("no record was lost: nothing was tested")
	}
}

// Between two looks the world can make an attribute impossible.
func TestAttributesThatCannotBeEvaluatedAnyMore(t *testing.T) {
	w := newWorld(t, "a", "b")
	load := w.plan.Stages[0]
	good := load.node
	load.node = func(i string) (*NodeSpec, hcl.Diagnostics) {
		if i == "a" {
			return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "the file note.txt is gone"}}
		}
		return good(i)
	}
	load.Kind.Failed = func(*Task, error) error { panic("there is no task to call it with") }
	out := w.runs("load/b", "conclude/b", "plot/b", "report")
	if got := w.errorOf(out, "load/a"); !strings.Contains(got, "the file note.txt is gone") {
		t.Errorf("load/a: %q", got)
	}
	load.node = good
	w.runs("load/a", "conclude/a", "plot/a", "report")
	w.runs()
}

func TestHookThatFails(t *testing.T) {
	w := newWorld(t, "a")
	w.kind("conclude").Failed = func(*Task, error) error { return errors.New("disk is odd") }
	w.failFor("conclude", errors.New("no model"), "a")
	out := w.runs("load/a", "conclude/a", "report")
	if got, want := w.errorOf(out, "conclude/a"), "no model (and its result could not be written: disk is odd)"; got != want {
		t.Errorf("conclude/a: %q, want %q", got, want)
	}
	w.kind("conclude").Failed = func(*Task, error) error { panic("odd") }
	out = w.runs("conclude/a", "report")
	if got, want := w.errorOf(out, "conclude/a"), "no model (and its result could not be written: panic: odd)"; got != want {
		t.Errorf("conclude/a: %q, want %q", got, want)
	}
}

func TestTaskTellsWhatItIs(t *testing.T) {
	w := newWorld(t, "a b", "c")
	w.opts.Program, w.opts.Anew = "1.2", true
	w.when("load", func(_ context.Context, task *Task) error {
		if task.Stage != "points" || task.Program != "1.2" || !task.Anew || task.Folder != w.dir || task.File != fileName(task.Instance) {
			t.Errorf("load: %+v", task)
		}
		if task.Instances != nil {
			t.Error("a node of one instance is told of the others, which its key does not know")
		}
		if !strings.HasPrefix(task.Log(), w.path(stateDirName)) || !strings.HasSuffix(task.Log(), "/logs/load.points/"+task.File+".log") {
			t.Errorf("log %s", task.Log())
		}
		return w.writeAll(task)
	})
	w.when("report", func(_ context.Context, task *Task) error {
		if !slices.Equal(task.Instances, w.plan.Instances) || task.File != "" || task.Instance != "" {
			t.Errorf("report: %+v", task)
		}
		return w.writeAll(task)
	})
	w.try()
}
