package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// written makes a kind write its output through the engine.
func written(w *world, kind string, more func(*Task) error) {
	w.when(kind, func(_ context.Context, task *Task) error {
		text, err := seen(task)
		if err != nil {
			return err
		}
		if err := task.Write("out", []byte(text)); err != nil || more == nil {
			return err
		}
		return more(task)
	})
}

// What is written through the engine is what would be read: the same records,
// the same early cutoff.
func TestWrite(t *testing.T) {
	w := newWorld(t, "a", "b")
	for _, kind := range []string{"load", "conclude", "plot"} {
		written(w, kind, nil)
	}
	w.runs(all("a", "b")...)
	w.runs()
	w.write("data/a", "other data")
	w.runs("load/a", "conclude/a", "plot/a", "report")
	if got := w.read("results/load/a.txt"); !strings.Contains(got, "other data") {
		t.Errorf("load/a.txt holds %q", got)
	}
	before, err := os.Stat(w.path("results/load/b.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"load", "conclude", "plot"} {
		w.when(kind, nil)
	}
	w.opts.Force = true
	w.runs(all("a", "b")...)
	if after, err := os.Stat(w.path("results/load/b.txt")); err != nil || !os.SameFile(before, after) || after.ModTime() != before.ModTime() {
		t.Errorf("an output that came out the same was written again: %v", err)
	}
}

// A folder is used again only where no kind was told its path.
func TestStagingIsUsedAgain(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.MaxWorkers = 1
	dirs := map[string]bool{}
	note := func(task *Task) error { dirs[task.dir] = true; return nil }
	for _, kind := range []string{"load", "conclude", "plot"} {
		written(w, kind, note)
	}
	w.runs(all("a", "b", "c")...)
	if len(dirs) != 1 {
		t.Errorf("nodes that never asked for a path had %d folders", len(dirs))
	}
	clear(dirs)
	for _, kind := range []string{"load", "conclude", "plot"} {
		written(w, kind, func(task *Task) error {
			return errors.Join(note(task), os.WriteFile(filepath.Join(task.Dir(), "left"), nil, 0o644))
		})
	}
	w.opts.Force = true
	w.runs(all("a", "b", "c")...)
	if len(dirs) != 9 {
		t.Errorf("nodes that were told a path had %d folders, want one each", len(dirs))
	}
}

// What the engine wrote is published as it was written, unless the kind was told
// the path and writes there by itself. What could not be written fails the node,
// whatever its kind makes of that.
func TestWriteThenChanged(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	written(w, "load", func(task *Task) error {
		switch task.Instance {
		case "a":
			want, _ := seen(task)
			if b, err := os.ReadFile(task.Output("out")); err != nil || want == "" || string(b) != want {
				t.Errorf("at the path that it was told the kind finds %q, %v; want %q", b, err, want)
			}
			return task.Write("out", []byte("at last"))
		case "b":
			return os.WriteFile(task.Output("out"), []byte("by itself"), 0o644)
		}
		if err := os.RemoveAll(task.Dir()); err != nil {
			return err
		}
		if err := task.Write("out", nil); err == nil {
			t.Error("written into a folder that is gone")
		}
		return errors.Join(os.MkdirAll(filepath.Dir(task.Output("out")), 0o777), os.WriteFile(task.Output("out"), nil, 0o644))
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	want := "its output out (load/c.txt) could not be written: no such file or directory"
	if got := w.errorOf(out, "load/c"); !strings.Contains(got, want) {
		t.Errorf("load/c: %q, want %q", got, want)
	}
	w.wantStates(out, map[string]string{"load/a": "done", "load/b": "done", "plot/b": "done"})
	for instance, want := range map[string]string{"a": "at last", "b": "by itself"} {
		if got := w.read("results/load/" + instance + ".txt"); got != want {
			t.Errorf("load/%s.txt holds %q, want %q", instance, got, want)
		}
	}
	written(w, "load", nil)
	w.runs("load/c", "conclude/c", "plot/c", "report")
}

// The first file of a run has a name in any case: it is seen that somebody else
// changes it.
func TestWrittenIsChangedByOthers(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers = 1
	written(w, "load", func(task *Task) error {
		if task.Instance == "a" {
			return os.WriteFile(task.outputs[0].path, []byte("from elsewhere"), 0o644)
		}
		return nil
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.errorOf(out, "load/a"), "was changed by another program while it was published"; !strings.Contains(got, want) {
		t.Errorf("load/a: %q, want %q", got, want)
	}
	written(w, "load", nil)
	w.runs("load/a", "conclude/a", "plot/a", "report")
}

func TestWriteUnknownOutput(t *testing.T) {
	w := newWorld(t, "a")
	w.when("load", func(_ context.Context, task *Task) error { return task.Write("in", nil) })
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if got := w.errorOf(out, "load/a"); !strings.Contains(got, `has no output "in"`) {
		t.Errorf("load/a: %q", got)
	}
}
