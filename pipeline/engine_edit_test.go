package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// An input edited while its node runs is not recorded as seen, whenever that
// happens and whatever traces the editor leaves.
func TestInputEditedWhileTheNodeRuns(t *testing.T) {
	edits := map[string]func(w *world) error{
		"in place": func(w *world) error { return os.WriteFile(w.path("data/a"), []byte("DATA OF A"), 0o644) },
		"by rename": func(w *world) error {
			return errors.Join(os.WriteFile(w.path("data/.a"), []byte("DATA OF A"), 0o644), os.Rename(w.path("data/.a"), w.path("data/a")))
		},
		"with its time stamp kept": func(w *world) error {
			fi, err := os.Stat(w.path("data/a"))
			return errors.Join(err, os.WriteFile(w.path("data/a"), []byte("DATA OF A"), 0o644),
				os.Chtimes(w.path("data/a"), fi.ModTime(), fi.ModTime()))
		},
		"deleted":         func(w *world) error { return os.Remove(w.path("data/a")) },
		"and put back":    func(w *world) error { return os.WriteFile(w.path("data/a"), []byte("data of a"), 0o644) },
		"from the absent": func(w *world) error { return os.WriteFile(w.path("data/b"), []byte("now there"), 0o644) },
	}
	for name, edit := range edits {
		for _, before := range []bool{true, false} {
			w := newWorld(t, "a", "b")
			w.remove("data/b")
			edited := false
			during := "a"
			if name == "from the absent" {
				during = "b"
			}
			w.when("load", func(_ context.Context, task *Task) error {
				if !edited && before && task.Instance == during {
					edited = true
					if err := edit(w); err != nil {
						return err
					}
				}
				err := w.writeAll(task)
				if !edited && task.Instance == during {
					edited = true
					return errors.Join(err, edit(w))
				}
				return err
			})
			w.opts.MaxWorkers = 1
			got, out, err := w.try()
			if err != nil || out.Failed > 0 {
				t.Fatalf("%s: %+v, %v", name, out, err)
			}
			if n := strings.Count(strings.Join(got, " "), "load/"); n != 3 {
				t.Errorf("%s, before reading %t: the loads ran %d times, want 3: %q", name, before, n, got)
			}
			for _, i := range []string{"a", "b"} {
				want := "absent"
				if b, err := os.ReadFile(w.path("data/" + i)); err == nil {
					want = string(b)
				}
				if got := w.read("results/load/" + i + ".txt"); !strings.Contains(got, want) {
					t.Errorf("%s, before reading %t: the result of %s was made from other data than %q: %s", name, before, i, want, got)
				}
			}
			w.runs()
		}
	}
}

func TestInputThatNeverRests(t *testing.T) {
	w := newWorld(t, "a", "b")
	n := 0
	var failed time.Time
	told := make(chan struct{})
	w.opts.MaxWorkers = 2
	w.opts.Observe = func(e Event) {
		if e.Event == EventNodeFinished && e.Stage == "load.points" && e.Instance == "a" {
			failed = e.Time
			close(told)
		}
	}
	w.when("load", func(_ context.Context, task *Task) error {
		if task.Instance == "b" {
			<-told
			return w.writeAll(task)
		}
		n++
		w.write("data/a", strings.Repeat("x", n))
		return w.writeAll(task)
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if got := w.errorOf(out, "load/a"); !strings.Contains(got, "data/a changed while it ran") || n != maxAttempts {
		t.Errorf("after %d attempts: %q", n, got)
	}
	at, ok := out.Restless[w.path("data/a")]
	if !ok || len(out.Restless) != 1 {
		t.Errorf("restless: %v", out.Restless)
	}
	// What changes while other nodes are still at work is another change.
	if !at.Before(failed) {
		t.Errorf("restless at %v, which is not before %v, when the end of the node was told", at, failed)
	}
	if _, err := os.Stat(w.path("results/load/a.txt")); err == nil {
		t.Error("something was published")
	}
}

// What a failing node read may have been half an edit.
func TestFailureFromAnEditIsTriedAgain(t *testing.T) {
	w := newWorld(t, "a")
	w.write("data/a", "half")
	w.when("load", func(_ context.Context, task *Task) error {
		in, _ := task.Input("measurements")
		b, err := os.ReadFile(in.Path)
		if err != nil {
			return err
		}
		if string(b) == "half" {
			w.write("data/a", "whole")
			return errors.New("unreadable")
		}
		return w.writeAll(task)
	})
	if _, out, err := w.try(); err != nil || out.Failed > 0 || out.Executed != 4 {
		t.Errorf("%+v, %v", out, err)
	}
}

// An output that is edited while others use it is not taken for theirs.
func TestOutputEditedWhileItIsUsed(t *testing.T) {
	w := newWorld(t, "a")
	w.when("conclude", func(_ context.Context, task *Task) error {
		w.write("results/load/a.txt", "mine")
		return w.writeAll(task)
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.errorOf(out, "conclude/a"), "load/a.txt was changed by another program while it was used; run again"; got != want {
		t.Errorf("conclude/a: %q, want %q", got, want)
	}
	w.when("conclude", nil)
	w.runs("load/a", "conclude/a", "plot/a", "report")
	w.runs()
}

// The same where all instances are used: the first one is named.
func TestOutputsEditedWhileAllAreUsed(t *testing.T) {
	var names []string
	for i := range 2*chunkSize + 1 {
		names = append(names, fmt.Sprintf("i%04d", i))
	}
	w := newWorld(t, names...)
	w.when("report", func(_ context.Context, task *Task) error {
		for _, name := range []string{names[2*chunkSize], names[3], names[2]} {
			w.write("results/conclude/"+name+".txt", "mine")
		}
		return w.writeAll(task)
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := w.errorOf(out, "report"), "conclude/i0002.txt was changed by another program while it was used; run again"; got != want {
		t.Errorf("report: %q, want %q", got, want)
	}
}

// A node that is not told where the outputs of others lie, and only sees how they
// ended, is not held up by what becomes of them; the next run makes them again.
func TestOutputEditedThatIsNotUsed(t *testing.T) {
	w := newWorld(t, "a")
	w.when("report", func(_ context.Context, task *Task) error {
		for _, attr := range attrsOf(task, false) {
			for _, u := range task.Upstream(attr) {
				if u.State != Done || len(u.Outputs()) != 1 {
					t.Errorf("%s %s: %v, outputs %q", u.Stage, u.Instance, u.State, u.Outputs())
				}
			}
		}
		w.write("results/conclude/a.txt", "mine")
		return task.Write("out", []byte("all are done"))
	})
	w.runs("load/a", "conclude/a", "plot/a", "report")
	if got := w.read("results/report/all.txt"); got != "all are done" {
		t.Errorf("the report says %q", got)
	}
	w.runs("conclude/a")
	w.runs()
}

func TestUnreadableInputs(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d")
	w.remove("data/a")
	if err := os.Mkdir(w.path("data/a"), 0o777); err != nil {
		t.Fatal(err)
	}
	w.remove("data/b")
	if err := os.Symlink("b", w.path("data/b")); err != nil {
		t.Fatal(err)
	}
	w.write("elsewhere", "by a link")
	w.remove("data/c")
	if err := os.Symlink("../elsewhere", w.path("data/c")); err != nil {
		t.Fatal(err)
	}
	w.kind("load").Failed = func(task *Task, err error) error {
		return os.WriteFile(task.Output("out"), []byte(err.Error()), 0o644)
	}
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	for node, want := range map[string]string{
		"load/a": `input measurements: data/a is a folder, where a file is expected: name a file in it, or in a list all of them: [for s in stems("data/a/*.csv") : "data/a/${s}.csv"]`,
		"load/b": "input measurements: cannot read data/b: too many levels of symbolic links",
		"load/c": "",
	} {
		if got := w.errorOf(out, node); got != want {
			t.Errorf("%s: %q, want %q", node, got, want)
		}
	}
	if got := w.read("results/load/a.txt"); !strings.Contains(got, "is a folder") {
		t.Errorf("the hook wrote %q", got)
	}
	w.write("elsewhere", "by a link, changed")
	got, _, err := w.try()
	if want := "conclude/c load/c plot/c report"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("ran %q (%v), want %q", got, err, want)
	}
}
