package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/concluder/concluder/pipeline/store"
)

func TestSecondRunSaysWhoHoldsTheLock(t *testing.T) {
	w := newWorld(t, "a")
	var inside error
	w.when("load", func(_ context.Context, task *Task) error {
		_, inside = Run(context.Background(), w.plan, w.opts)
		return w.writeAll(task)
	})
	w.try()
	var held *store.HeldError
	if err := inside; !errors.As(err, &held) || held.PID != os.Getpid() || time.Since(held.Since) > time.Hour {
		t.Errorf("the second run: %v", err)
	}
	w.when("load", nil)
	w.runs()
}

// Another state directory does not get around the first run's results.
func TestSecondRunWithAnotherStateDir(t *testing.T) {
	w := newWorld(t, "a")
	var inside error
	w.when("load", func(_ context.Context, task *Task) error {
		other := w.opts
		other.StateDir = filepath.Join(w.dir, "other")
		_, inside = Run(context.Background(), w.plan, other)
		return w.writeAll(task)
	})
	w.try()
	var held *store.HeldError
	if err := inside; !errors.As(err, &held) {
		t.Errorf("the second run: %v", err)
	}
}

func TestWaitForTheLock(t *testing.T) {
	w := newWorld(t, "a")
	second := make(chan error, 1)
	w.when("load", func(_ context.Context, task *Task) error {
		waiting := make(chan string, 1)
		other := w.opts
		other.Wait = true
		other.Observe = func(e Event) {
			if e.Event == EventWarning {
				waiting <- e.Message
			}
		}
		go func() {
			_, err := Run(context.Background(), w.plan, other)
			second <- err
		}()
		if m := <-waiting; !strings.Contains(m, "process ") {
			t.Errorf("the warning %q does not say who holds the lock", m)
		}
		w.when("load", nil)
		return w.writeAll(task)
	})
	if _, _, err := w.try(); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Errorf("the run that waited: %v", err)
	}
	w.when("load", nil)
	w.runs()
}

func TestWaitEndsWithTheContext(t *testing.T) {
	w := newWorld(t, "a")
	w.when("load", func(_ context.Context, task *Task) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		other := w.opts
		other.Wait = true
		if _, err := Run(ctx, w.plan, other); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the run that waited: %v", err)
		}
		return w.writeAll(task)
	})
	w.runs(all("a")...)
}

func TestWaitEndsWithTheFirstInterrupt(t *testing.T) {
	w := newWorld(t, "a")
	w.when("load", func(_ context.Context, task *Task) error {
		drain := make(chan struct{})
		other := w.opts
		other.Wait, other.Drain = true, drain
		other.Observe = func(Event) { close(drain) } // it says that it waits, and nothing else
		out, err := Run(context.Background(), w.plan, other)
		if out != nil || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted while waiting") {
			t.Errorf("the run that waited: %v, %v", out, err)
		}
		return w.writeAll(task)
	})
	w.runs(all("a")...)
}

func TestResultsOfAnotherPipeline(t *testing.T) {
	w := newWorld(t, "a")
	w.runs(all("a")...)

	mine := *w.plan
	w.write("second.hcl", "")
	w.plan.File, w.plan.Name = w.path("second.hcl"), "second"
	_, _, err := w.try()
	var owned *store.OwnedError
	if !errors.As(err, &owned) || owned.Pipeline != "test" || owned.File != w.path("pipeline.hcl") {
		t.Errorf("another pipeline: %v", err)
	}
	w.plan.Name = "test" // a copy of the file, label and all
	if _, _, err := w.try(); !errors.As(err, &owned) {
		t.Errorf("a copy of the pipeline: %v", err)
	}
	w.remove("pipeline.hcl") // … but a new name for the file is not another pipeline
	w.runs()

	w.write("pipeline.hcl", "")
	w.remove("second.hcl")
	*w.plan = mine
	w.runs()
	w.plan.Name = "renamed" // the same file: its results, without what was remembered
	if _, _, err := w.try(); err != nil {
		t.Errorf("the same file with another label: %v", err)
	}
}

func TestTwoPipelinesShareAStateDir(t *testing.T) {
	state := t.TempDir()
	var worlds []*world
	for range 2 {
		w := newWorld(t, "a")
		w.opts.StateDir = state
		w.runs(all("a")...)
		worlds = append(worlds, w)
	}
	for _, w := range worlds {
		w.runs()
	}
}

func TestStateDirIsIgnoredByGit(t *testing.T) {
	w := newWorld(t, "a")
	w.runs(all("a")...)
	if got := w.read(".concluder/.gitignore"); got != "*\n" {
		t.Errorf(".gitignore holds %q", got)
	}
}

func TestNothingStaysInStaging(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.when("plot", func(_ context.Context, task *Task) error {
		if err := os.WriteFile(filepath.Join(task.Dir(), "scratch"), nil, 0o644); err != nil {
			return err
		}
		return w.writeAll(task)
	})
	w.failFor("conclude", errors.New("no"), "a")
	w.try()
	if _, err := os.Stat(w.path("results/" + stagingName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the staging folder is still there: %v", err)
	}
	w.write("results/"+stagingName+"/1/out/left", "by a run that was killed")
	w.when("conclude", nil)
	w.runs("conclude/a", "plot/a", "report")
	if _, err := os.Stat(w.path("results/" + stagingName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the staging folder is still there: %v", err)
	}
}

// A command that outlives its run, because that was killed, goes on writing to
// the path it was given: no later run may take that for its own.
func TestLeftoverCommandOfADeadRun(t *testing.T) {
	w := newWorld(t, "a")
	w.opts.MaxWorkers = 1
	var left []string
	for _, kind := range []string{"load", "conclude", "plot"} {
		w.when(kind, func(_ context.Context, task *Task) error {
			left = append(left, task.Output("out"))
			return w.writeAll(task)
		})
	}
	w.runs(all("a")...)
	w.write("data/a", "new data")
	for _, kind := range []string{"load", "conclude", "plot"} {
		w.when(kind, func(_ context.Context, task *Task) error {
			if err := w.writeAll(task); err != nil {
				return err
			}
			for _, path := range left {
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte("from the past"), 0o644)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	w.runs(all("a")...)
	for _, name := range []string{"load/a.txt", "conclude/a.txt", "plot/a.txt"} {
		if text := w.read("results/" + name); !strings.Contains(text, "new data") {
			t.Errorf("%s holds %q", name, text)
		}
	}
	w.when("load", nil)
	w.when("conclude", nil)
	w.when("plot", nil)
	w.runs()
	w.write("data/a", "newer data")
	w.runs(all("a")...) // … and takes away what was left
	if _, err := os.Stat(w.path("results/" + stagingName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the staging folder is still there: %v", err)
	}
}

func TestScratchIsPrivateAndEmpty(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.MaxWorkers = 1
	w.when("load", func(_ context.Context, task *Task) error {
		entries, err := os.ReadDir(task.Dir())
		if err != nil {
			return err
		}
		if len(entries) != 1 || entries[0].Name() != outDir {
			t.Errorf("the scratch folder of %s holds %v", task.Instance, entries)
		}
		return errors.Join(os.WriteFile(filepath.Join(task.Dir(), "scratch"), nil, 0o644), w.writeAll(task))
	})
	w.runs(all("a", "b", "c")...)
}

// A folder where an output belongs is that node's error, not the run's.
func TestFolderWhereAFileShouldBe(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.write("results/load/a.txt/inside", "a file of the user")
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if got := w.errorOf(out, "load/a"); !strings.Contains(got, "is a folder, where a file is to be written: move it away") {
		t.Errorf("load/a: %q", got)
	}
	w.wantStates(out, map[string]string{"plot/b": "done"})
	w.remove("results/load/a.txt/inside")
	w.remove("results/load/a.txt")
	w.runs("load/a", "conclude/a", "plot/a", "report")
}

func TestFullDiskStopsTheRun(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.MaxWorkers = 1
	w.when("conclude", func(_ context.Context, task *Task) error {
		return &os.PathError{Op: "write", Path: task.Output("out"), Err: syscall.ENOSPC}
	})
	got, out, err := w.try()
	if !errors.Is(err, syscall.ENOSPC) || out == nil {
		t.Fatalf("outcome %v, error %v", out, err)
	}
	if want := "conclude/a load/a"; strings.Join(got, " ") != want {
		t.Errorf("ran %q, want %q", got, want)
	}
	w.when("conclude", nil)
	w.runs("conclude/a", "plot/a", "load/b", "conclude/b", "plot/b", "load/c", "conclude/c", "plot/c", "report")
	w.runs()
}

func TestPlacesThatCannotBeWritten(t *testing.T) {
	w := newWorld(t, "a")
	w.write("file", "in the way")
	places := map[string]*string{"results directory": &w.plan.ResultsDir, "state directory": &w.opts.StateDir}
	for name, place := range places {
		was := *place
		*place = w.path("file/place")
		_, _, err := w.try()
		if want := "the " + name + " cannot be written: "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		*place = was
	}
	if os.Getuid() == 0 {
		t.Skip("root writes anywhere: nothing is read-only")
	}
	if err := os.Mkdir(w.path("ro"), 0o555); err != nil {
		t.Fatal(err)
	}
	w.plan.ResultsDir = w.path("ro")
	if _, _, err := w.try(); err == nil || !strings.HasPrefix(err.Error(), "the results directory cannot be written: ") {
		t.Errorf("read-only results: %v", err)
	}
}

// Whatever an instance is called and a stage declares, nothing is written
// outside the results directory, or for declared files the pipeline's folder.
func TestNamesDoNotEscape(t *testing.T) {
	names := []string{"..", "../x", "/etc/x", "a/../../b", "a b", `quo"te`, "dot.", "new\nline", "ü漢", ".", "-", strings.Repeat("n", 255), "nul\x00"}
	w := newWorld(t)
	w.plan.Instances = names
	w.reads["load.points"] = nil
	w.opts.Observe = func(Event) {}
	_, out, err := w.try()
	if err != nil || out.Executed != 3*len(names)+1 {
		t.Fatalf("%+v, %v", out, err)
	}
	err = filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(w.dir, path)
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if top != "." && top != "results" && top != ".concluder" && top != "pipeline.hcl" {
			t.Errorf("written: %s", rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.runs()

	declared := w.stage("exec", "own", true)
	declared.Kind.Outputs = nil
	for _, path := range []string{"../x", "/abs", "a/../b", ".", "", "a//b", "./a"} {
		declared.node = func(string) (*NodeSpec, hcl.Diagnostics) {
			return &NodeSpec{Outputs: []Output{{"out", path}}}, nil
		}
		_, out, err := w.try(only("a b"))
		if err != nil {
			t.Fatal(err)
		}
		if got := w.errorOf(out, "exec/a b"); !strings.Contains(got, "must be relative to the pipeline file's folder and lie in it") {
			t.Errorf("path %q: %q", path, got)
		}
	}
}

func TestOutputsInThePipelinesFolder(t *testing.T) {
	w := newWorld(t, "a")
	fit := w.stage("exec", "fit", true)
	fit.Kind.Outputs = nil
	fit.node = func(i string) (*NodeSpec, hcl.Diagnostics) {
		return &NodeSpec{Outputs: []Output{{"one", "fits/" + i + "/x.json"}, {"two", "fits/two/x.json"}}}, nil
	}
	w.when("exec", func(_ context.Context, task *Task) error {
		for _, name := range []string{"one", "two"} { // commands look at a file's name
			if filepath.Base(task.Output(name)) != "x.json" {
				t.Errorf("the private path of %s is %s", name, task.Output(name))
			}
		}
		return w.writeAll(task)
	})
	w.runs(append(all("a"), "exec/a")...)
	w.read("fits/a/x.json")
	w.write("fits/two/x.json", "mine")
	w.runs("exec/a")
	w.runs()
}
