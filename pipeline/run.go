package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// A run is one call of Run. What the comment below does not give to the
// scheduler may be used by workers.
type run struct {
	inspector
	ctx     context.Context // ends when everything is to stop at once
	id      string
	began   time.Time
	staging *staging
	slots   *slots
	workers int
	window  int       // instances admitted at a time
	order   []int     // chunks, in the order in which they are scanned and admitted
	ahead   int       // how many of them have instances of Options.First
	pool    pool      // of nodes at work
	atWork  workplace // what Options.Supersede may cancel

	messages chan message

	mu      sync.Mutex
	notes   map[int]string // why a selected node did not run
	stopped string         // why nothing more is executed; "" while things are
	halted  bool           // not even Partial aggregates

	draining chan struct{} // closed when stopped is set

	// The scheduler's own, in its goroutine.
	schedule
	events   *eventLog
	progress Progress
	outcome  *Outcome
	locks    []*store.Lock
}

// stateDirName is the state directory beside the pipeline file.
const stateDirName = ".concluder"

// newInspector makes what Run and Explain share, all but the stores.
func newInspector(plan *Plan, opts *Options) (*inspector, error) {
	if opts.StateDir == "" {
		opts.StateDir = filepath.Join(plan.Dir, stateDirName)
	}
	e := &inspector{plan: plan, opts: opts, l: newLayout(plan), results: plan.ResultsDir}
	e.home = store.PlaceOf(opts.StateDir, plan.Dir, plan.Name, e.results)
	e.words = make(nodeTable, e.l.nodes)
	err := e.l.selectNodes(opts.Instances, opts.Without, func(node int) { e.words.set(node, wordSelected) })
	return e, err
}

// openRun locks and opens everything a run needs.
func openRun(ctx context.Context, plan *Plan, opts Options) (*run, error) {
	began := time.Now()
	e, err := newInspector(plan, &opts)
	if err != nil {
		return nil, err
	}
	r := &run{inspector: *e, ctx: ctx, began: began, id: newRunID(began),
		messages: make(chan message, 256), notes: map[int]string{}, draining: make(chan struct{}), outcome: &Outcome{Counts: map[string]int64{}}}
	r.pool = newPool(r.worker)
	r.whyNot = r.note
	r.outcome.Run = r.id
	r.over = make(chan struct{})
	r.setLimits()
	if err := r.open(); err != nil {
		if r.state != nil {
			err = errors.Join(err, r.state.Close())
		}
		return nil, errors.Join(err, r.unlock())
	}
	return r, nil
}

func (r *run) open() error {
	dir := r.opts.StateDir
	if err := store.MakeDir(dir); err != nil {
		return unwritable("state", err)
	}
	if err := os.MkdirAll(r.home, 0o777); err != nil {
		return unwritable("state", err)
	}
	if err := r.lock(); err != nil {
		return err
	}
	if err := store.NoteOrigin(r.home, store.Origin{Pipeline: r.plan.Name, File: r.plan.File, Results: r.results}); err != nil {
		return unwritable("state", err)
	}
	for i := range r.l.stages {
		rs := &r.l.stages[i]
		rs.logs = filepath.Join(r.home, "logs", rs.address)
	}
	r.staging = openStaging(r.results, r.id)
	var err error
	if r.events, err = openEventLog(dir, r.id); err != nil {
		return unwritable("state", err)
	}
	r.recall()
	r.order, r.ahead = r.l.scanOrder(r.opts.First)
	if r.piecemeal = r.ahead > 0 && r.snapshot != nil; r.piecemeal {
		r.fresh = store.NewNodeSet(r.l.nodes)
	} else {
		r.lookAtAll()
	}
	if r.atRest() {
		if r.proofIsNew() {
			r.startSnapshot()
		}
		return nil
	}
	if r.state, err = r.openState(); err != nil {
		return unwritable("state", err)
	}
	r.blank = r.state.Blank()
	if len(r.state.Damage()) > 0 {
		r.snapshot, r.fresh, r.piecemeal = nil, nil, false // it has no records for those that look at its nodes
	}
	if r.files, err = store.OpenFiles(dir); err != nil {
		return unwritable("state", err)
	}
	r.files.PublishTo(r.results)
	r.startSnapshot()
	return nil
}

// lock makes this the only run of the pipeline and in the results directory.
func (r *run) lock() error {
	if err := r.hold(func() (*store.Lock, error) { return store.Acquire(filepath.Join(r.home, lockName)) }); err != nil {
		return unwritable("state", err)
	}
	err := os.MkdirAll(r.results, 0o777)
	if err == nil {
		err = r.hold(func() (*store.Lock, error) { return store.Claim(r.results, r.plan.File, r.plan.Name) })
	}
	var held *store.HeldError
	if errors.As(err, &held) {
		return fmt.Errorf("a run with another state directory writes to %s: %w", r.results, err)
	}
	return unwritable("results", err)
}

// lockName is the file in a pipeline's folder of the state directory that a
// run locks.
const lockName = "lock"

// lockPoll is how often a run that waits for a lock looks again.
const lockPoll = 50 * time.Millisecond

// hold takes a lock, and where Options.Wait says so waits for it.
func (r *run) hold(acquire func() (*store.Lock, error)) error {
	said := false
	for {
		l, err := acquire()
		if err == nil {
			r.locks = append(r.locks, l)
			return nil
		}
		var held *store.HeldError
		if !errors.As(err, &held) || !r.opts.Wait {
			return err
		}
		if !said {
			said = true
			r.observe(Event{Event: EventWarning, Time: time.Now(), Run: r.id, Message: "waiting: " + held.Error()})
		}
		select {
		case <-r.ctx.Done():
			return fmt.Errorf("interrupted while waiting: %w", r.ctx.Err())
		case <-r.opts.Drain:
			return fmt.Errorf("interrupted while waiting: %w", context.Canceled)
		case <-time.After(lockPoll):
		}
	}
}

func (r *run) unlock() error {
	var errs []error
	for _, l := range r.locks {
		errs = append(errs, l.Release())
	}
	r.locks = nil
	return errors.Join(errs...)
}

// setLimits reads the worker settings, which are in no key.
func (r *run) setLimits() {
	workers := r.opts.MaxWorkers
	if workers <= 0 {
		workers = r.plan.MaxWorkers
	}
	if workers <= 0 {
		workers = r.opts.cpus()
	}
	r.workers = workers
	r.slots = newSlots(workers, r.opts.MaxWaiting, len(r.l.stages))
	r.window = r.opts.BatchSize
	auto := r.opts.BatchAuto
	if r.window <= 0 && !auto {
		r.window, auto = r.plan.BatchSize, r.plan.BatchAuto
	}
	switch {
	case auto:
		r.autoBatch = true
		r.window = mostAdmitted(workers, r.asking())
	case r.window <= 0:
		r.window = len(r.l.instances)
	}
	r.window = max(1, r.window)
}

// close puts away what a run holds, and completes the outcome meanwhile.
func (r *run) close() error {
	err := r.staging.close()
	var lost, unknown, unproven error
	if r.state != nil {
		lost = r.state.Close()
		err = errors.Join(err, lost)
	}
	var beside sync.WaitGroup
	if r.files != nil {
		beside.Go(func() { unknown = r.files.Close() })
	}
	if lost == nil { // else it would vouch for records that the log does not have
		if r.state != nil {
			r.leaveState()
		}
		beside.Go(func() { unproven = r.saveSnapshot() })
	}
	r.finish()
	beside.Wait()
	r.dropSnapshot()
	if unknown != nil { // only a cache
		r.emit(Event{Event: EventWarning, Message: fmt.Sprintf("the next run will read files again whose digests this one knows: %v", unwritable("state", unknown))})
	}
	if unproven != nil {
		r.emit(Event{Event: EventWarning, Message: "the next run will look at everything anew: the snapshot cannot be written: " + unproven.Error()})
	}
	r.outcome.Duration = time.Since(r.began)
	r.emit(Event{Event: EventRunFinished, Outcome: r.outcome})
	if r.state == nil {
		r.leaveState()
	}
	return errors.Join(err, r.events.close(), r.unlock())
}

// emit passes an event on, in the scheduler's goroutine.
func (r *run) emit(e Event) {
	e.Time, e.Run = time.Now(), r.id
	r.progress.OnNetwork = len(r.slots.places)
	e.Progress = r.progress
	r.events.write(&e)
	r.observe(e)
}

func (r *run) observe(e Event) {
	if r.opts.Observe != nil {
		r.opts.Observe(e)
	}
}

// note says why a node did not run.
func (r *run) note(node int) string {
	if !r.words.get(node).has(wordSelected) {
		return "not selected"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notes[node]
}

// whyStopped says why nothing more is executed, "" while things are.
func (r *run) whyStopped() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

func (r *run) isHalted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.halted
}

// stop ends executing: nodes that wait are only looked at, so that those that
// are up to date are told from those that are not. After halt not even that.
func (r *run) stop(why string, halt bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == "" {
		r.stopped = why
		close(r.draining)
	}
	r.halted = r.halted || halt
}
