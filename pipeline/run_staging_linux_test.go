package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/concluder/concluder/pipeline/store"
)

// Results on two file systems: what cannot be renamed is copied, and nothing of
// it stays in a folder that is used again.
func TestResultsOnTwoFileSystems(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers = 1
	other, err := os.MkdirTemp("/dev/shm", "concluder-test-")
	if err != nil {
		t.Skip("there is no second file system: ", err)
	}
	t.Cleanup(func() { os.RemoveAll(other) })
	if deviceOf(t, other) == deviceOf(t, w.dir) {
		t.Skip("there is no second file system")
	}
	if err := os.Mkdir(w.path("results"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, w.path("results/load")); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"load", "conclude", "plot"} {
		w.when(kind, func(_ context.Context, task *Task) error {
			entries, err := os.ReadDir(task.dir + "/" + outDir)
			if err != nil || len(entries) > 0 {
				t.Errorf("%s %s finds %v in its folder, %v", task.Stage, task.Instance, entries, err)
			}
			text, err := seen(task)
			if err != nil {
				return err
			}
			return task.Write("out", []byte(text))
		})
	}
	w.runs(all("a", "b")...)
	w.runs()
	w.write("data/b", "other data")
	w.runs("load/b", "conclude/b", "plot/b", "report")
}

// What the engine wrote has no name before it is published: nothing can change
// it, and nothing is left of what was not published.
func TestWrittenIsOutOfReach(t *testing.T) {
	instances := []string{"a", "b", "c", "d", "e", "f"}
	w := newWorld(t, instances...)
	w.opts.MaxWorkers = 1
	left := 0
	written(w, "load", func(task *Task) error {
		left = max(left, len(unnamed(t, w.dir)))
		switch task.Instance {
		case "b":
			return os.WriteFile(task.outputs[0].path, []byte("from elsewhere"), 0o644)
		case "c":
			return errors.New("after writing")
		case "d":
			panic("after writing")
		case "e":
			runtime.Goexit()
		case "f":
			return errors.Join(task.Write("out", []byte("once")), task.Write("out", []byte("again")))
		}
		return nil
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if left != 1 {
		t.Errorf("nodes that run one after the other had up to %d files without a name, want one", left)
	}
	if files := unnamed(t, w.dir); len(files) > 0 {
		t.Errorf("after the run these are open: %v", files)
	}
	w.wantStates(out, map[string]string{"load/a": "done", "load/b": "done", "load/c": "failed", "load/d": "failed", "load/e": "failed", "load/f": "done"})
	if got := w.read("results/load/b.txt"); got == "from elsewhere" {
		t.Errorf("load/b.txt holds %q", got)
	}
	if got := w.read("results/load/f.txt"); got != "again" {
		t.Errorf("load/f.txt holds %q", got)
	}
}

// What lies where an output belongs is replaced, if it can be.
func TestWrittenReplaces(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d")
	w.opts.MaxWorkers = 1
	for _, kind := range []string{"load", "conclude", "plot"} {
		written(w, kind, nil)
	}
	w.write("results/load/b.txt", "not ours")
	w.write("elsewhere", "not ours")
	w.write("results/load/d.txt/file", "not ours")
	if err := os.Symlink(w.path("elsewhere"), w.path("results/load/c.txt")); err != nil {
		t.Fatal(err)
	}
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	w.wantStates(out, map[string]string{"load/b": "done", "load/c": "done", "load/d": "failed"})
	for path, ours := range map[string]bool{"results/load/b.txt": true, "results/load/c.txt": true, "elsewhere": false, "results/load/d.txt/file": false} {
		if got := w.read(path); ours == (got == "not ours") {
			t.Errorf("%s holds %q", path, got)
		}
	}
	if files := unnamed(t, w.dir); len(files) > 0 {
		t.Errorf("after the run these are open: %v", files)
	}
}

// Code that was abandoned may write when nobody publishes that any more.
func TestWrittenByAbandonedCode(t *testing.T) {
	dir := t.TempDir()
	files, err := store.OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	files.PublishTo(dir)
	task := func() *Task {
		task := NewTask(TaskSetup{Outputs: map[string]string{"out": filepath.Join(dir, "out")}})
		task.files = files
		if err := task.Write("out", []byte("text")); err != nil {
			t.Fatal(err)
		}
		return task
	}
	task() // finds out how files are named
	abandoned := task()
	open := len(unnamed(t, dir))
	if open == 0 {
		t.Skip("files without a name cannot be had here")
	}
	abandoned.over() // its node has ended
	if err := abandoned.Write("out", []byte("more")); err != nil {
		t.Fatal(err)
	}
	if got := len(unnamed(t, dir)); got != open {
		t.Errorf("%d files are open while the code goes on, want %d", got, open)
	}
	abandoned.over()
	if got := unnamed(t, dir); len(got) > 0 {
		t.Errorf("after its end these are open: %v", got)
	}
}

// unnamed returns what this process has open below a folder of files that have
// no name.
func unnamed(t *testing.T, dir string) (open []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	for _, e := range entries {
		to, err := os.Readlink("/proc/self/fd/" + e.Name()) // one is that of the reading
		if err == nil && strings.HasPrefix(to, dir) && strings.HasSuffix(to, " (deleted)") {
			open = append(open, to)
		}
	}
	return open
}

func deviceOf(t *testing.T, path string) uint64 {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return uint64(st.Dev)
}
