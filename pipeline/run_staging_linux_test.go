package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
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
	w := newWorld(t, "a", "b", "c", "d", "e", "f", "g")
	needNameless(t, w.dir)
	w.opts.MaxWorkers = 1
	most := 0
	written(w, "load", func(task *Task) error {
		most = max(most, len(unnamed(w.dir)))
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
		case "g":
			return &PauseError{errors.New("after writing")}
		}
		return nil
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if most != 1 {
		t.Errorf("nodes that run one after the other had up to %d files without names, want one", most)
	}
	if files := unnamed(w.dir); len(files) > 0 {
		t.Errorf("after the run these are open: %v", files)
	}
	w.wantStates(out, map[string]string{"load/a": "done", "load/b": "done", "load/c": "failed", "load/d": "failed", "load/e": "failed", "load/f": "done", "load/g": "not_run"})
	if got := w.read("results/load/b.txt"); got == "from elsewhere" {
		t.Errorf("load/b.txt holds %q", got)
	}
	if got := w.read("results/load/f.txt"); got != "again" {
		t.Errorf("load/f.txt holds %q", got)
	}
}

// What a node leaves in its folder is not the next one's, whichever of its files
// had names.
func TestWrittenIsNobodyElses(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers = 1
	w.write("results/load/x", "the folder is there")
	written(w, "load", func(task *Task) error { return task.Write("out", []byte("again")) })
	w.when("conclude", func(context.Context, *Task) error { return nil })
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	w.wantStates(out, map[string]string{"load/a": "done", "load/b": "done", "conclude/a": "failed", "conclude/b": "failed"})
	for _, i := range []string{"a", "b"} {
		if got := w.read("results/load/" + i + ".txt"); got != "again" {
			t.Errorf("load/%s.txt holds %q", i, got)
		}
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
	if files := unnamed(w.dir); len(files) > 0 {
		t.Errorf("after the run these are open: %v", files)
	}
}

// writer is a task with outputs in a folder, as one in a run.
func writer(t *testing.T, dir string, outputs int) *Task {
	t.Helper()
	files, err := store.OpenFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	files.PublishTo(dir)
	paths := map[string]string{}
	for i := range outputs {
		paths[strconv.Itoa(i)] = filepath.Join(dir, strconv.Itoa(i))
	}
	task := NewTask(TaskSetup{Outputs: paths})
	task.files = files
	return task
}

// A task has few files open, and none too many for others.
func TestWriteManyOutputs(t *testing.T) {
	dir := t.TempDir()
	needNameless(t, dir)
	task := writer(t, dir, 10)
	for i := range 10 {
		for range 2 {
			if err := task.Write(strconv.Itoa(i), []byte{'0' + byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := len(unnamed(dir)); got != mostHeld {
		t.Errorf("%d files have no name, want %d", got, mostHeld)
	}
	for name, path := range task.Outputs() {
		if b, err := os.ReadFile(path); err != nil || string(b) != name {
			t.Errorf("output %s holds %q, %v", name, b, err)
		}
	}
	if got := unnamed(dir); len(got) > 0 {
		t.Errorf("a task that was told its paths has files without names: %v", got)
	}

	task = writer(t, dir, 2)
	task.Dir()
	for _, text := range []string{"old", "new"} {
		for _, name := range []string{"0", "1"} {
			if err := task.Write(name, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != text {
				t.Errorf("a task that was told its folder wrote %q, %v; want %q", b, err, text)
			}
		}
	}
}

// Code that was abandoned writes no more when its node has ended, and what it
// wrote before is given up when the code ends.
func TestWrittenByAbandonedCode(t *testing.T) {
	dir := t.TempDir()
	needNameless(t, dir)
	task := writer(t, dir, 2)
	for _, name := range []string{"0", "1"} {
		if err := task.Write(name, []byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	task.over() // its node
	if err := task.Write("0", []byte("more")); err == nil || !strings.Contains(err.Error(), "after its end") {
		t.Errorf("written after the end: %v", err)
	}
	task.Output("1")
	if got := unnamed(dir); len(got) != 1 {
		t.Errorf("these are open while the code goes on: %v, want one", got)
	}
	task.over() // its code
	if got := unnamed(dir); len(got) > 0 {
		t.Errorf("after its end these are open: %v", got)
	}
}

// What a Failed hook wrote is given up as well.
func TestWrittenByHook(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers = 1
	written(w, "load", func(*Task) error { return errors.New("no data") })
	w.kind("load").Failed = func(task *Task, _ error) error {
		if open := unnamed(w.dir); len(open) > 0 {
			t.Errorf("before the hook these are open: %v", open)
		}
		return errors.Join(task.Write("out", []byte("hook")), errors.New("the hook failed too"))
	}
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if got := w.errorOf(out, "load/b"); !strings.Contains(got, "the hook failed too") {
		t.Errorf("load/b: %q", got)
	}
	if files := unnamed(w.dir); len(files) > 0 {
		t.Errorf("after the run these are open: %v", files)
	}
}

// needNameless skips a test where there are no files without names.
func needNameless(t *testing.T, dir string) {
	t.Helper()
	task := writer(t, dir, 2)
	for _, name := range []string{"0", "1"} { // the first has a name
		if err := task.Write(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(unnamed(dir)) == 0 {
		t.Skip("files without names cannot be had here")
	}
	task.over()
	task.over()
	os.Remove(filepath.Join(dir, "0"))
}

// unnamed returns what this process has open below a folder of files that have
// no name.
func unnamed(dir string) (open []string) {
	entries, _ := os.ReadDir("/proc/self/fd") // nothing where there is no such folder: see needNameless
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
