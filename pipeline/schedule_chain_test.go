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
)

// quickly runs a world whose nodes take a millisecond each, and f before it, so
// that workers go on from node to node. It returns what ran of an instance after
// another node of it in the same worker.
func (w *world) quickly(f func(t *Task) error) (out *Outcome, chained []string) {
	w.t.Helper()
	for name := range w.kinds {
		w.when(name, func(_ context.Context, t *Task) error {
			if in := (*inspection)(t.sources.(*nodeSources)); len(in.holder.seen) > 0 {
				w.mu.Lock()
				chained = append(chained, name+"/"+t.Instance)
				w.mu.Unlock()
			}
			time.Sleep(time.Millisecond) // of the fake clock
			err := f(t)
			return errors.Join(w.writeAll(t), err)
		})
	}
	_, out, err := w.try()
	if err != nil {
		w.t.Fatal(err)
	}
	return out, chained
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
