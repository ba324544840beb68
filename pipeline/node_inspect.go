package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

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
	state   *store.State
	files   *store.Files
	results string // absolute

	// whyNot says why a selected node did not run.
	whyNot func(node int) string
}

// An inspection is what a node's key says.
type inspection struct {
	manifest
	node   int
	key    store.Short
	parts  keyList
	last   store.Record
	known  bool     // there is a last record
	stale  bool     // it has to be executed
	causes []Reason // why: only the first where full was not asked for
	err    error    // its key cannot be computed
}

// inspect computes a node's key and compares it with the record. full finds
// every reason and the components for the record; otherwise it stops at the
// first. All the node depends on has ended and has what it needs.
func (e *inspector) inspect(stage, instance int, full bool) *inspection {
	rs := &e.l.stages[stage]
	in := &inspection{node: e.l.node(stage, instance)}
	in.stage, in.instance = rs, e.l.instance(instance)
	if full {
		in.last, in.known = e.state.Get(rs.address, in.instance, store.Whole)
	} else {
		in.last, in.known = e.state.Get(rs.address, in.instance, store.Results)
		if !in.known || !in.last.Valid && e.words.get(in.node).has(wordSelected) {
			in.stale = true
			return in
		}
	}
	if in.err = e.fill(&in.manifest, stage, instance); in.err != nil {
		in.stale, in.causes = true, []Reason{{What: in.err.Error()}}
		return in
	}

	hash := newKeyHash()
	if full {
		in.walk(bothSinks{hash, &in.parts})
	} else {
		in.walk(hash)
	}
	in.key = hash.sum()
	e.judge(in, full)
	in.stale = len(in.causes) > 0
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
		m.upstream[i] = e.upstream(m.stage, i, instance)
	}
	if m.stage.waitsOn {
		m.instances = e.l.instances
	}
	return first
}

// see digests an input.
func (e *inspector) see(s *inputSeen) error {
	var err error
	s.digest, s.stat, err = e.files.Digest(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.absent = true
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
func (e *inspector) upstream(rs *runStage, dep, instance int) upstreamSeen {
	need := rs.deps[dep]
	u := upstreamSeen{dep: &rs.Deps[dep]}
	if rs.PerInstance || !e.l.stages[need].PerInstance {
		u.nodes = []upstreamNode{e.view(need, instance)}
		return u
	}
	u.members = true
	u.nodes = make([]upstreamNode, len(e.l.instances))
	for i := range u.nodes {
		u.nodes[i] = e.view(need, i)
	}
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

// judge compares the key with the record, and the outputs with the disk.
func (e *inspector) judge(in *inspection, full bool) {
	because := func(rs ...Reason) bool {
		in.causes = append(in.causes, rs...)
		return !full && len(in.causes) > 0
	}
	last := &in.last
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
		because(Reason{What: "failed last time", Old: last.Error})
	case last.State == uint8(Skipped):
		because(Reason{What: "could not run last time", Old: last.Error})
	case !last.Valid:
		because(Reason{What: "its outputs are provisional", Old: last.Error})
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
		d, st, err := e.files.Digest(path)
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
			continue
		}
		out = append(out, r)
	}
	return out
}

// outputPath is where an output lies.
func (e *inspector) outputPath(s *Stage, path string) string {
	if s.Kind.Outputs == nil {
		return filepath.Join(e.plan.Dir, filepath.FromSlash(path))
	}
	return filepath.Join(e.results, filepath.FromSlash(path))
}

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
