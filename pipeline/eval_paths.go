package pipeline

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"math"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// A pathIndex finds files that two nodes write, files that a node reads by a
// plain path though another writes them, and files where another output needs a
// folder. A plan may have millions of paths:
// it keeps a hash of each, and evaluates again the few nodes whose hashes meet.
type pathIndex struct {
	l       *loader
	entries []pathEntry
	folders map[string]bool // of outputs, each entered once
}

type pathEntry struct {
	hash  uint64 // of the absolute path, case folded
	stage uint32 // index in l.stages
	use   uint32 // four times the index of the instance, plus how the node uses the path
}

// How a node uses a path.
const (
	reads  = iota
	writes // an output
	within // a folder of an output
)

// program stands for a stage in the entry of the pipeline file itself.
const program = math.MaxUint32

func (e pathEntry) node() int { return int(e.use / 4) }
func (e pathEntry) how() int  { return int(e.use % 4) }

func newPathIndex(l *loader) *pathIndex { return &pathIndex{l: l, folders: make(map[string]bool)} }

func (x *pathIndex) put(path string, stage, node, how int) {
	x.entries = append(x.entries, pathEntry{x.l.hashPath(path), uint32(stage), uint32(4*node + how)})
}

func (x *pathIndex) add(stage, node int, e *evaluation) {
	s := x.l.stages[stage]
	for i := range e.outputs {
		p := x.l.outputFile(s, e.outputs[i])
		x.put(p, stage, node, writes)
		for d := filepath.Dir(p); !x.folders[d]; d = filepath.Dir(d) {
			x.folders[d] = true
			x.put(d, stage, node, within)
		}
	}
	for i := range e.inputs {
		x.put(e.inputs[i].Path, stage, node, reads)
	}
}

func (l *loader) hashPath(p string) uint64 { return maphash.String(l.seed, foldCase(p)) }

// outputFile is an output's absolute path.
func (l *loader) outputFile(s *stageDef, o Output) string {
	base := l.plan.ResultsDir
	if s.outputs != nil {
		base = l.dir
	}
	return filepath.Join(base, filepath.FromSlash(o.Path))
}

// A use is one node's use of one path.
type use struct {
	stage    *stageDef
	index    int // of the stage
	node     int
	path     string // absolute
	show     string // as the file says it, or relative to results_dir
	how      int
	output   string // the output's name; "" for an input
	attr     string
	at       hcl.Range
	instance string
}

func (x *pathIndex) report() {
	x.put(x.l.file, program, 0, reads)
	slices.SortFunc(x.entries, func(a, b pathEntry) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.stage, b.stage), cmp.Compare(a.use, b.use))
	})
	found := &clashes{at: make(map[clashKey]*clash)}
	for i := 0; i < len(x.entries); {
		j := i + 1
		for j < len(x.entries) && x.entries[j].hash == x.entries[i].hash {
			j++
		}
		if group := x.entries[i:j]; len(group) > 1 && slices.ContainsFunc(group, func(e pathEntry) bool { return e.how() == writes }) {
			x.look(group, found)
		}
		i = j
	}
	x.l.diags = append(x.l.diags, found.diagnostics()...)
}

// look evaluates the nodes of entries with one hash again and compares paths.
// Of a file that thousands read and one writes, the first thousand tell enough.
func (x *pathIndex) look(group []pathEntry, found *clashes) {
	var written, others []use
	for i, e := range group {
		if i > 0 && e.stage == group[i-1].stage && e.node() == group[i-1].node() {
			continue // uses returns all of a node's
		}
		for _, u := range x.uses(e) {
			if x.l.hashPath(u.path) != e.hash {
				continue
			}
			if u.how == writes {
				written = append(written, u)
			} else {
				others = append(others, u)
			}
		}
	}
	for i := 1; i < len(written); i++ {
		found.add(written[0], written[i])
	}
	for _, o := range others {
		for _, w := range written {
			if w.path == o.path {
				found.add(o, w)
				break
			}
		}
	}
}

func (x *pathIndex) uses(e pathEntry) []use {
	if e.stage == program {
		return []use{{path: x.l.file}}
	}
	s := x.l.stages[e.stage]
	c := &instanceContext{base: x.l.base, known: true}
	if s.stage.PerInstance {
		c.instance = x.l.plan.Instances[e.node()]
	}
	v := s.evaluate(c)
	var out []use
	base := use{stage: s, index: int(e.stage), node: e.node(), instance: c.instance}
	for _, o := range v.outputs {
		u := base
		u.path, u.show, u.output, u.at, u.how = x.l.outputFile(s, o), o.Path, o.Name, s.outputRange(o.Name), writes
		out = append(out, u)
		for d := filepath.Dir(u.path); d != u.path; d = filepath.Dir(d) {
			u.path, u.how = d, within
			out = append(out, u)
		}
	}
	for _, f := range v.inputs {
		u := base
		u.path, u.show, u.attr, u.at = f.Path, f.Show, f.Attr, s.inputRange(f, c)
		out = append(out, u)
	}
	return out
}

// outputRange is where the file declares an output's path.
func (s *stageDef) outputRange(name string) hcl.Range {
	if s.outputs == nil {
		return s.block.DefRange()
	}
	for _, i := range s.outputs.items {
		if i.name == name {
			return i.formula.expr.Range()
		}
	}
	return s.outputs.expr.Range()
}

// inputRange is where the pipeline file says an input's path.
func (s *stageDef) inputRange(f InputFile, c *instanceContext) hcl.Range {
	if f.Attr == fileAttr {
		for _, x := range s.formulas() {
			_, reads, _ := x.in(c)
			if slices.ContainsFunc(reads, func(r fileMark) bool { return r.path == f.Path }) {
				return x.expr.Range()
			}
		}
	}
	for _, i := range s.inputs {
		if i.attr == f.Attr && (i.pos == f.Pos || i.pos == wholeList) {
			return i.formula.expr.Range()
		}
	}
	return s.block.DefRange()
}

// formulas are those of the stage's attributes, but for what uses outputs.
func (s *stageDef) formulas() []*formula {
	var out []*formula
	for _, d := range s.settings {
		if d.formula != nil && !d.formula.usesIO {
			out = append(out, d.formula)
		}
	}
	for _, i := range s.inputs {
		out = append(out, i.formula)
	}
	if s.outputs != nil {
		for _, i := range s.outputs.items {
			out = append(out, i.formula)
		}
		if s.outputs.whole != nil {
			out = append(out, s.outputs.whole)
		}
	}
	return out
}

// clashes collects what pathIndex finds: one entry for each pair of places in
// the file, with the first pair of nodes and how many there are.
type clashes struct {
	first []*clash
	at    map[clashKey]*clash
}

type clashKey struct {
	a, b             hcl.Range
	outputA, outputB string
	fold             bool
}

type clash struct {
	a, b  use
	count int
}

func (c *clashes) add(a, b use) {
	key := clashKey{a.at, b.at, a.output, b.output, a.path != b.path}
	if a.how == within {
		key.a, key.outputA = a.stage.block.DefRange(), "" // any of its outputs tells enough
	}
	if old := c.at[key]; old != nil {
		if a.how != within { // how often a folder was entered depends on the workers
			old.count++
		}
		// The group that comes first by hash is any; name the first instances.
		if cmp.Or(cmp.Compare(a.node, old.a.node), cmp.Compare(b.node, old.b.node)) < 0 {
			old.a, old.b = a, b
		}
		return
	}
	x := &clash{a, b, 1}
	c.at[key] = x
	c.first = append(c.first, x)
}

func (c *clashes) diagnostics() hcl.Diagnostics {
	slices.SortFunc(c.first, func(x, y *clash) int {
		return cmp.Or(compareRanges(x.a.at, y.a.at), compareRanges(x.b.at, y.b.at), cmp.Compare(x.a.output, y.a.output), cmp.Compare(x.b.output, y.b.output))
	})
	var out hcl.Diagnostics
	for _, x := range c.first {
		switch {
		case x.a.stage == nil:
			out = append(out, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  fmt.Sprintf("stage %s would overwrite the pipeline file", x.b.stage.stage.Address()),
				Subject:  &x.b.at,
			})
		case x.a.how == writes:
			out = append(out, x.written())
		case x.a.how == within:
			out = append(out, x.folder())
		default:
			out = append(out, x.read())
		}
	}
	return out
}

func (x *clash) written() *hcl.Diagnostic {
	a, b := x.a, x.b
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &b.at}
	fold := a.path != b.path
	switch {
	case a.stage == b.stage && a.node == b.node:
		d.Summary = fmt.Sprintf("outputs %q and %q of stage %s are one file: %q", a.output, b.output, a.stage.stage.Address(), b.show)
		if fold {
			d.Summary = fmt.Sprintf("the paths of outputs %q and %q of stage %s differ only in case", a.output, b.output, a.stage.stage.Address())
		}
	case a.stage == b.stage && fold:
		d.Summary = fmt.Sprintf("the paths that stage %s writes for instances %q and %q differ only in case", a.stage.stage.Address(), a.instance, b.instance)
	case a.stage == b.stage:
		d.Summary = fmt.Sprintf("stage %s writes %q for instance %q and again for %q", a.stage.stage.Address(), b.show, a.instance, b.instance)
		d.Detail = `Write "${instance}" in the path, or per_instance = false to run the stage once.`
	default:
		d.Summary = fmt.Sprintf("stage %s writes %q, which stage %s writes too", b.stage.stage.Address(), b.show, a.stage.stage.Address())
		if fold {
			d.Summary = fmt.Sprintf("stages %s and %s write files whose paths differ only in case", a.stage.stage.Address(), b.stage.stage.Address())
		}
		d.Extra = []Note{{Range: a.at, Text: fmt.Sprintf("stage %s writes it here", a.stage.stage.Address())}}
	}
	if fold {
		d.Detail = fmt.Sprintf("Many file systems take %q and %q for one file.", a.show, b.show)
	}
	return x.counted(d)
}

// folder is about an output that lies where another needs a folder.
func (x *clash) folder() *hcl.Diagnostic {
	in, w := x.a, x.b
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &w.at}
	d.Summary = fmt.Sprintf("stage %s writes the file %q, which stage %s needs as a folder for %q",
		w.stage.stage.Address(), w.show, in.stage.stage.Address(), in.show)
	d.Extra = []Note{{Range: in.at, Text: fmt.Sprintf("output %q of stage %s", in.output, in.stage.stage.Address())}}
	return x.counted(d)
}

// counted adds how many more there are.
func (x *clash) counted(d *hcl.Diagnostic) *hcl.Diagnostic {
	if x.count > 1 {
		if d.Detail != "" {
			d.Detail += "\n"
		}
		d.Detail += fmt.Sprintf("And %s like it.", more(x.count-1))
	}
	return d
}

func (x *clash) read() *hcl.Diagnostic {
	r, w := x.a, x.b
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &r.at}
	d.Extra = []Note{{Range: w.at, Text: fmt.Sprintf("output %q of stage %s", w.output, w.stage.stage.Address())}}
	ref := fmt.Sprintf("stage.%s.%s", w.stage.stage.Address(), w.output)
	switch {
	case r.stage == w.stage && r.node == w.node:
		d.Summary = fmt.Sprintf("stage %s reads what it writes itself: %q", r.stage.stage.Address(), r.show)
	case r.attr == fileAttr:
		d.Summary = fmt.Sprintf("file() reads what stage %s writes, before it runs: %q", w.stage.stage.Address(), r.show)
		d.Detail = fmt.Sprintf("An attribute that takes a path can refer to it: %s.", ref)
	case w.stage.stage.PerInstance && r.stage.stage.PerInstance && r.instance != w.instance:
		d.Summary = fmt.Sprintf("stage %s reads for instance %q what stage %s writes for instance %q: %q",
			r.stage.stage.Address(), r.instance, w.stage.stage.Address(), w.instance, r.show)
	default:
		d.Summary = fmt.Sprintf("stage %s reads by its path what stage %s writes: %q", r.stage.stage.Address(), w.stage.stage.Address(), r.show)
		d.Detail = fmt.Sprintf("Write the reference, so that it runs first: %s = %s.", r.attr, ref)
	}
	return x.counted(d)
}
