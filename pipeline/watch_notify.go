package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// hints are what the system told of changes, gathered until somebody looks.
type hints struct {
	some      bool // there are any
	names     map[string]meaning
	instances map[string]bool // whose nodes read those files, as far as known
	all       bool            // anything may have changed: a folder came or went, or more happened than the system tells
	lost      bool            // the latter
	fault     error           // watching has failed
}

// note adds a name. Of two meanings the wider one counts.
func (h *hints) note(name string, m meaning) {
	if h.names == nil {
		h.names = map[string]meaning{}
	}
	h.names[name] = max(h.names[name], m)
}

// concern adds an instance, unless it is "".
func (h *hints) concern(instance string) {
	if h.instances == nil {
		h.instances = map[string]bool{}
	}
	if instance != "" {
		h.instances[instance] = true
	}
}

// replan reports whether what shapes the plan changed.
func (h *hints) replan() bool {
	for name, m := range h.names {
		if m == meansPlan || m == meansGone && !stampOf(name).there {
			return true
		}
	}
	return h.all
}

// A notifier follows the folders of an index and gathers what changes in them.
type notifier struct {
	fs    *fsnotify.Watcher
	wake  chan<- struct{} // gets an element when there is something to look at
	ended chan struct{}
	blind []string // folders that cannot be watched

	mu     sync.Mutex
	index  *watchIndex
	hints  hints
	stamps map[string]stamp // of files whose attributes changed, newer than the index's
}

// watchBuffer is how many changes wait for us in the process; what the kernel
// keeps is set by the system.
const watchBuffer = 4096

// notify begins to follow an index. What changed before is for the caller to
// see, by looking at files only afterwards.
func notify(index *watchIndex, wake chan<- struct{}) (*notifier, error) {
	w, err := fsnotify.NewBufferedWatcher(watchBuffer)
	if err != nil {
		return nil, watchError("", err)
	}
	n := &notifier{index: index, fs: w, wake: wake, ended: make(chan struct{}), stamps: map[string]stamp{}}
	for dir, files := range index.dirs {
		err := w.Add(dir)
		switch {
		case err == nil, errors.Is(err, fs.ErrNotExist): // what went meanwhile, the folder above tells of
		case errors.Is(err, fs.ErrPermission):
			if files {
				n.blind = append(n.blind, dir)
			}
		default:
			return nil, errors.Join(watchError(dir, err), w.Close())
		}
	}
	slices.Sort(n.blind)
	go n.gather()
	return n, nil
}

// watchError says what to do about a limit of the system.
func watchError(dir string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("cannot watch %s: the system's limit of watched folders is reached; raise it, on Linux fs.inotify.max_user_watches: %w", dir, err)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("cannot watch for changes: too many open files or watchers; on Linux raise fs.inotify.max_user_instances: %w", err)
	case dir == "":
		return fmt.Errorf("cannot watch for changes: %w", err)
	}
	return fmt.Errorf("cannot watch %s: %w", dir, err)
}

func (n *notifier) gather() {
	defer close(n.ended)
	events, faults := n.fs.Events, n.fs.Errors
	for events != nil || faults != nil {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			n.note(e)
		case err, ok := <-faults:
			if !ok {
				faults = nil
				continue
			}
			n.mu.Lock()
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				n.hints.all, n.hints.lost = true, true
			} else {
				n.hints.fault = err
			}
			n.told()
			n.mu.Unlock()
		}
	}
}

// note takes in one event.
func (n *notifier) note(e fsnotify.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	m, f := n.index.meaning(e.Name, e.Has(fsnotify.Create), e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename))
	switch {
	case m == meansNothing, e.Op == fsnotify.Chmod && n.same(e.Name, f):
		return
	case m == meansPlaces:
		n.hints.all = true
	default:
		n.hints.note(cmp.Or(f.path, e.Name), m)
		n.hints.concern(f.instance)
	}
	n.told()
}

// same reports that a file's attributes changed, as by a backup or an indexer,
// and nothing that matters.
func (n *notifier) same(name string, f watchedFile) bool {
	if f.path == "" {
		return false
	}
	was, ok := n.stamps[name]
	if !ok {
		was = f.stamp
	}
	now := stampOf(f.path)
	n.stamps[name] = now
	return now == was
}

// swap goes on with another index of the same folders, and reports whether
// they are the same.
func (n *notifier) swap(index *watchIndex) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !maps.Equal(index.dirs, n.index.dirs) {
		return false
	}
	n.index = index
	clear(n.stamps)
	return true
}

// add takes in what another notifier gathered last.
func (n *notifier) add(h hints) {
	if !h.some {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, m := range h.names {
		n.hints.note(name, m)
	}
	for instance := range h.instances {
		n.hints.concern(instance)
	}
	n.hints.all, n.hints.lost = n.hints.all || h.all, n.hints.lost || h.lost
	n.told()
}

// told wakes who waits. The caller holds mu.
func (n *notifier) told() {
	n.hints.some = true
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// take returns what was gathered since the last time.
func (n *notifier) take() hints {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hints
	n.hints = hints{}
	return h
}

// close ends the following and returns what was gathered last.
func (n *notifier) close() (hints, error) {
	err := n.fs.Close()
	<-n.ended
	return n.take(), err
}
