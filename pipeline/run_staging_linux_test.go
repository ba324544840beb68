package pipeline

import (
	"context"
	"os"
	"syscall"
	"testing"
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

func deviceOf(t *testing.T, path string) uint64 {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return uint64(st.Dev)
}
