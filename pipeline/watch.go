package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The names of the events of watching, between those of the runs.
const (
	EventChanged  = "changed"  // Message says what: a run follows
	EventBroken   = "broken"   // the pipeline file is wrong, Error says how: nothing runs until it is mended
	EventWatching = "watching" // everything is up to date as far as it can be; Total folders are watched
)

// defaultDebounce is how long nothing more must happen before a run begins:
// longer than editors and version control take between the steps of one change.
const defaultDebounce = 50 * time.Millisecond

// longestDebounce bounds how long changes that do not stop can put a run off.
const longestDebounce = 20 // times the debounce

// WatchOptions are what Watch is told.
type WatchOptions struct {
	File string // the pipeline file

	// Open reads the pipeline file. With an error it returns what it looked at
	// as well: that is where the mistake may be mended.
	Open func() (*Watched, error)

	// Debounce is how long nothing more must change before a run begins; 0 for
	// 50 ms. Changes that go on put it off to at most 20 times that.
	Debounce time.Duration

	// Observe receives the events of watching, one at a time; those of the runs
	// come from Run.
	Observe func(Event)

	// Stop, when closed, ends the watch: a run at work is told to drain. The
	// end of the context does not wait for what runs.
	Stop <-chan struct{}
}

// A Watched is a pipeline file as it was read.
type Watched struct {
	Looked
	Plan    *Plan    // nil where the file is wrong
	Outcome *Outcome // of the last Run, which sets it; nil where it has none

	// Run runs the plan, again and again while it stays as it is. It passes
	// what it is given on in the Options of these names. It reports errors by
	// itself.
	Run func(ctx context.Context, drain <-chan struct{}, supersede <-chan *Plan, first []string)
}

// Watch runs a pipeline now and whenever something it depends on changes: the
// pipeline file, what that reads and lists, and the files that nodes read. It
// returns when Stop is closed or the context ends, after the last run has; its
// error says that changes cannot be watched for.
//
// There is one run at a time. A change during a run cancels the nodes at work
// whose key it changes, lets the others finish, and starts the next run. What
// the system tells of is only a hint: the run looks at every file, if at those
// of the instances that it was told of first. A run that cannot begin or fails
// does not end the watch.
func Watch(ctx context.Context, opts WatchOptions) error {
	w, err := newWatcher(opts)
	if err != nil {
		return err
	}
	return w.watch(ctx)
}

func newWatcher(opts WatchOptions) (*watcher, error) {
	if opts.Debounce <= 0 {
		opts.Debounce = defaultDebounce
	}
	var err error
	if opts.File, err = filepath.Abs(opts.File); err != nil {
		return nil, err
	}
	return &watcher{opts: opts, wake: make(chan struct{}, 1), done: make(chan struct{}, 1)}, nil
}

func (w *watcher) watch(ctx context.Context) error {
	err := w.loop(ctx)
	if w.notifier != nil {
		_, cerr := w.notifier.close()
		err = errors.Join(err, cerr)
	}
	return err
}

// A watcher is one call of Watch. One goroutine owns it; a run has another,
// and so has the notifier.
type watcher struct {
	opts     WatchOptions
	wake     chan struct{}
	notifier *notifier

	target *Watched // the pipeline file as it was last right, nil before
	broken error    // why it is not right now
	said   string   // of what is broken

	next      bool            // a run is due
	first     map[string]bool // instances of which it is known that their files changed since the last one
	running   bool
	ran       *Watched // what runs, or ran last
	restless  restless
	done      chan struct{} // gets an element when a run has ended
	drain     chan struct{} // of the run at work
	supersede chan *Plan    // likewise
}

func (w *watcher) loop(ctx context.Context) error {
	w.next = true
	if err := w.reopen(true); err != nil {
		return err
	}
	w.complain(true)
	w.proceed(ctx)

	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	var first time.Time // of the changes that wait
	stop, cancelled := w.opts.Stop, ctx.Done()
	ending := false
	for !ending || w.running {
		select {
		case <-cancelled:
			ending, cancelled = true, nil
		case <-stop:
			ending, stop = true, nil
			if w.running {
				close(w.drain)
			}
		case <-w.wake:
			if first.IsZero() {
				first = time.Now()
			}
			quiet.Reset(min(w.opts.Debounce, time.Until(first.Add(longestDebounce*w.opts.Debounce))))
		case <-quiet.C:
			first = time.Time{}
			if ending {
				continue
			}
			if err := w.look(); err != nil {
				if w.running {
					close(w.drain)
					<-w.done
				}
				return err
			}
			w.proceed(ctx)
		case <-w.done:
			w.running = false
			w.restless.end(w.ran.Outcome)
			w.next = w.next && !w.rests(&w.restless.during)
			if !ending {
				w.proceed(ctx)
			}
		}
	}
	return nil
}

// proceed begins a run where one is due, and says so where everything is done.
func (w *watcher) proceed(ctx context.Context) {
	if w.running {
		return
	}
	if !w.next || w.broken != nil {
		w.say(Event{Event: EventWatching, Total: len(w.notifier.index.dirs)})
		return
	}
	w.next, w.running, w.ran, w.restless.during = false, true, w.target, hints{}
	w.drain, w.supersede = make(chan struct{}), make(chan *Plan, 1)
	w.target.Plan.runsAgain()
	go func(t *Watched, drain <-chan struct{}, supersede <-chan *Plan, first []string) {
		t.Run(ctx, drain, supersede, first)
		w.done <- struct{}{}
	}(w.target, w.drain, w.supersede, slices.Sorted(maps.Keys(w.first)))
	w.first = nil
}

// look takes in what changed.
func (w *watcher) look() error {
	h := w.notifier.take()
	switch {
	case h.fault != nil:
		return fmt.Errorf("watching for changes failed: %w", h.fault)
	case !h.some:
		return nil
	case !w.running && w.rests(&h):
		return nil
	}
	w.restless.note(&h)
	w.next = true
	if w.first == nil || h.all {
		w.first = map[string]bool{}
	}
	if !h.all { // else one is as likely as the other
		maps.Copy(w.first, h.instances)
	}
	if h.replan() {
		// Where folders may lie elsewhere now, what is watched is found anew.
		if err := w.reopen(h.all); err != nil {
			return err
		}
		w.complain(len(h.names) > 0)
	}
	if w.broken != nil {
		return nil // a run at work goes on; the next one waits
	}
	w.say(Event{Event: EventChanged, Message: h.text(w.target.Plan.Dir)})
	if w.running && w.restless.mayCancel(&h) {
		select {
		case <-w.supersede: // an older plan, which nobody has looked at
		default:
		}
		w.supersede <- w.target.Plan
	}
	return nil
}

// reopen reads the pipeline file and follows what it names. What was not
// watched while it was read may have changed meanwhile: then it is read again.
// afresh says not to trust what is watched already.
func (w *watcher) reopen(afresh bool) error {
	for {
		t, err := w.opts.Open()
		w.broken = err
		looked, plan := t.Looked, t.Plan
		if err == nil {
			w.target = t
		} else if w.target != nil {
			// Where things were right before they may become right again.
			looked.Reads = append(slices.Clone(looked.Reads), w.target.Reads...)
			looked.Globs = append(slices.Clone(looked.Globs), w.target.Globs...)
			plan = w.target.Plan
		}
		unseen, err := w.follow(newWatchIndex(filepath.Dir(w.opts.File), looked, plan), afresh)
		if err != nil || !unseen {
			return err
		}
		afresh = false
	}
}

// follow watches the folders of an index. unseen says that some of those that
// shape the plan may not have been watched so far.
func (w *watcher) follow(index *watchIndex, afresh bool) (unseen bool, err error) {
	old := w.notifier
	if !afresh && old.swap(index) {
		return false, nil
	}
	n, err := notify(index, w.wake)
	if err != nil {
		return false, err
	}
	w.notifier = n
	for _, dir := range n.blind {
		w.say(Event{Event: EventWarning, Message: dir + " may not be read: what changes in it goes unnoticed"})
	}
	if old == nil {
		return true, nil
	}
	rest, err := old.close()
	n.add(rest)
	return afresh || !index.planSeenBy(old.index), err
}

// complain says that the pipeline file is wrong: again only when asked to.
func (w *watcher) complain(again bool) {
	if w.broken == nil {
		w.said = ""
		return
	}
	if text := w.broken.Error(); again || text != w.said {
		w.said = text
		w.say(Event{Event: EventBroken, Error: text})
	}
}

func (w *watcher) say(e Event) {
	if w.opts.Observe != nil {
		e.Time = time.Now()
		w.opts.Observe(e)
	}
}

// text names what changed, for people.
func (h *hints) text(dir string) string {
	paths := slices.Sorted(maps.Keys(h.names))
	names := make([]string, 0, len(paths))
	for i, p := range paths {
		removed := ""
		if i <= someNames { // more are not shown
			if _, err := os.Lstat(p); errors.Is(err, fs.ErrNotExist) {
				removed = " (removed)"
			}
		}
		if rel, err := filepath.Rel(dir, p); err == nil && filepath.IsLocal(rel) {
			p = filepath.ToSlash(rel)
		}
		names = append(names, p+removed)
	}
	switch {
	case h.lost:
		return "more than the system tells of"
	case len(names) == 0:
		return "a folder"
	}
	return someOf(names)
}
