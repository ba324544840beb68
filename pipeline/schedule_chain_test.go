package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// quickly runs a world whose nodes take a millisecond each, and f before it, so
// that workers go on from node to node. It returns what ran of an instance after
// another node of it in the same worker.
func (w *world) quickly(f func(t *Task) error) (out *Outcome, chained []string) {
	w.t.Helper()
	w.takeTheirTime(f, &chained)
	_, out, err := w.try()
	if err != nil {
		w.t.Fatal(err)
	}
	return out, chained
}

// takeTheirTime makes the world's kinds do what quickly says.
func (w *world) takeTheirTime(f func(t *Task) error, chained *[]string) {
	for name := range w.kinds {
		w.when(name, func(_ context.Context, t *Task) error {
			if in := (*inspection)(t.sources.(*nodeSources)); len(in.holder.seen) > 0 {
				w.mu.Lock()
				*chained = append(*chained, name+"/"+t.Instance)
				w.mu.Unlock()
			}
			time.Sleep(time.Millisecond) // of the fake clock
			err := f(t)
			return errors.Join(w.writeAll(t), err)
		})
	}
}

func someInstances(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("i%02d", i))
	}
	return names
}

func TestChain(t *testing.T) {
	slow := newWorld(t, someInstances(20)...)
	slow.plan.MaxWorkers = 1
	w := newWorld(t, someInstances(20)...)
	w.plan.MaxWorkers = 2
	status := func(t *Task) error { t.SetStatus("seen " + t.Instance); return nil }
	synctest.Test(t, func(t *testing.T) {
		if _, chained := slow.quickly(status); len(chained) > 0 {
			t.Errorf("with one worker nodes run in their order: %q", chained)
		}
		var cpu most
		out, chained := w.quickly(func(t *Task) error {
			defer cpu.enter()()
			time.Sleep(time.Millisecond)
			return status(t)
		})
		if out.Executed != 61 || cpu.max.Load() != 2 {
			t.Errorf("%+v, %d at once", out, cpu.max.Load())
		}
		// The first nodes of each stage are not yet known to be quick.
		if len(chained) < 20 || !slices.ContainsFunc(chained, func(n string) bool { return n[:5] == "plot/" }) {
			t.Errorf("went on to %q", chained)
		}
		if out, err := Run(t.Context(), w.plan, w.opts); err != nil || out.Cached != 61 {
			t.Errorf("the second run: %+v, %v", out, err)
		}
	})
	// The report is of everything that all others saw.
	if want, got := slow.read("results/report/all.txt"), w.read("results/report/all.txt"); got != want {
		t.Errorf("the report differs from that of one worker:\n%s\n%s", want, got)
	}
}

// What a node of a chain leaves is up to the scheduler as ever.
func TestChainBreaks(t *testing.T) {
	const at = "i10"
	tests := []struct {
		name    string
		f       func(w *world, kind string, tries int32) error
		want    string // executed, failed, skipped
		paused  bool
		plotted bool
	}{
		{"a failure", func(*world, string, int32) error { return errors.New("no") }, "59 1 1", false, false},
		{"a panic", func(*world, string, int32) error { panic("no") }, "59 1 1", false, false},
		{"a pause", func(*world, string, int32) error { return &PauseError{errors.New("later")} }, "59 0 2", true, false},
		{"a provisional result", func(*world, string, int32) error { return &ProvisionalError{errors.New("for now")} }, "61 0 0", true, true},
		{"an input that changes", func(w *world, _ string, tries int32) error {
			if tries == 1 {
				w.write("data/"+at+" more", "changed")
			}
			return nil
		}, "61 0 0", false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, someInstances(20)...)
			w.plan.MaxWorkers = 2
			w.reads["conclude.bound"] = func(instance string) []InputFile {
				path := w.path("data/" + instance + " more")
				return []InputFile{{Attr: "more", Path: path, Show: path}}
			}
			for _, i := range w.plan.Instances {
				w.write("data/"+i+" more", "more of "+i)
			}
			synctest.Test(t, func(t *testing.T) {
				var tries, plots atomic.Int32
				out, chained := w.quickly(func(task *Task) error {
					switch {
					case task.Instance != at:
					case task.Stage == "bound":
						return test.f(w, task.Stage, tries.Add(1))
					case task.Stage == "picture":
						plots.Add(1)
						if u := task.Upstream("conclusion")[0]; test.paused != (u.Error == "for now") {
							t.Errorf("the plot sees %+v", u)
						}
					}
					return nil
				})
				if got := fmt.Sprint(out.Executed, out.Failed, out.Skipped); got != test.want || (out.Paused != "") != test.paused {
					t.Errorf("%s executed, failed, skipped; paused %q; want %s, %v", got, out.Paused, test.want, test.paused)
				}
				if (plots.Load() == 1) != test.plotted {
					t.Errorf("plotted %d times", plots.Load())
				}
				if !slices.Contains(chained, "conclude/"+at) {
					t.Errorf("no worker came to conclude/%s from its dataset, but to %q", at, chained)
				}
			})
		})
	}
}

// A node that turns out to be up to date in the middle of a chain is one like
// others to those that follow.
func TestChainOverCached(t *testing.T) {
	w := newWorld(t, someInstances(20)...)
	w.plan.MaxWorkers = 2
	same := func(_ context.Context, task *Task) error {
		time.Sleep(time.Millisecond)
		if task.Instance < "i10" {
			return w.writeAll(task)
		}
		return task.Write("out", []byte("always the same"))
	}
	synctest.Test(t, func(t *testing.T) {
		var chained []string
		w.takeTheirTime(func(*Task) error { return nil }, &chained)
		w.try()
		w.when("load", same)
		w.settings["load.points"]["x"] = cty.StringVal("once more")
		w.try() // everything sees other datasets
		w.settings["load.points"]["x"] = cty.StringVal("and again")
		chained = nil
		if _, out, err := w.try(); err != nil || out.Executed != 41 || out.Cached != 20 {
			t.Errorf("%+v, %v", out, err)
		}
		if len(chained) == 0 {
			t.Error("nothing was chained")
		}
	})
}

// What does not follow on a node goes to whoever is free, though the two have been
// quick until then.
func TestChainHoldsNothingUp(t *testing.T) {
	w := newWorld(t, someInstances(20)...)
	w.plan.MaxWorkers = 2
	w.stage("export", "table", true, Dep{Attr: "dataset", Stage: w.plan.Stages[0]})
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w.quickly(func(task *Task) error {
			if task.Instance == "i19" && (task.Stage == "bound" || task.Stage == "table") {
				time.Sleep(time.Minute)
			}
			return nil
		})
		if took := time.Since(start); took > time.Minute+time.Second {
			t.Errorf("took %v: the two could run at once", took)
		}
	})
}

// When all is done the scheduler counts nothing as begun any more.
func TestChainCounts(t *testing.T) {
	w := newWorld(t, someInstances(20)...)
	w.plan.MaxWorkers = 2
	synctest.Test(t, func(t *testing.T) {
		var chained []string
		w.takeTheirTime(func(*Task) error { return nil }, &chained)
		r, err := openRun(t.Context(), w.plan, w.opts)
		if err != nil {
			t.Fatal(err)
		}
		w.end(r)
		if len(chained) == 0 || r.working != 0 || r.busy != 0 || len(r.holders) != 0 || r.slots.begun.Load() != 0 || !r.slots.cpu.TryAcquire(2) {
			t.Errorf("%d working, %d busy, %d holders, %d begun after %q", r.working, r.busy, len(r.holders), r.slots.begun.Load(), chained)
		}
	})
}

// The scan of a later phase looks at nodes of an earlier one, of which some are
// still at work: it sees none as ended of which the scheduler has not heard.
func TestChainBeforeALaterPhase(t *testing.T) {
	w := newWorld(t, someInstances(20)...)
	w.plan.MaxWorkers = 2
	load, conclude, plot := w.plan.Stages[0], w.plan.Stages[1], w.plan.Stages[2]
	gather := w.stage("gather", "datasets", false, Dep{Attr: "datasets", Stage: load})
	w.stage("late", "one", true, Dep{Attr: "conclusion", Stage: conclude}, Dep{Attr: "gathered", Stage: gather})
	w.stage("late", "two", true, Dep{Attr: "conclusion", Stage: conclude}, Dep{Attr: "gathered", Stage: gather}, Dep{Attr: "plot", Stage: plot})
	w.plan.Stages[len(w.plan.Stages)-1].Prefix = "two/"
	synctest.Test(t, func(t *testing.T) {
		w.opts.Observe = func(e Event) { // so that the scan and the end of a conclusion are told at once
			if e.Event == EventNodeFinished && e.Stage == "gather.datasets" {
				time.Sleep(100 * time.Millisecond)
			}
		}
		out, chained := w.quickly(func(task *Task) error {
			switch {
			case task.Stage == "two" && task.Upstream("plot")[0].State != Done:
				t.Errorf("two sees %+v", task.Upstream("plot")[0])
			case task.Instance != "i19":
			case task.Stage == "bound":
				time.Sleep(50 * time.Millisecond)
			case task.Stage == "picture":
				time.Sleep(time.Second)
			}
			return nil
		})
		if out.Executed != 102 || len(chained) == 0 {
			t.Errorf("%+v; chained %q", out, chained)
		}
	})
}
