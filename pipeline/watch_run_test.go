package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/fsnotify/fsnotify"
)

// gate makes copies wait: they announce themselves and go on when they are
// let, or their context ends.
type gate struct {
	waits     chan string
	let       chan struct{}
	cancelled chan string
}

func (w *watchWorld) gate() *gate {
	g := &gate{waits: make(chan string, 100), let: make(chan struct{}), cancelled: make(chan string, 100)}
	w.when = func(ctx context.Context, t *Task) error {
		g.waits <- t.Instance
		select {
		case <-g.let:
			return nil
		case <-ctx.Done():
			g.cancelled <- t.Instance
			return ctx.Err()
		}
	}
	return g
}

// A change during a run cancels the nodes whose key it changes and no others,
// and what finished is not made again.
func TestWatchChangeDuringARun(t *testing.T) {
	w := newWatchWorld(t, "a", "b", "c")
	g := w.gate()
	w.watch()
	for range 3 {
		<-g.waits
	}
	w.write("data/b.txt", "new b")
	if name := <-g.cancelled; name != "b" {
		t.Errorf("copy/%s was cancelled, want copy/b", name)
	}
	w.forget()
	close(g.let)
	w.settles("copy/b", "sum")
	w.wantSum("a", "data of a", "b", "new b", "c", "data of c")
	if len(g.cancelled) > 0 {
		t.Errorf("copy/%s was cancelled as well", <-g.cancelled)
	}
	w.finish()
}

// A change of the pipeline file during a run, wrong first: the run goes on, and
// is superseded when the file is mended.
func TestWatchPipelineFileDuringARun(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	w.write("note.txt", "note")
	g := w.gate()
	w.watch()
	for range 2 {
		<-g.waits
	}
	w.write("pipeline.hcl", "pipeline {")
	w.await(EventBroken)
	if len(g.cancelled) > 0 {
		t.Error("a pipeline file that is wrong cancelled a node")
	}
	w.forget() // the next run may begin as soon as both are cancelled
	w.write("data/c.txt", "data of c")
	w.write("pipeline.hcl", noted)
	for range 2 { // every key is another one now
		<-g.cancelled
	}
	close(g.let)
	w.settles("copy/a", "copy/b", "copy/c", "sum")
	w.finish()
}

// A new instance during a run cancels nothing.
func TestWatchNewInstanceDuringARun(t *testing.T) {
	w := newWatchWorld(t, "a")
	g := w.gate()
	w.watch()
	<-g.waits
	w.write("data/b.txt", "data of b")
	w.await(EventChanged)
	w.forget()
	close(g.let)
	w.settles("copy/b", "sum")
	if len(g.cancelled) > 0 {
		t.Error("copy/a was cancelled")
	}
	w.finish()
}

func TestWatchStopsInARun(t *testing.T) {
	w := newWatchWorld(t, "a")
	g := w.gate()
	w.watch()
	<-g.waits
	close(w.stop)
	select { // what runs is waited for
	case err := <-w.ended:
		t.Fatalf("the watch ended before its run: %v", err)
	default:
	}
	close(g.let)
	if err := <-w.ended; err != nil {
		t.Error(err)
	}
	if e := w.await(EventRunFinished); e.Outcome.Executed < 1 {
		t.Errorf("outcome %+v", e.Outcome)
	}
}

func TestWatchIsCancelledInARun(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	g := w.gate()
	w.watch()
	for range 2 {
		<-g.waits
	}
	w.cancel()
	if err := <-w.ended; err != nil {
		t.Error(err)
	}
	if e := w.await(EventRunFinished); !e.Outcome.Interrupted || len(g.cancelled) != 2 {
		t.Errorf("outcome %+v, %d cancelled", e.Outcome, len(g.cancelled))
	}
}

// A node that fails, and a run that cannot begin, do not end the watch.
func TestWatchFailures(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	var fails atomic.Bool
	fails.Store(true)
	w.when = func(_ context.Context, t *Task) error {
		if t.Instance == "a" && fails.Load() {
			return errors.New("no")
		}
		return nil
	}
	w.watch()
	w.settles("copy/a", "copy/b", "sum")
	fails.Store(false)
	w.write("data/b.txt", "new b")
	w.settles("copy/a", "copy/b", "sum")
	w.remove("results")
	w.overwrite("results", "a file")
	w.write("data/b.txt", "newer b")
	if e := w.await("failed"); !strings.Contains(e.Error, "results") {
		t.Errorf("error %s", e.Error)
	}
	w.await(EventWatching)
	w.remove("results")
	w.write("data/b.txt", "newest b")
	w.settles("copy/a", "copy/b", "sum")
	w.finish()
}

// Whatever happens, in the end everything is as the files say, and no two runs
// were at work at once.
func TestWatchManyChanges(t *testing.T) {
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprintf("i%02d", i))
	}
	w := newWatchWorld(t, names...)
	w.watch()
	w.await(EventRunStarted)
	var want []string
	for k := range 5 {
		for i, name := range names {
			switch {
			case k == 3 && i%5 == 0:
				w.remove("data/" + name + ".txt")
			case i%(k+1) == 0:
				w.overwrite("data/"+name+".txt", fmt.Sprintf("%s %d", name, k))
			}
		}
	}
	for i, name := range names {
		if b, err := os.ReadFile(w.path("data/" + name + ".txt")); err == nil {
			want = append(want, name, string(b))
		} else if i%5 != 0 {
			t.Fatal(err)
		}
	}
	sum := func() string {
		b, err := os.ReadFile(w.path("results/sum.txt"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	last := want[len(want)-2] + ": " + want[len(want)-1] + "\n"
	for w.await(EventWatching); strings.Count(sum(), "\n") != len(want)/2 || !strings.HasSuffix(sum(), last); {
		w.await(EventWatching)
	}
	w.write("data/i01.txt", "the last one")
	want[slices.Index(want, "i01")+1] = "the last one"
	for w.await(EventWatching); !strings.Contains(sum(), "the last one"); {
		w.await(EventWatching)
	}
	w.wantSum(want...)
	w.finish()
}

// Changes that do not stop cannot put a run off for ever.
func TestWatchDebounceIsBounded(t *testing.T) {
	w := newWatchWorld(t, "a")
	w.watch()
	w.settles("copy/a", "sum")
	end := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-end:
				return
			default:
				if err := os.WriteFile(w.path("data/a.txt"), []byte(fmt.Sprint(i)), 0o666); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	w.await(EventRunStarted)
	close(end)
	<-ended
	w.write("data/a.txt", "at last")
	for w.await(EventWatching); ; w.await(EventWatching) {
		if b, err := os.ReadFile(w.path("results/sum.txt")); err != nil || string(b) == "a: at last\n" {
			break
		}
	}
	w.finish()
}

// A run is told whose files changed, and of names that are gone as well.
func TestWatchTellsWhatChanged(t *testing.T) {
	w := newWatchWorld(t, "a", "b", "c")
	w.watch()
	w.settles("copy/a", "copy/b", "copy/c", "sum")
	w.told() // whatever the first run was
	w.write("data/b.txt", "new b")
	w.settles("copy/b", "sum")
	w.wantTold("b")
	w.overwrite("data/a.txt", "new a")
	w.remove("data/c.txt")
	w.settles("copy/a", "sum")
	w.wantTold("a", "c")
	w.rename(w.path("data/b.txt"), w.path("data/d.txt"))
	w.settles("copy/d", "sum")
	w.wantTold("b")
	w.wantSum("a", "new a", "d", "new b")
	w.finish()
}

// When more happened than the system tells of, everything is looked at.
func TestWatchOverflow(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	w.watch()
	w.settles("copy/a", "copy/b", "sum")
	n := w.watcher.notifier
	for _, dir := range n.fs.WatchList() { // nothing is told any more
		if err := n.fs.Remove(dir); err != nil {
			t.Fatal(err)
		}
	}
	w.write("data/a.txt", "unnoticed")
	w.write("data/c.txt", "unnoticed")
	n.fs.Errors <- fsnotify.ErrEventOverflow
	if e := w.await(EventChanged); e.Message != "more than the system tells of" {
		t.Errorf("changed: %s", e.Message)
	}
	w.told()
	w.settles("copy/a", "copy/c", "sum")
	w.wantTold()
	w.write("data/b.txt", "noticed")
	w.settles("copy/b", "sum")
	w.finish()
}

func TestWatchFault(t *testing.T) {
	w := newWatchWorld(t, "a")
	w.watch()
	w.settles("copy/a", "sum")
	w.watcher.notifier.fs.Errors <- errors.New("the system is tired")
	if err := <-w.ended; err == nil || !strings.Contains(err.Error(), "the system is tired") {
		t.Errorf("the watch ended with %v", err)
	}
}

func TestWatchErrors(t *testing.T) {
	for _, tt := range []struct {
		dir  string
		err  error
		want string
	}{
		{"/data", syscall.ENOSPC, "cannot watch /data: the system's limit of watched folders is reached; raise it, on Linux fs.inotify.max_user_watches"},
		{"", syscall.EMFILE, "raise fs.inotify.max_user_instances"},
		{"", syscall.ENOSYS, "cannot watch for changes: "},
		{"/data", syscall.EIO, "cannot watch /data: "},
	} {
		if err := watchError(tt.dir, tt.err); !strings.Contains(err.Error(), tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("%s %v: %v, want %q", tt.dir, tt.err, err, tt.want)
		}
	}
}

// What changes without its content changing: attributes alone start nothing
// unless a file can be read now that could not, or the other way round.
func TestWatchAttributes(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	w.watch()
	w.settles("copy/a", "copy/b", "sum")
	if err := os.Link(w.path("data/a.txt"), w.path("another name")); err != nil {
		t.Skipf("no links here: %v", err)
	}
	before := w.runs.Load()
	w.write("data/b.txt", "new")
	if e := w.await(EventChanged); e.Message != "data/b.txt" {
		t.Errorf("changed: %s", e.Message)
	}
	w.settles("copy/b", "sum")
	if n := w.runs.Load() - before; n != 1 {
		t.Errorf("%d runs, want 1", n)
	}
	if err := os.Chmod(w.path("data/a.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := w.await(EventChanged); e.Message != "data/a.txt" {
		t.Errorf("changed: %s", e.Message)
	}
	w.settles()
	w.finish()
}
