package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// An ending is how a worker left a node.
type ending struct {
	node    int
	state   State
	stale   bool // see Upstream.Stale
	ran     bool // node_started was said of it
	again   bool // an input changed meanwhile: to be run once more
	fresh   bool // see inspector.untouched
	left    bool // code of the kind still runs: see errAbandoned
	rec     *store.Record
	note    string // why a selected node did not run
	shown   State
	pause   error // the node said so
	stop    error
	fatal   error // a fault of the run itself
	counts  map[string]int64
	elapsed time.Duration
	crowded error // too many files were open: to be run again with fewer nodes at work
	spans   []Span

	restless string    // the path of an input that changed in each attempt
	noticed  time.Time // when that was seen last
}

// word is a node's word when it has ended so.
func (e *ending) word(w nodeWord) nodeWord {
	w = w.end(e.state, e.shown, e.stale)
	if e.fresh {
		w |= wordFresh
	}
	return w
}

// maxAttempts is how often a node is run in one run because its inputs keep
// changing meanwhile.
const maxAttempts = 5

// longWait is how long a node may wait for a slot before its inputs are looked
// at again: one that was edited meanwhile would make it run twice.
const longWait = 100 * time.Millisecond

// work brings one node up to date, or finds out how it stands. All it depends
// on has ended.
func (r *run) work(h *holder) ending {
	stage, instance, probe := h.stage, h.instance, h.probe
	rs := &r.l.stages[stage]
	node := r.l.node(stage, instance)
	w := r.words.get(node)
	selected := w.has(wordSelected)

	if r.untouched(stage, instance) {
		return r.restEnding(node)
	}
	if !rs.Kind.Partial {
		if end, ok := r.blocked(stage, instance, node, selected, probe, h); ok {
			return end
		}
	}
	in := r.lookAt(h)
	switch {
	case !in.stale && selected:
		return ending{node: node, state: Cached, shown: Done}
	case !selected:
		return r.unselected(in)
	case probe && (!rs.Kind.Partial || r.isHalted()):
		return r.notStarted(in, r.whyStopped())
	}
	waited, err := h.take(r.ctx)
	if err != nil {
		return r.notStarted(in, interrupted)
	}
	if why := r.whyStopped(); why != "" && (!rs.Kind.Partial || r.isHalted()) {
		return r.notStarted(in, why)
	}
	if waited > longWait {
		if in = r.lookAt(h); !in.stale {
			return ending{node: node, state: Cached, shown: Done}
		}
	}
	in.reason = someReasons(in.causes)
	r.send(message{started: in})
	in.began = time.Now()
	end := r.execute(in, stage, instance)
	r.settle(in, &end)
	return end
}

// lookAt inspects a node at work.
func (r *run) lookAt(h *holder) *inspection {
	in := r.inspect(h.stage, h.instance, true, h.seen...)
	in.holder = h
	return in
}

// settle completes the ending of a node that was executed.
func (r *run) settle(in *inspection, end *ending) {
	if in.began.IsZero() {
		return
	}
	end.counts = in.counts
	if tooManyFiles(end.fatal) && !in.holder.turn.alone {
		*end = ending{node: in.node, crowded: end.fatal, counts: in.counts}
	}
	r.heed(end, in.stage)
	end.ran, end.elapsed = true, time.Since(in.began)
	if end.rec != nil {
		end.rec.Run, end.rec.Elapsed, end.rec.Reason = r.id, end.elapsed, in.reason
	}
}

// notStarted ends a stale node whose kind is not to run any more.
func (r *run) notStarted(in *inspection, why string) ending {
	return ending{node: in.node, state: NotRun, shown: NotRun, stale: in.known && len(in.last.Outputs) > 0, note: why}
}

// blocked ends a node that cannot run because of one it depends on. Without
// probe its Failed hook may run, with what h holds.
func (r *run) blocked(stage, instance, node int, selected, probe bool, h *holder) (ending, bool) {
	failed, waits, stale := r.obstacle(stage, instance)
	if failed == nil && waits == "" {
		return ending{}, false
	}
	rs := &r.l.stages[stage]
	rec, known := r.state.Get(rs.address, r.l.instance(instance), store.Results)
	if !selected {
		return recorded(node, rec, known, failed == nil || stale || State(rec.State) != Skipped), true
	}
	if failed == nil || probe {
		if failed != nil {
			waits = r.whyStopped()
		}
		return ending{node: node, state: NotRun, shown: NotRun, stale: known && len(rec.Outputs) > 0, note: waits}, true
	}
	in := r.lookAt(h)
	if in.stage.Kind.Failed != nil {
		if _, err := h.take(r.ctx); err != nil {
			return r.notStarted(in, interrupted), true
		}
		if why := r.whyStopped(); why != "" {
			return r.notStarted(in, why), true
		}
	}
	return r.skip(in, stage, instance, failed), true
}

// execute runs the node's kind, or its Failed hook, and publishes. Where the
// goroutine is lost the private folder is removed when the run ends.
func (r *run) execute(in *inspection, stage, instance int) ending {
	if in.err != nil {
		return r.fail(in, stage, instance, nil, in.err)
	}
	dir, err := r.staging.take()
	if err != nil {
		return r.fail(in, stage, instance, nil, err)
	}
	end, bare := r.executeIn(dir, in, stage, instance)
	r.staging.give(dir, bare)
	return end
}

// executeIn is execute in a private folder, and says whether that is as bare
// afterwards as before.
func (r *run) executeIn(dir string, in *inspection, stage, instance int) (end ending, bare bool) {
	t, err := r.task(in, stage, instance, dir)
	if err != nil {
		return r.fail(in, stage, instance, nil, err), false
	}
	t.owner = in.holder
	ctx, leave := r.enter(in)
	after := func(err error) ending {
		in.counts = t.Counts()
		end, over := r.gaveUp(ctx, in, err)
		leave() // not before: ctx tells why the code gave up
		if over {
			return end
		}
		return r.executed(in, t, stage, instance, err)
	}
	err = r.call(in, func() error {
		defer t.over()
		return in.stage.Kind.Run(ctx, t)
	}, func(lost error) ending {
		defer t.over()
		if errors.Is(lost, errAbandoned) {
			in.counts = t.Counts()
			leave()
			return r.abandoned(in)
		}
		return after(lost)
	})
	end = after(err)
	t.over()
	return end, end.state == Done && t.bare()
}

// executed ends a node whose kind did what it could: it publishes what there is.
func (r *run) executed(in *inspection, t *Task, stage, instance int, err error) ending {
	restless, noticed := "", time.Time{}
	if changed := r.changedInput(in); changed != "" {
		attempt := in.holder.attempt
		if attempt < maxAttempts {
			return ending{node: in.node, again: true}
		}
		restless, noticed = in.pathOf(changed), time.Now()
		err = fmt.Errorf("its input %s changed while it ran, %d times in a row: run again when the file is at rest; a stage that changes it itself is to write an output instead", changed, attempt)
	} else if changed := r.changedUpstream(in); changed != "" {
		err = fmt.Errorf("%s was changed by another program while it was used; run again", changed)
	}
	provisional := asProvisional(err)
	if err != nil && provisional == nil {
		t.over()
		end := r.fail(in, stage, instance, t, err)
		end.restless, end.noticed = restless, noticed
		return end
	}
	in.holder.giveCPU()
	outputs, perr := r.publish(in, t, true)
	if perr != nil {
		t.over()
		return r.fail(in, stage, instance, nil, perr)
	}
	r.tellUndeclared(in, t.dir)
	end := ending{node: in.node, state: Done, shown: Done, rec: r.record(in, Done, t.Status(), nil, outputs)}
	end.rec.Valid = provisional == nil
	if provisional == nil {
		r.keep(in, instance, t.Status())
	}
	if provisional != nil {
		end.pause, end.rec.Error = provisional, provisional.Error()
	}
	return end
}

// asProvisional returns the ProvisionalError among an error's causes, or nil.
func asProvisional(err error) *ProvisionalError {
	if err == nil {
		return nil // most nodes: what errors.As writes to is allocated
	}
	var p *ProvisionalError
	errors.As(err, &p)
	return p
}

// gaveUp ends a node whose kind returned an error that is no failure of the
// node: it was to be left for a later run.
func (r *run) gaveUp(ctx context.Context, in *inspection, err error) (ending, bool) {
	if err == nil {
		return ending{}, false // before what errors.As writes to is allocated
	}
	var pause *PauseError
	var stop *StopError
	var drained *DrainedError
	end := ending{node: in.node, state: NotRun, shown: NotRun, stale: in.known && len(in.last.Outputs) > 0}
	switch {
	case errors.As(err, &stop):
		end.stop, end.note = stop, stop.Error()
	case errors.As(err, &pause):
		end.pause, end.note = pause, pause.Error()
	case errors.As(err, &drained) && r.whyStopped() != "":
		end.note = r.whyStopped()
	case ctx.Err() != nil:
		end.note = context.Cause(ctx).Error()
		if r.ctx.Err() != nil {
			end.note = interrupted
		}
	default:
		return ending{}, false
	}
	return end, true
}

// abandoned ends a node whose kind goes on after the end of the run. What such
// code holds is not used again: neither the folder nor the slot.
func (r *run) abandoned(in *inspection) ending {
	return ending{node: in.node, state: NotRun, shown: NotRun, stale: in.known && len(in.last.Outputs) > 0,
		note: interrupted, left: true}
}

// fail ends a node whose kind failed with err. With a task its Failed hook
// may write the outputs.
func (r *run) fail(in *inspection, stage, instance int, t *Task, err error) ending {
	err = r.orFullDisk(err)
	end := r.give(in, stage, instance, t, Failed, err)
	if faultOfRun(err) {
		end.fatal = err
	}
	return end
}

// skip ends a node that could not run because of one it depends on.
func (r *run) skip(in *inspection, stage, instance int, err *UpstreamError) ending {
	return r.give(in, stage, instance, nil, Skipped, err)
}

// give ends a node that could not do its work, with the outputs of its Failed
// hook where there is one, else with those of the last execution.
func (r *run) give(in *inspection, stage, instance int, t *Task, state State, err error) ending {
	hook := in.stage.Kind.Failed
	var place *inTheWayError
	// A hook would write to the same place.
	if hook != nil && in.spec != nil && !faultOfRun(err) && !errors.As(err, &place) {
		without := func(herr error) ending {
			return r.gave(in, t, state, "", fmt.Errorf("%w (and its result could not be written: %v)", err, herr), nil)
		}
		outputs, status, herr := r.hook(in, stage, instance, err, without)
		if herr != nil {
			return without(herr)
		}
		return r.gave(in, t, state, status, err, outputs)
	}
	return r.gave(in, t, state, "", err, nil)
}

// gave is how a node ends that could not do its work, with the outputs and the
// status of its Failed hook, if there are any.
func (r *run) gave(in *inspection, t *Task, state State, status string, err error, outputs []store.Output) ending {
	if t != nil && status == "" {
		status = t.Status()
	}
	rec := r.record(in, state, status, err, outputs)
	if outputs == nil {
		rec.Outputs, rec.Old = in.last.Outputs, true
	}
	return ending{node: in.node, state: state, shown: state, stale: rec.Old && len(rec.Outputs) > 0, rec: rec}
}

// hook runs the kind's Failed in a folder of its own. without ends the node where
// that does not return.
func (r *run) hook(in *inspection, stage, instance int, cause error, without func(error) ending) ([]store.Output, string, error) {
	dir, err := r.staging.take()
	if err != nil {
		return nil, "", err
	}
	bare := false
	defer func() { r.staging.give(dir, bare) }()
	t, err := r.task(in, stage, instance, dir)
	if err != nil {
		return nil, "", err
	}
	defer t.over()
	t.owner = freeOwner{}
	in.holder.take(r.ctx) // a run that ends goes without
	err = r.call(in, func() error {
		defer t.over()
		return in.stage.Kind.Failed(t, cause)
	}, func(lost error) ending {
		t.over()
		if errors.Is(lost, errAbandoned) {
			return r.abandoned(in)
		}
		return without(lost)
	})
	if err != nil {
		return nil, "", err
	}
	outputs, err := r.publish(in, t, false)
	bare = err == nil && t.bare()
	return outputs, t.Status(), err
}

// record makes the record of a node that ended in this state.
func (r *run) record(in *inspection, state State, status string, err error, outputs []store.Output) *store.Record {
	rec := &store.Record{
		State: uint8(state), Near: in.stage.Kind.Outputs == nil, Key: in.key, Status: status,
		Shared: in.parts.shared, Own: in.parts.own, Outputs: outputs, Members: in.members(),
	}
	if err != nil {
		rec.Error = err.Error()
	}
	if outputs != nil {
		r.keepFormer(in)
	}
	return rec
}

// faultOfRun reports an error that every other node would run into as well: a
// full disk or too many open files wherever they are met, and results that may
// not be written. A kind
// that may not read or run something has an error of its own.
func faultOfRun(err error) bool {
	var results *unwritableError
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EDQUOT) || tooManyFiles(err) ||
		errors.As(err, &results) && errors.Is(err, fs.ErrPermission)
}

// someReasons is what a record and an event say of why a node ran. The error of
// the time before is left out: it may be long, and was told then.
func someReasons(rs []Reason) string {
	const most = 3
	var s []string
	for _, r := range rs[:min(len(rs), most)] {
		if r.What == failedLast || r.What == skippedLast {
			r.New = ""
		}
		s = append(s, r.String())
	}
	if n := len(rs) - most; n > 0 {
		s = append(s, fmt.Sprintf("and %d more", n))
	}
	return cutText(strings.Join(s, "; "), wholeValue)
}
