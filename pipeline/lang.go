package pipeline

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/concluder/concluder/pipeline/store"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Input is what a pipeline file is read with.
type Input struct {
	Vars       map[string]string // values of variables, as on the command line
	ResultsDir string            // instead of the file's results_dir when set; relative to the working directory

	// StateDir is where an earlier run may have left a snapshot, by which an
	// unchanged file with many instances is read fast; "" for .concluder beside
	// the file. Program is the version of what reads it.
	StateDir string
	Program  string

	// Sources, when it has the pipeline file's name, gives its text instead of
	// the file system. Load adds what it reads, for WriteDiagnostics.
	Sources Sources

	// Looked, when set, is filled in with what Load looked at, also where it
	// finds mistakes: those stay while that does.
	Looked *Looked
}

// Looked is what shaped a plan, or the mistakes that are instead of one,
// beside the variables: see Plan.
type Looked struct {
	Reads []string
	Globs []Glob
}

// Load reads and checks a pipeline file. It finds every mistake in one go: the
// diagnostics are complete and sorted by position. The plan is nil if there is
// an error among them; beside a plan there may be warnings.
//
// Load evaluates every node of every instance once, reads the folders named by
// stems and the files named by file(), and writes nothing. Where a run has left
// a snapshot of the same plan, and nothing that shaped it has changed, it does
// none of that.
func Load(path string, kinds Kinds, in Input) (*Plan, hcl.Diagnostics) {
	if in.Sources == nil {
		in.Sources = make(Sources)
	}
	l := &loader{show: path, in: in, kinds: kinds, doc: &document{}, seed: maphash.MakeSeed(),
		brokenProviders: make(map[string]bool), brokenStages: make(map[string]bool)}
	plan := l.load()
	if in.Looked != nil {
		*in.Looked = l.looked()
	}
	sortDiagnostics(l.diags)
	if l.diags.HasErrors() {
		return nil, l.diags
	}
	return plan, l.diags
}

// A loader is one reading of one pipeline file. Its methods run in the order
// of load; each adds to diags and goes on.
type loader struct {
	show  string // the file's name as given, which ranges carry
	file  string // absolute
	dir   string
	in    Input
	kinds Kinds
	diags hcl.Diagnostics

	doc   *document
	files *fileFunctions
	base  *hcl.EvalContext // functions, var and local

	vars      map[string]*hclsyntax.Block
	locals    map[string]*hclsyntax.Attribute
	providers []*providerDef
	stages    []*stageDef // in file order, each address once

	// Names of blocks in error: references to them are not reported too.
	brokenProviders, brokenStages map[string]bool
	missingOutputs                []missingOutput

	compiled *compilation
	snapshot *store.Snapshot // of the same plan, nil when there is none
	recalled proof           // with snapshot: what the plan was made from

	seed      maphash.Seed // for paths
	plan      *Plan
	instances bool // plan.Instances is known
}

func (l *loader) load() *Plan {
	src, ok := l.read()
	if !ok || !l.parse(src) {
		return nil
	}
	l.files = newFileFunctions(l.dir)
	l.files.reads[l.file] = true
	l.base = &hcl.EvalContext{Functions: pureFunctions(), Variables: make(map[string]cty.Value)}
	maps.Copy(l.base.Functions, l.files.functions())
	l.plan = &Plan{File: l.file, Dir: l.dir}

	l.readVariables()
	l.readLocals()
	l.readPipeline()
	l.readProviders()
	l.readStages()
	l.arrange()
	known := len(l.diags)
	if l.snapshot == nil || l.diags.HasErrors() {
		l.evaluateNodes()
	}
	// Warnings that were found before are found again each time the file is read.
	if len(l.diags) == known && !l.diags.HasErrors() {
		l.compile()
	}

	saw := l.looked()
	l.plan.Reads, l.plan.Globs = saw.Reads, saw.Globs
	for _, s := range l.order() {
		l.plan.Stages = append(l.plan.Stages, s.stage)
	}
	for _, p := range l.providers {
		l.plan.Providers = append(l.plan.Providers, p.provider)
	}
	return l.plan
}

func (l *loader) looked() Looked {
	if l.files == nil {
		return Looked{Reads: []string{l.file}}
	}
	return Looked{Reads: slices.Sorted(maps.Keys(l.files.reads)), Globs: l.files.globs}
}

// read returns the file's text.
func (l *loader) read() ([]byte, bool) {
	abs, err := filepath.Abs(l.show)
	if err != nil {
		l.add(hcl.DiagError, nil, "%s: %v", l.show, err)
		return nil, false
	}
	l.file, l.dir = abs, filepath.Dir(abs)
	if src, ok := l.in.Sources[l.show]; ok {
		return src, true
	}
	src, err := os.ReadFile(l.show)
	if err != nil {
		d := l.add(hcl.DiagError, nil, "cannot read the pipeline file %s: %v", l.show, cause(err))
		if errors.Is(err, fs.ErrNotExist) {
			d.Detail = "Name a pipeline file, or run where pipeline.hcl lies."
		}
		return nil, false
	}
	l.in.Sources[l.show] = src
	return src, true
}

func (l *loader) add(severity hcl.DiagnosticSeverity, at *hcl.Range, format string, args ...any) *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: severity, Summary: fmt.Sprintf(format, args...), Subject: at}
	l.diags = append(l.diags, d)
	return d
}

// errorAt adds an error and returns it, for its detail to be added.
func (l *loader) errorAt(at hcl.Range, format string, args ...any) *hcl.Diagnostic {
	return l.add(hcl.DiagError, &at, format, args...)
}

// value evaluates an expression that is the same for all instances. NilVal
// means that there is none, and that a mistake is reported.
func (l *loader) value(e hclsyntax.Expression, s scope) cty.Value {
	if !l.checkReferences(e, s) {
		return cty.NilVal
	}
	v, _, diags := evaluate(e, l.base)
	l.diags = append(l.diags, diags...)
	return v
}
