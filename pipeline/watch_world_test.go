package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// A watchWorld is a pipeline file on disk that is watched: a copy of a file for
// each instance, and a sum of all copies.
type watchWorld struct {
	t        testing.TB
	dir      string
	debounce time.Duration
	watcher  *watcher
	when     func(ctx context.Context, t *Task) error // before a copy is made

	events chan Event
	stop   chan struct{}
	cancel context.CancelFunc
	ended  chan error

	mu    sync.Mutex
	ran   []string // "copy/a"
	first []string // what runs were told to look at first
	runs  atomic.Int32
	at    atomic.Int32 // runs at work
}

const watchedText = `pipeline "w" { instances = stems("data/*.txt") }
stage "copy" "c" { input = "data/${instance}.txt" }
stage "sum" "s" { of = stage.copy.c }
`

func newWatchWorld(t testing.TB, instances ...string) *watchWorld {
	t.Helper()
	w := &watchWorld{t: t, dir: t.TempDir(), events: make(chan Event, 100_000), stop: make(chan struct{}), ended: make(chan error, 1)}
	w.write("pipeline.hcl", watchedText)
	for _, i := range instances {
		w.write("data/"+i+".txt", "data of "+i)
	}
	return w
}

func (w *watchWorld) kinds() Kinds {
	copyKind := Kind{
		Name: "copy", Version: "1", Scope: PerInstance,
		Attributes: []Attribute{
			{Name: "input", Role: InputPath, Required: true},
			{Name: "note", Role: Setting, Type: cty.String},
		},
		Outputs: func(p Place) []Output { return []Output{{"copy", "copies/" + p.File + ".txt"}} },
		Run: func(ctx context.Context, t *Task) error {
			w.note("copy/" + t.Instance)
			if w.when != nil {
				if err := w.when(ctx, t); err != nil {
					return err
				}
			}
			in, _ := t.Input("input")
			text := []byte("absent")
			if !in.Absent {
				var err error
				if text, err = os.ReadFile(in.Path); err != nil {
					return err
				}
			}
			return os.WriteFile(t.Output("copy"), text, 0o666)
		},
	}
	sumKind := Kind{
		Name: "sum", Version: "1", Scope: Aggregate, Partial: true,
		Attributes: []Attribute{
			{Name: "of", Role: StageRefs, Required: true, Kinds: []string{"copy"}},
			{Name: "labels", Role: InputPath},
		},
		Outputs: func(Place) []Output { return []Output{{"sum", "sum.txt"}} },
		Run: func(_ context.Context, t *Task) error {
			w.note("sum")
			text := ""
			for _, u := range t.Upstream("of") {
				if a, ok := u.Output("copy"); ok && u.State == Done {
					b, err := os.ReadFile(a.Path)
					if err != nil {
						return err
					}
					text += u.Instance + ": " + string(b) + "\n"
				}
			}
			return os.WriteFile(t.Output("sum"), []byte(text), 0o666)
		},
	}
	return Kinds{Stages: []Kind{copyKind, sumKind}}
}

func (w *watchWorld) note(node string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ran = append(w.ran, node)
}

// open is what Watch is given.
func (w *watchWorld) open() (*Watched, error) {
	t := &Watched{}
	in := Input{Sources: Sources{}, Looked: &t.Looked}
	plan, diags := Load(w.path("pipeline.hcl"), w.kinds(), in)
	if plan == nil {
		var b strings.Builder
		if err := WriteDiagnostics(&b, diags, in.Sources); err != nil {
			w.t.Error(err)
		}
		return t, errors.New(b.String())
	}
	t.Plan = plan
	t.Run = func(ctx context.Context, drain <-chan struct{}, supersede <-chan *Plan, first []string) {
		if w.at.Add(1) > 1 {
			w.t.Error("two runs at once")
		}
		w.runs.Add(1)
		w.mu.Lock()
		w.first = append(w.first, first...)
		w.mu.Unlock()
		_, err := Run(ctx, plan, Options{Drain: drain, Supersede: supersede, First: first, MaxWorkers: 4, Observe: func(e Event) { w.events <- e }})
		w.at.Add(-1)
		if err != nil {
			w.events <- Event{Event: "failed", Error: err.Error()}
		}
	}
	return t, nil
}

// watch begins to watch, and ends it with the test.
func (w *watchWorld) watch() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	watcher, err := newWatcher(WatchOptions{File: w.path("pipeline.hcl"), Open: w.open, Stop: w.stop, Debounce: w.debounce, Observe: func(e Event) { w.events <- e }})
	if err != nil {
		w.t.Fatal(err)
	}
	w.watcher = watcher
	go func() { w.ended <- watcher.watch(ctx) }()
	w.t.Cleanup(cancel)
}

// finish ends the watch cleanly.
func (w *watchWorld) finish() {
	w.t.Helper()
	close(w.stop)
	if err := <-w.ended; err != nil {
		w.t.Error(err)
	}
}

// await returns the next event with this name. A test that waits in vain fails
// here rather than at the end of all tests.
func (w *watchWorld) await(name string) Event {
	w.t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for {
		select {
		case e := <-w.events:
			switch e.Event {
			case name:
				return e
			case "failed", EventBroken, EventWarning:
				w.t.Logf("%s: %s%s", e.Event, e.Error, e.Message)
			}
		case err := <-w.ended:
			w.t.Fatalf("the watch ended instead of %s: %v", name, err)
		case <-late.C:
			w.t.Fatalf("no event %s; ran %q", name, w.took())
		}
	}
}

// took returns which nodes ran since the last step, each once, sorted.
func (w *watchWorld) took() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(w.ran)))
}

// told returns what the runs since the last call were told to look at first,
// each once, sorted.
func (w *watchWorld) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := slices.Compact(slices.Sorted(slices.Values(w.first)))
	w.first = nil
	return first
}

func (w *watchWorld) wantTold(want ...string) {
	w.t.Helper()
	if got := w.told(); !slices.Equal(got, want) {
		w.t.Errorf("the runs were told to look at %q first, want %q", got, want)
	}
}

// forget begins a step.
func (w *watchWorld) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ran = nil
}

// settles waits until exactly these nodes ran and nothing is left to do. What
// one step of a test changes may be seen as several changes.
func (w *watchWorld) settles(want ...string) {
	w.t.Helper()
	slices.Sort(want)
	for {
		w.await(EventWatching)
		ran := w.took()
		if slices.Equal(ran, want) {
			w.forget()
			return
		}
		for _, node := range ran {
			if !slices.Contains(want, node) {
				w.t.Fatalf("ran %q, want %q", ran, want)
			}
		}
	}
}

func (w *watchWorld) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

// write writes a file at once, as a program does that takes care.
func (w *watchWorld) write(name, text string) {
	w.t.Helper()
	tmp := filepath.Join(w.t.TempDir(), "new")
	if err := os.WriteFile(tmp, []byte(text), 0o666); err != nil {
		w.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o777); err != nil {
		w.t.Fatal(err)
	}
	w.rename(tmp, w.path(name))
}

// write over changes a file in place.
func (w *watchWorld) overwrite(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o666); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watchWorld) rename(from, to string) {
	w.t.Helper()
	if err := os.Rename(from, to); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watchWorld) remove(name string) {
	w.t.Helper()
	if err := os.RemoveAll(w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

// wantSum checks what all runs together came to.
func (w *watchWorld) wantSum(lines ...string) {
	w.t.Helper()
	b, err := os.ReadFile(w.path("results/sum.txt"))
	if err != nil {
		w.t.Fatal(err)
	}
	want := ""
	for i := 0; i < len(lines); i += 2 {
		want += fmt.Sprintf("%s: %s\n", lines[i], lines[i+1])
	}
	if string(b) != want {
		w.t.Errorf("the sum is\n%swant\n%s", b, want)
	}
}
