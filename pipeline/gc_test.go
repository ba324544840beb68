package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/concluder/concluder/pipeline/store"
	"github.com/hashicorp/hcl/v2"
)

// gcWorld is a world after its first run, with files that are nobody's garbage.
func gcWorld(t *testing.T, instances ...string) *world {
	t.Helper()
	w := newWorld(t, instances...)
	exec := w.stage("exec", "fit", true)
	exec.Kind.Outputs = nil
	exec.node = func(i string) (*NodeSpec, hcl.Diagnostics) {
		return &NodeSpec{Outputs: []Output{{"fit", "fits/" + fileName(i) + ".json"}}}, nil
	}
	w.when("exec", func(_ context.Context, task *Task) error {
		if err := os.MkdirAll(filepath.Dir(task.Log()), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(task.Log(), []byte("log of "+task.Instance), 0o666); err != nil {
			return err
		}
		return w.writeAll(task)
	})
	if _, _, err := w.try(); err != nil {
		t.Fatal(err)
	}
	w.write(".concluder/journal.db", "answers")
	w.write(".concluder/journal.db-wal", "more answers")
	w.write(".concluder/mine", "x")
	w.write("results/load/mine.txt", "x")
	w.write("fits/mine.json", "x")
	return w
}

// gc collects, and returns what was listed as "kind path", kept ones with "?"
// behind, where the paths of records and state are cut to what matters.
func (w *world) gc(change ...func(*GCOptions)) []string {
	w.t.Helper()
	opts := GCOptions{StateDir: w.opts.StateDir}
	for _, c := range change {
		c(&opts)
	}
	before := w.tree()
	found, err := CollectGarbage(w.t.Context(), []*Plan{w.plan}, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	var list []string
	for _, g := range found {
		rel, err := filepath.Rel(w.dir, g.Path)
		if err != nil {
			w.t.Fatal(err)
		}
		s := g.Kind + " " + filepath.ToSlash(rel)
		if g.Kind == "records" || g.Kind == "log" || g.Kind == "state" {
			s = g.Kind + " " + filepath.Base(g.Path)
		}
		if g.Kept != "" {
			s += "?"
		}
		list = append(list, s)
		gone := !slices.Contains(w.tree(), filepath.ToSlash(rel))
		if want := !opts.DryRun && g.Kept == "" && g.Kind != "records"; gone != want {
			w.t.Errorf("%s: gone is %t, want %t", s, gone, want)
		}
		if g.Why == "" || g.Size == 0 && g.Kind != "records" {
			w.t.Errorf("%s: %+v", s, g)
		}
	}
	if opts.DryRun && !slices.Equal(before, w.tree()) {
		w.t.Errorf("a dry run changed the files from %q to %q", before, w.tree())
	}
	for _, name := range []string{".concluder/journal.db", ".concluder/journal.db-wal", ".concluder/mine", "results/load/mine.txt", "fits/mine.json"} {
		if _, err := os.Stat(w.path(name)); err != nil {
			w.t.Error(err)
		}
	}
	return list
}

func dryRun(o *GCOptions) { o.DryRun = true }

// tree lists all files, but for caches.
func (w *world) tree() []string {
	w.t.Helper()
	var list []string
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(w.dir, path)
		if rel = filepath.ToSlash(rel); rel != ".concluder/files" && rel != ".concluder/clock" {
			list = append(list, rel)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func TestNoGarbage(t *testing.T) {
	w := gcWorld(t, "a", "b c", "../../x")
	if got := w.gc(); got != nil {
		t.Errorf("collected %q", got)
	}
	w.runs()
}

func TestGarbageBeforeTheFirstRun(t *testing.T) {
	w := newWorld(t, "a")
	before := w.tree()
	got, err := CollectGarbage(t.Context(), []*Plan{w.plan}, GCOptions{})
	if err != nil || got != nil || !slices.Equal(w.tree(), before) {
		t.Errorf("collected %v, %v; the files are %q", got, err, w.tree())
	}
}

func TestGarbageOfInstances(t *testing.T) {
	w := gcWorld(t, "a", "b", "c")
	w.plan.Instances = []string{"a"}
	w.write("results/plot/b.txt", "by hand")
	w.write("fits/c.json", "by hand")
	if err := os.Remove(w.path("results/conclude/c.txt")); err != nil {
		t.Fatal(err)
	}
	want := []string{"log b.log", "log c.log", "output fits/b.json", "output fits/c.json?", "output results/conclude/b.txt",
		"output results/load/b.txt", "output results/load/c.txt", "output results/plot/b.txt?", "output results/plot/c.txt", "records log"}
	if got := w.gc(dryRun); !slices.Equal(got, want) {
		t.Errorf("a dry run lists\n%q, want\n%q", got, want)
	}
	if got := w.gc(); !slices.Equal(got, want) {
		t.Errorf("collected\n%q, want\n%q", got, want)
	}
	if got := w.gc(); got != nil {
		t.Errorf("collected %q the second time", got)
	}
	w.runs("report") // whose instances are others now
	// What comes back is made again.
	w.plan.Instances = []string{"a", "b"}
	w.runs("load/b", "conclude/b", "plot/b", "exec/b", "report")
}

// What a node published at a path that it does not have any more is garbage, unless
// it is another's now, or was edited; a run tells of it.
func TestGarbageAtFormerPaths(t *testing.T) {
	w := gcWorld(t, "a", "b", "c")
	w.plan.Stages[1].Prefix = "other/"
	w.write("results/conclude/b.txt", "by hand")
	w.runs("conclude/a", "conclude/b", "conclude/c")
	if _, out, err := w.try(); err != nil || out.Executed > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	orphans, err := Orphans(w.plan, w.opts)
	if err != nil || len(orphans) != 3 || orphans[0].Path != w.path("results/conclude/a.txt") {
		t.Errorf("orphans %+v, %v", orphans, err)
	}
	want := []string{"output results/conclude/a.txt", "output results/conclude/b.txt?", "output results/conclude/c.txt", "records log"}
	if got := w.gc(); !slices.Equal(got, want) {
		t.Errorf("collected %q, want %q", got, want)
	}
	if got := w.gc(); got != nil {
		t.Errorf("collected %q the second time", got)
	}
	w.runs()
	// There and back again: each path is at last that of the node.
	w.plan.Stages[1].Prefix = ""
	w.runs("conclude/a", "conclude/b", "conclude/c")
	w.plan.Stages[1].Prefix = "other/"
	w.runs("conclude/a", "conclude/b", "conclude/c")
	want = []string{"output results/conclude/a.txt", "output results/conclude/b.txt", "output results/conclude/c.txt", "records log"}
	if got := w.gc(); !slices.Equal(got, want) {
		t.Errorf("collected %q, want %q", got, want)
	}
	w.runs()
}

// A file belongs to whoever is declared to write it.
func TestGarbageOfStages(t *testing.T) {
	w := gcWorld(t, "a")
	w.plan.Stages[2].Name = "drawing" // writes the same file
	w.plan.Stages = slices.Delete(w.plan.Stages, 4, 5)
	want := []string{"log a.log", "output fits/a.json", "records log"}
	if got := w.gc(); !slices.Equal(got, want) {
		t.Errorf("collected %q, want %q", got, want)
	}
	w.runs("plot/a", "report")
}

func TestGarbageOfRuns(t *testing.T) {
	w := gcWorld(t, "a", "b")
	first, err := runLogs(w.path(stateDirName))
	if err != nil || len(first) != 1 {
		t.Fatalf("%q, %v", first, err)
	}
	var ids []string
	for range 6 {
		ids = append(ids, w.runs().Run)
	}
	w.write("data/a", "new")
	ids = append(ids, w.runs("load/a", "conclude/a", "plot/a", "report").Run)
	for range 3 {
		ids = append(ids, w.runs().Run)
	}
	w.write(".concluder/runs/notes.txt", "mine")
	keep := func(n int) func(*GCOptions) { return func(o *GCOptions) { o.KeepRuns = n } }
	if got := w.gc(keep(11)); got != nil {
		t.Errorf("collected %q", got)
	}
	// The first run and the seventh made what is there.
	var want []string
	for _, id := range append(slices.Clone(ids[:6]), ids[7]) {
		want = append(want, "events .concluder/runs/"+id+".jsonl")
	}
	if got := w.gc(keep(2)); !slices.Equal(got, want) {
		t.Errorf("collected\n%q, want\n%q", got, want)
	}
	if r := w.status().LastRun; r == nil || r.ID != ids[9] {
		t.Errorf("the last run is %+v", r)
	}
}

func TestGarbageOfKilledRuns(t *testing.T) {
	w := gcWorld(t, "a")
	w.write("results/"+stagingName+"/run/1/out/a.txt", "half")
	home := store.PlaceOf(w.path(stateDirName), w.dir, w.plan.Name, w.plan.ResultsDir)
	for _, path := range []string{home + "/log.unreadable", home + "/log.tmp", w.path(stateDirName) + "/" + store.PutAside + "1.tmp"} {
		if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"staging results/" + stagingName, "state aside-1.tmp", "state log.tmp", "state log.unreadable"}
	if got := w.gc(dryRun); !slices.Equal(got, want) {
		t.Errorf("a dry run lists %q, want %q", got, want)
	}
	if got := w.gc(); !slices.Equal(got, want) {
		t.Errorf("collected %q, want %q", got, want)
	}
	w.runs()
}

// Nothing is collected while a run is at work, but can be listed.
func TestGarbageDuringARun(t *testing.T) {
	w := gcWorld(t, "a", "b")
	w.plan.Instances = []string{"a"}
	tried := false
	w.when("report", func(ctx context.Context, task *Task) error {
		tried = true
		_, err := CollectGarbage(ctx, []*Plan{w.plan}, GCOptions{})
		var held *store.HeldError
		if !errors.As(err, &held) || held.PID != os.Getpid() {
			t.Errorf("collecting gave %v", err)
		}
		if got := w.gc(dryRun); len(got) != 6 { // and not the staging folder of this run
			t.Errorf("a dry run lists %q", got)
		}
		return w.writeAll(task)
	})
	w.runs("report")
	if !tried {
		t.Error("the report did not run")
	}
}

// Other pipelines of the same folder, which gc was not told of.
func TestGarbageOfOthers(t *testing.T) {
	w := gcWorld(t, "a")
	other := worldAt(t, w.dir, "a")
	other.plan.Name, other.plan.File, other.plan.ResultsDir = "other", w.path("other.hcl"), w.path("others")
	other.write("other.hcl", "# by hand")
	other.runs(all("a")...)
	w.plan.ResultsDir = w.path("variant")
	w.try()
	w.plan.ResultsDir = w.path("results")
	if got := w.gc(); got != nil {
		t.Errorf("collected %q", got)
	}
	other.runs()
	// A results directory, and then a pipeline file, that is gone. Its results
	// stay.
	if err := os.RemoveAll(w.path("variant")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(w.path("other.hcl")); err != nil {
		t.Fatal(err)
	}
	home := func(label, results string) string {
		return "state " + filepath.Base(store.PlaceOf(w.path(stateDirName), w.dir, label, w.path(results)))
	}
	want := []string{home("other", "others"), home("test", "variant")}
	if got := w.gc(); !slices.Equal(got, want) {
		t.Errorf("collected %q, want %q", got, want)
	}
	if _, err := os.Stat(w.path("others/load/a.txt")); err != nil {
		t.Error(err)
	}
	w.runs()
}

// A pipeline that got another label goes on with what is there; what it does
// not declare is garbage.
func TestGarbageOfAFormerLabel(t *testing.T) {
	w := gcWorld(t, "a", "b")
	former := "state " + filepath.Base(store.PlaceOf(w.path(stateDirName), w.dir, w.plan.Name, w.plan.ResultsDir))
	w.plan.Name, w.plan.Instances = "renamed", []string{"a"}
	want := []string{"output fits/b.json", "output results/conclude/b.txt", "output results/load/b.txt", "output results/plot/b.txt", former}
	if got := w.gc(); !slices.Equal(got, want) {
		t.Errorf("collected %q, want %q", got, want)
	}
	w.runs(append(all("a"), "exec/a")...)
}

// A record whose path leads out of the results, or whose file is a folder or a
// link now, removes nothing.
func TestGarbageThatIsNot(t *testing.T) {
	w := gcWorld(t, "a", "b", "c")
	w.plan.Instances = []string{"a"}
	home := store.PlaceOf(w.path(stateDirName), w.dir, w.plan.Name, w.plan.ResultsDir)
	s, err := store.OpenState(home)
	if err != nil {
		t.Fatal(err)
	}
	rec, ok := s.Get("load.points", "b", store.Whole)
	if !ok {
		t.Fatal("no record")
	}
	outside := rec.Outputs[0]
	outside.Path = "../data of b"
	rec.Outputs = append(rec.Outputs, outside)
	s.Put("load.points", "b", &rec)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	w.write("data of b", w.read("results/load/b.txt"))
	for _, name := range []string{"results/load/c.txt", "results/plot/c.txt"} {
		if err := os.Remove(w.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	w.write("results/load/c.txt/x", "x")
	if err := os.Symlink("nowhere", w.path("results/plot/c.txt")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	got := w.gc()
	if !slices.Contains(got, "output results/load/b.txt") || !slices.Contains(got, "output results/load/c.txt?") || strings.Contains(fmt.Sprint(got), "plot/c") {
		t.Errorf("collected %q", got)
	}
	for _, name := range []string{"data of b", "results/load/c.txt/x"} {
		if _, err := os.Stat(w.path(name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Lstat(w.path("results/plot/c.txt")); err != nil {
		t.Error(err)
	}
}

// What cannot be removed is said, and keeps nothing else from being removed.
func TestGarbageThatResists(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("for the superuser everything can be removed")
	}
	w := gcWorld(t, "a", "b")
	w.plan.Instances = []string{"a"}
	if err := os.Chmod(w.path("results/load"), 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(w.path("results/load"), 0o777)
	found, err := CollectGarbage(t.Context(), []*Plan{w.plan}, GCOptions{})
	if !errors.Is(err, fs.ErrPermission) || len(found) != 6 {
		t.Errorf("collected %+v, %v", found, err)
	}
}
