package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// age waits until every file of the world is old enough for its stat to
// vouch for it.
func (w *world) age() {
	w.t.Helper()
	files, err := store.OpenFiles(w.t.TempDir())
	if err != nil {
		w.t.Fatal(err)
	}
	defer files.Close()
	deadline := time.Now().Add(20 * time.Second)
	err = filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		for {
			if _, _, settled, err := files.Look(path); err != nil || settled {
				return err
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s does not settle", path)
			}
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// rests runs the pipeline twice, so that a snapshot of it all is there, and
// checks that the next run uses it.
func (w *world) rests() {
	w.t.Helper()
	w.age()
	w.runs()
	w.wantAtRest(true)
}

func (w *world) wantAtRest(want bool) {
	w.t.Helper()
	w.compile(w.opts.StateDir)
	r, err := openRun(context.Background(), w.plan, w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	if (r.state == nil) != want {
		w.t.Errorf("at rest is %t, want %t", r.state == nil, want)
	}
	w.end(r)
}

func (w *world) end(r *run) {
	w.t.Helper()
	if r.state == nil {
		r.rest()
	} else {
		r.loop()
	}
	r.finish()
	if err := r.close(); err != nil {
		w.t.Fatal(err)
	}
}

func TestAtRest(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.runs(all("a", "b")...)
	w.rests()
	out := w.runs()
	if out.Cached != 7 || out.Nodes != 7 {
		t.Errorf("%+v", out)
	}
	n := 0
	for r := range out.Results {
		n++
		u := r.AsUpstream()
		if _, ok := u.Output("out"); r.State != Cached || !ok {
			t.Errorf("%s/%s: %+v, outputs %v", r.Stage.Address(), r.Instance, r, u.Outputs())
		}
	}
	if n != 7 {
		t.Errorf("%d results", n)
	}
	out = w.runsWith(only("a"))
	if out.Nodes != 4 || out.Cached != 4 {
		t.Errorf("of one instance: %+v", out)
	}
	w.runsWith(func(o *Options) { o.Force = true }, all("a", "b")...)
}

// One change: the rest is taken from the snapshot, and so it is in the run
// after it.
func TestRestButForOne(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.runs(all("a", "b", "c")...)
	w.rests()
	w.write("data/b", "new b")
	w.runs("load/b", "conclude/b", "plot/b", "report")
	w.age()
	w.compile("")
	r, err := openRun(context.Background(), w.plan, w.opts)
	if err != nil {
		t.Fatal(err)
	}
	// Those of b and the report as well where time stamps are exact.
	if n := r.fresh.Count(); n != 6 && n != 10 {
		t.Errorf("%d nodes of 10 are fresh, want at least those of a and c", n)
	}
	w.end(r)
	w.wantAtRest(true)
}

func TestSnapshotOfKilledRun(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.runs(all("a", "b")...)
	w.rests()
	// The log of a run that was killed says more than the snapshot.
	w.failFor("plot", fmt.Errorf("no ink"), "a")
	w.write("data/a", "new a")
	snapshot, err := os.ReadFile(filepath.Join(w.home(), "snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	w.try()
	if err := os.WriteFile(filepath.Join(w.home(), "snapshot"), snapshot, 0o666); err != nil {
		t.Fatal(err)
	}
	w.wantAtRest(false)
}

// A record that rotted, so that no time stamp tells of it, is missed by those
// that depend on its node: the snapshot cannot stand in for it.
func TestSnapshotBesideADamagedLog(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.runs(all("a", "b")...)
	w.rests()
	log := filepath.Join(w.home(), "log")
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := store.ReadState(w.home())
	if err != nil {
		t.Fatal(err)
	}
	for at := range text {
		b := slices.Clone(text)
		b[at] ^= 0xff
		if err := os.WriteFile(log, b, 0o666); err != nil {
			t.Fatal(err)
		}
		if s, err := store.ReadState(w.home()); err == nil && len(s.Damage()) == 1 {
			if _, ok := s.Get("conclude.bound", "a", store.Whole); !ok {
				break
			}
		}
	}
	w.compile("")
	old := w.plan.compiled.snapshot.Load()
	builder := store.NewSnapshotBuilder(w.home(), w.plan.Instances, nil, w.plan.perInstance(), old)
	carried := store.NewNodeSet(old.Nodes())
	for node := range old.Nodes() {
		carried.Add(node)
	}
	builder.Carry(carried)
	if err := builder.Save(w.plan.compiled.definition, old.Meta); err != nil {
		t.Fatal(err)
	}
	w.write("data/b", "new b")
	w.compile("")
	plans, err := Explain(t.Context(), w.plan, w.opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		if p.Stage.Address() == "conclude.bound" && p.Instance == "a" && p.Action != Execute {
			t.Errorf("Explain says %s of the node without a record, which a run executes", p.Action)
		}
	}
	w.compile("")
	out, err := Run(t.Context(), w.plan, w.opts)
	if err != nil || out.Failed > 0 {
		t.Errorf("%+v, %v", out, err)
	}
	if _, ok := whole.Get("conclude.bound", "a", store.Whole); !ok {
		t.Error("there was no such record")
	}
	if s, err := store.ReadState(w.home()); err != nil {
		t.Error(err)
	} else if _, ok := s.Get("conclude.bound", "a", store.Whole); !ok {
		t.Error("conclude.bound a was taken as up to date, and has no record")
	}
}

func (w *world) home() string {
	return store.PlaceOf(filepath.Join(w.dir, stateDirName), w.dir, w.plan.Name, w.plan.ResultsDir)
}

// Whatever happens to files between runs, a run with a snapshot executes what
// Explain, which knows of none, says is stale.
func TestSnapshotNeverHides(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	w := newWorld(t, "a", "b", "c", "d")
	w.reads["plot.picture"] = func(string) []InputFile {
		return []InputFile{{Attr: "style", Path: w.path("style"), Show: "style"}}
	}
	w.write("style", "plain")
	nodes := []string{"load", "conclude", "plot"}
	var rested, worked int
	for step := range 200 {
		instance := w.plan.Instances[rng.IntN(4)]
		output := "results/" + nodes[rng.IntN(3)] + "/" + instance + ".txt"
		switch rng.IntN(22) {
		case 1:
			w.write("data/"+instance, fmt.Sprint("data ", step))
		case 2: // the same size, and the times put back
			w.sameStat("data/"+instance, fmt.Sprintf("data of %c", 'a'+rune(step%26)))
		case 3:
			w.sameStat(output, strings.Repeat("x", step+1))
		case 4:
			os.Remove(w.path(output))
		case 5: // the same content in another file
			text := w.read("data/" + instance)
			os.Remove(w.path("data/" + instance))
			w.write("data/"+instance, text)
		case 6:
			if err := os.Chmod(w.path("data/"+instance), 0o600|os.FileMode(step%8)); err != nil {
				t.Fatal(err)
			}
		case 7:
			w.write("style", fmt.Sprint("style ", step%3))
		case 8:
			os.Remove(w.path("style"))
		case 9:
			os.Rename(w.path("data/a"), w.path("data/x"))
			os.Rename(w.path("data/b"), w.path("data/a"))
			os.Rename(w.path("data/x"), w.path("data/b"))
		case 10:
			os.RemoveAll(w.path("results/" + nodes[rng.IntN(3)]))
		}
		if rng.IntN(4) > 0 {
			w.age()
		}
		plans, err := inspectAll(context.Background(), w.plan, w.opts)
		if err != nil {
			t.Fatal(err)
		}
		w.compile("")
		w.ran = nil
		r, err := openRun(context.Background(), w.plan, w.opts)
		if err != nil {
			t.Fatal(err)
		}
		if r.state == nil {
			rested++
		}
		if r.fresh.Count() > 0 {
			worked++
		}
		w.end(r)
		w.compile("")
		after, err := Explain(context.Background(), w.plan, w.opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range after {
			if p.Action != Keep || p.Last == nil || p.Last.State != Done {
				t.Fatalf("step %d: after the run %s/%s is %s %v, last %+v", step, p.Stage.Address(), p.Instance, p.Action, p.Reasons, p.Last)
			}
		}
		for _, p := range plans {
			node := strings.TrimSuffix(p.Stage.Kind.Name+"/"+p.Instance, "/")
			if ran := slices.Contains(w.ran, node); p.Action == Keep && ran || p.Action == Execute && !ran {
				t.Fatalf("step %d: %s: Explain said %s %v, ran is %t", step, node, p.Action, p.Reasons, ran)
			}
		}
	}
	if rested < 5 || worked < 30 {
		t.Errorf("the snapshot was used for all in %d runs, for some in %d: too few for this test to say much", rested, worked)
	}
}

// sameStat writes a file and puts its size (by cutting or repeating) and its
// modification time back.
func (w *world) sameStat(name, text string) {
	w.t.Helper()
	st, err := os.Stat(w.path(name))
	if err != nil {
		return
	}
	for int64(len(text)) < st.Size() {
		text += text
	}
	w.write(name, text[:st.Size()])
	if err := os.Chtimes(w.path(name), st.ModTime(), st.ModTime()); err != nil {
		w.t.Fatal(err)
	}
}
