package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// An inspector finds out whether nodes are up to date. Run and Explain share
// it. Its methods may be called from several goroutines, each for nodes whose
// dependencies have ended.
type inspector struct {
	plan    *Plan
	opts    *Options
	l       *layout
	words   nodeTable
	state   *store.State // nil in a run with nothing to do: see recordOf
	blank   bool         // there was no record when the run began: what is inspected has none
	files   *store.Files
	results string // absolute
	home    string // the folder of this pipeline and results directory in the state directory

	snapshot *store.Snapshot // of this plan, nil when there is none
	fresh    store.NodeSet   // its nodes whose own files are what they were
	// piecemeal says that those files are looked at when a node's turn comes, and
	// not all at first.
	piecemeal bool
	builder   *store.SnapshotBuilder // of the next one, nil where none is made

	// whyNot says why a selected node did not run.
	whyNot func(node int) string
}

// An inspection is what a node's key says.
type inspection struct {
	manifest
	from   *inspector
	node   int
	holder *holder // of the slots, where it is to be executed
	key    store.Short
	parts  keyList
	last   *store.Record // noRecord where there is none
	known  bool          // there is one
	stale  bool          // it has to be executed
	looks  []store.Look  // the files it looked at by itself
	racy   bool          // one of them may change without another stat
	causes []Reason      // why: only the first where full was not asked for
	cause  [1]Reason     // of causes, as a rule the only one
	err    error         // its key cannot be computed

	// Of its execution.
	reason string
	asked  atomic.Uint64 // by reference: its code was told where outputs lie
	began  time.Time     // zero where there was none
	counts map[string]int64
}

// noRecord is that of a node which has none. Nobody changes it.
var noRecord store.Record

// inspect computes a node's key and compares it with the record. full finds
// every reason and the components for the record; otherwise it stops at the
// first. All the node depends on has ended and has what it needs. seen has the
// nodes whose records the caller knows; others are looked up.
func (e *inspector) inspect(stage, instance int, full bool, seen ...endedNode) *inspection {
	rs := &e.l.stages[stage]
	in := &inspection{from: e, node: e.l.node(stage, instance), last: &noRecord}
	in.stage, in.instance, in.seen = rs, e.l.instance(instance), seen
	in.causes = in.cause[:0]
	if e.blank {
		if !full {
			in.stale = true
			return in
		}
	} else {
		part := store.Results
		if full {
			part = store.Whole
		}
		if rec, known := e.state.Get(rs.address, in.instance, part); known {
			in.last, in.known = &rec, true
		}
		if !full && (!in.known || !in.last.Valid && e.words.get(in.node).has(wordSelected)) {
			in.stale = true
			return in
		}
	}
	if in.err = e.fill(&in.manifest, stage, instance); in.err != nil {
		in.stale, in.causes = true, []Reason{{What: in.err.Error()}}
		return in
	}

	var parts *keyList
	if full {
		parts = &in.parts
	}
	in.key = in.makeKey(parts)
	e.judge(in, full)
	in.stale = len(in.causes) > 0
	if !in.stale && in.last.Valid {
		e.keep(in, instance, in.last.Status)
	}
	return in
}

// fill evaluates the node's attributes and looks at everything they name. It
// returns the first error and goes on, for the sake of Failed hooks.
func (e *inspector) fill(m *manifest, stage, instance int) error {
	spec, diags := m.stage.Node(m.instance)
	if diags.HasErrors() {
		return fmt.Errorf("its attributes cannot be evaluated any more: %w", diags)
	}
	m.spec = spec
	first := checkOutputs(m.stage, spec.Outputs)
	m.inputs = make([]inputSeen, len(spec.Inputs))
	for i, f := range spec.Inputs {
		s := &m.inputs[i]
		s.InputFile, s.name = f, logicalName(e.plan.Dir, f)
		if err := e.see(s); err != nil && first == nil {
			first = err
		}
	}
	m.upstream = make([]upstreamSeen, len(m.stage.Deps))
	for i := range m.upstream {
		m.upstream[i] = e.upstream(m, i, instance)
	}
	if m.stage.waitsOn {
		m.instances = e.l.instances
	}
	return first
}

// see digests an input.
func (e *inspector) see(s *inputSeen) error {
	var err error
	s.digest, s.stat, s.settled, err = e.files.Look(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.absent, s.settled = true, true
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("input %s: %s is a folder, where a file is expected: name a file in it, or in a list all of them: [for s in stems(\"%[2]s/*.csv\") : \"%[2]s/${s}.csv\"]", s.Attr, s.Show)
	case err != nil:
		return fmt.Errorf("input %s: cannot read %s: %w", s.Attr, s.Show, pathless(err))
	}
	return nil
}

// pathless is an error without its path, where the message names the file by
// the name that people know.
func pathless(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// upstream looks at what one of the stage's references leads to.
func (e *inspector) upstream(m *manifest, dep, instance int) upstreamSeen {
	rs := m.stage
	need := rs.deps[dep]
	u := upstreamSeen{dep: &rs.Deps[dep], name: rs.components[dep]}
	for i := range m.seen {
		if n := &m.seen[i]; n.stage == need {
			u.nodes = []upstreamNode{n.upstreamNode}
			return u
		}
	}
	if rs.PerInstance || !e.l.stages[need].PerInstance {
		u.nodes = []upstreamNode{e.view(need, instance)}
		return u
	}
	u.members = true
	u.nodes = make([]upstreamNode, len(e.l.instances))
	inParallel(len(u.nodes), func(i int) { u.nodes[i] = e.view(need, i) })
	return u
}

// view is how a node that has ended looks to those that depend on it.
func (e *inspector) view(stage, instance int) upstreamNode {
	rs := &e.l.stages[stage]
	node := e.l.node(stage, instance)
	w := e.words.get(node)
	n := upstreamNode{state: w.shown(), stale: w.has(wordStale)}
	if rs.PerInstance {
		n.instance = e.l.instances[instance]
	}
	rec, ok := e.state.Get(rs.address, n.instance, store.Results)
	if ok {
		n.status, n.outputs = rec.Status, rec.Outputs
		n.stale = n.stale || rec.Old && len(rec.Outputs) > 0
	}
	if n.state == NotRun {
		n.err = e.whyNot(node)
	} else {
		n.err = rec.Error
	}
	return n
}

// Reasons whose New is the error of the last time.
const (
	failedLast  = "failed last time"
	skippedLast = "could not run last time"
)

// judge compares the key with the record, and the outputs with the disk.
func (e *inspector) judge(in *inspection, full bool) {
	because := func(rs ...Reason) bool {
		in.causes = append(in.causes, rs...)
		return !full && len(in.causes) > 0
	}
	last := in.last
	switch {
	case !e.words.get(in.node).has(wordSelected):
	case e.opts.Force || e.opts.Anew:
		if because(Reason{What: "forced"}) {
			return
		}
	case slices.Contains(e.opts.RetryStatuses, last.Status) && last.Status != "":
		if because(Reason{What: "status " + last.Status + " is tried again"}) {
			return
		}
	}
	switch {
	case !in.known:
		because(Reason{What: "never ran"})
		return
	case last.State == uint8(Failed):
		because(Reason{What: failedLast, New: last.Error})
	case last.State == uint8(Skipped):
		because(Reason{What: skippedLast, New: last.Error})
	case !last.Valid:
		because(Reason{What: "its outputs are provisional", New: last.Error})
	}
	if last.Key != in.key {
		if !full {
			because(Reason{What: "key"})
			return
		}
		because(in.differences()...)
	}
	if last.Valid {
		because(e.checkDisk(in)...)
	}
}

// checkDisk compares the recorded outputs with the files that are there.
func (e *inspector) checkDisk(in *inspection) []Reason {
	var out []Reason
	for _, o := range in.last.Outputs {
		path := e.outputPath(in.stage.Stage, o.Path)
		d, st, settled, err := e.files.Look(path)
		r := Reason{What: "output " + o.Name + " (" + o.Path + ")"}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.What += " is missing"
		case err != nil:
			r.What += " cannot be read"
			r.New = err.Error()
		case d != o.Digest || st.Size != o.Size:
			r.What += " was changed by hand"
			r.Old, r.New = showDigest(o.Digest.Cut()), showDigest(d.Cut())
		default:
			in.looks = append(in.looks, store.Look{Path: path, Stat: st})
			in.racy = in.racy || !settled
			continue
		}
		out = append(out, r)
	}
	return out
}

// keep notes a node that is up to date, and the files that say so, for the next
// snapshot.
func (e *inspector) keep(in *inspection, instance int, status string) {
	if e.builder == nil || in.racy {
		return
	}
	for i := range in.inputs {
		f := &in.inputs[i]
		if !f.settled {
			return
		}
		in.looks = append(in.looks, store.Look{Path: f.Path, Stat: f.stat})
	}
	e.builder.Keep(in.node, instance, status, in.looks)
}

// untouched reports whether a node is as up to date as it was when the snapshot
// was made: its own files are what they were, what it depends on is untouched,
// and nobody asks for it anew. All it depends on has ended.
func (e *inspector) untouched(stage, instance int) bool {
	node := e.l.node(stage, instance)
	if e.piecemeal && instance < 0 {
		pass := e.snapshot.NewPass(e.fresh)
		pass.Probe().Look(node, node+1)
		pass.Close()
	}
	if !e.fresh.Has(node) {
		return false
	}
	if e.askedFor(node) {
		return false
	}
	rs := &e.l.stages[stage]
	for _, need := range rs.needs {
		ns := &e.l.stages[need]
		if rs.PerInstance || !ns.PerInstance {
			if !e.words.get(e.l.node(need, instance)).has(wordFresh) {
				return false
			}
			continue
		}
		for k := range ns.count {
			if !e.words.get(ns.base + k).has(wordFresh) {
				return false
			}
		}
	}
	return true
}

// askedFor reports whether somebody asks for a fresh node anew.
func (e *inspector) askedFor(node int) bool {
	return e.words.get(node).has(wordSelected) && (e.opts.Force || e.opts.Anew ||
		len(e.opts.RetryStatuses) > 0 && slices.Contains(e.opts.RetryStatuses, e.snapshot.Status(node)))
}

// recordOf returns how a node last ended, where a run with nothing to do has
// not read that.
func (e *inspector) recordOf(address, instance string, part store.Part) (store.Record, bool) {
	if e.state == nil {
		s, err := store.ReadState(e.home)
		if err != nil {
			return store.Record{}, false
		}
		e.state = s
	}
	return e.state.Get(address, instance, part)
}

// restEnding ends a node that is untouched.
func (e *inspector) restEnding(node int) ending {
	end := ending{node: node, state: Cached, shown: Done, fresh: true}
	if !e.words.get(node).has(wordSelected) {
		end.state, end.note = NotRun, "not selected"
	}
	return end
}

// outputPath is where an output lies.
func (e *inspector) outputPath(s *Stage, path string) string {
	dir := e.outputDir(s)
	if fs.ValidPath(path) && !strings.HasSuffix(dir, separator) {
		return dir + separator + filepath.FromSlash(path) // what Join comes to
	}
	return filepath.Join(dir, filepath.FromSlash(path))
}

// outputDir is the folder in which all outputs of a stage lie.
func (e *inspector) outputDir(s *Stage) string {
	if s.Kind.Outputs == nil {
		return e.plan.Dir
	}
	return e.results
}

const separator = string(filepath.Separator)

// checkOutputs is the last line against names that lead out of the folders in
// which a node may write; the pipeline file's checks come before.
func checkOutputs(rs *runStage, outputs []Output) error {
	where := "results_dir"
	if rs.Kind.Outputs == nil {
		where = "the pipeline file's folder"
	}
	for _, o := range outputs {
		if !fs.ValidPath(o.Path) || o.Path == "." || !filepath.IsLocal(filepath.FromSlash(o.Path)) {
			return fmt.Errorf("output %s: the path %q must be relative to %s and lie in it, without . or .. parts", o.Name, o.Path, where)
		}
	}
	return nil
}
