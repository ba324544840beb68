package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
)

// twoChunks are the names of a chunk of instances and ten more.
func twoChunks() []string {
	var names []string
	for i := range chunkSize + 10 {
		names = append(names, fmt.Sprintf("i%03d", i))
	}
	return names
}

// finish makes everything up to date, so that a snapshot tells of it all.
func (w *world) finish() {
	w.t.Helper()
	for range 2 {
		w.compile("")
		if _, err := Run(context.Background(), w.plan, w.opts); err != nil {
			w.t.Fatal(err)
		}
		w.age()
	}
	w.wantAtRest(true)
}

// again runs the plan as it is, with what earlier runs left in memory, and
// fails the test unless exactly these nodes ran.
func (w *world) again(opts Options, want ...string) *Outcome {
	w.t.Helper()
	w.mu.Lock()
	w.ran = nil
	w.mu.Unlock()
	out, err := Run(context.Background(), w.plan, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.ran)
	slices.Sort(want)
	if !slices.Equal(w.ran, want) {
		w.t.Errorf("ran %q, want %q", w.ran, want)
	}
	return out
}

// What Options.First names starts before anything is known of the others, and
// these are looked at in the same run.
func TestFirst(t *testing.T) {
	names := twoChunks()
	one, other := names[len(names)-2], names[3]
	for _, snapshot := range []bool{true, false} {
		t.Run(fmt.Sprintf("snapshot=%t", snapshot), func(t *testing.T) {
			w := newWorld(t, names...)
			w.finish()
			w.write("data/"+one, "new")
			w.write("data/"+other, "new")
			w.compile("")
			if !snapshot {
				w.plan.compiled = nil
			}
			var begun atomic.Bool // one
			reads := w.reads["load.points"]
			w.reads["load.points"] = func(instance string) []InputFile {
				if snapshot && instance != one && instance != other {
					t.Errorf("load/%s was evaluated, and its files are what they were", instance)
				}
				if instance < names[chunkSize] && !begun.Load() { // another chunk than that of one
					t.Errorf("load/%s was looked at before load/%s had started", instance, one)
				}
				return reads(instance)
			}
			cached, started := 0, ""
			out := w.again(Options{First: []string{one}, Observe: func(e Event) {
				switch {
				case started != "":
				case e.Event == EventNodesCached:
					cached += e.Total
				case e.Event == EventNodeStarted:
					started = e.Instance
					begun.Store(true)
				}
			}}, all(one, other)...)
			if started != one || cached != 9*3 {
				t.Errorf("%s started first, after %d nodes were said to be up to date; want %s, after the 27 of its chunk", started, cached, one)
			}
			if out.Cached != (len(names)-2)*3 || out.Executed != 7 {
				t.Errorf("%+v", out)
			}
			w.reads["load.points"] = reads
			w.plan.compiled = nil
			w.again(Options{})
		})
	}
}

// Whatever Options.First names, a run does what it does without.
func TestFirstIsOnlyAHint(t *testing.T) {
	names := twoChunks()
	w := newWorld(t, names...)
	w.finish()
	evaluated := 0
	w.reads["report.all"] = func(string) []InputFile { evaluated++; return nil }
	w.compile("")
	evaluated = 0
	last := names[len(names)-1]
	for _, first := range [][]string{nil, {"gone"}, {names[5]}, {last, "gone", last}, names} {
		w.again(Options{First: first})
		if evaluated > 0 {
			t.Errorf("first %.20q: the report was evaluated, and nothing had changed", first)
		}
		w.write("data/"+last, fmt.Sprint("new for ", len(first), first[:min(1, len(first))]))
		if err := os.Remove(w.path("results/plot/" + names[0] + ".txt")); err != nil {
			t.Fatal(err)
		}
		w.again(Options{First: first}, append(all(last), "plot/"+names[0])...)
		w.write("results/report/all.txt", "by hand")
		w.again(Options{First: first}, "report")
		w.again(Options{First: first, Instances: names[:1]})
		w.age()
		w.again(Options{})
		evaluated = 0
	}
}

// An aggregate node between two phases, hints for both.
func TestFirstInPhases(t *testing.T) {
	names := twoChunks()
	w := newWorld(t, names...)
	first, middle := w.plan.Stages[0], (*Stage)(nil)
	w.plan.Stages = w.plan.Stages[:1]
	middle = w.stage("table", "t", false, Dep{Attr: "of", Stage: first})
	w.stage("plot", "p", true, Dep{Attr: "table", Stage: middle}, Dep{Attr: "dataset", Stage: first})
	w.finish()
	last := names[len(names)-1]
	if err := os.Remove(w.path("results/plot/" + last + ".txt")); err != nil {
		t.Fatal(err)
	}
	w.again(Options{First: []string{last}}, "plot/"+last)
	w.write("data/"+names[0], "new")
	want := []string{"load/" + names[0], "table"}
	for _, n := range names {
		want = append(want, "plot/"+n)
	}
	w.again(Options{First: []string{last}}, want...)
	w.again(Options{First: []string{last}})
}

// A plan that runs again and again has the state in memory. Whatever others do
// meanwhile, a run does what one does that reads everything.
func TestRunsAgain(t *testing.T) {
	names := twoChunks()
	w := newWorld(t, names...)
	w.finish()
	w.compile("")
	w.plan.runsAgain()
	mine := w.plan.compiled
	rnd := rand.New(rand.NewPCG(1, 2))
	kept, tries := 0, 40
	for k := range tries {
		changed := map[string]bool{}
		change := func() {
			name := names[rnd.IntN(len(names))]
			w.write("data/"+name, fmt.Sprint("new ", k, rnd.Int()))
			changed[name] = true
		}
		switch rnd.IntN(8) {
		case 0: // another process makes something
			change()
			w.try()
			w.plan.compiled = mine
			clear(changed)
		case 1: // and another has nothing to do
			w.compile("")
			w.again(Options{})
			w.plan.compiled = mine
		case 2: // the log rots
			log := filepath.Join(w.home(), "log")
			b, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)-3] ^= 1
			if err := os.WriteFile(log, b, 0o666); err != nil {
				t.Fatal(err)
			}
			if out, err := Run(t.Context(), w.plan, Options{}); err != nil || out.Executed == 0 {
				t.Errorf("with a damaged record: %+v, %v", out, err)
			}
		}
		for range rnd.IntN(3) {
			change()
		}
		var first, want []string
		for name := range changed {
			want = append(want, "load/"+name, "conclude/"+name, "plot/"+name)
			if rnd.IntN(4) > 0 {
				first = append(first, name)
			}
		}
		if len(want) > 0 {
			want = append(want, "report")
		}
		before := mine.state.Load()
		w.again(Options{First: first}, want...)
		if before != nil && before == mine.state.Load() {
			kept++
		}
		if mine.snapshot.Load() == nil {
			t.Error("the snapshot is not in memory")
		}
	}
	if kept < tries/4 {
		t.Errorf("only %d of %d runs had the state in memory", kept, tries)
	}
	w.runs()
}

// A run with nothing to do reads the state for the next one.
func TestStateIsReadAhead(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.finish()
	w.compile("")
	w.plan.runsAgain()
	w.again(Options{})
	ahead := w.plan.compiled.state.Load()
	if ahead == nil {
		t.Fatal("it has not")
	}
	w.again(Options{})
	w.write("data/a", "new")
	w.again(Options{First: []string{"a"}}, all("a")...)
	if w.plan.compiled.state.Load() != ahead {
		t.Error("the run after it has read the state again")
	}
	w.compile("")
	w.again(Options{})
}

// Plans that run once leave nothing in memory.
func TestNothingStaysInMemory(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.compile("")
	w.again(Options{}, all("a", "b")...)
	if c := w.plan.compiled; c.state.Load() != nil || c.snapshot.Load() != nil {
		t.Error("a run left in memory what nobody asked for")
	}
}
