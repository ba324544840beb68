package pipeline

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/concluder/concluder/pipeline/store"
)

// A Task is one execution of one node, as its kind sees it. Its methods may be
// called from several goroutines until Run returns.
type Task struct {
	Stage    string // the block's label
	Instance string // "" for an aggregate node
	File     string // the instance's name made safe as one path element
	Folder   string // the pipeline file's folder
	Anew     bool   // --use-cache=false: do not reuse recorded answers
	Program  string // the program's version

	// Instances is every instance that the file declares, in file order, for a
	// node that depends on nodes of all of them; nil for others, whose outputs
	// it must not influence.
	Instances []string

	settings []SettingValue // few: a list is made faster than a map
	sources  taskSources
	outputs  []privateOutput
	first    [1]privateOutput // of outputs, for most tasks the only one
	files    *store.Files     // that Write goes through
	dir      string           // see Dir
	log      string           // see Log
	logs     string           // the folder that log is in, where that is ""
	apart    bool             // some outputs have folders of their own in it
	lent     atomic.Bool      // a path in it was given away

	mu    sync.Mutex // of what Write notes in outputs
	held  int        // outputs that have no name yet
	ended bool       // its code or its node: see over

	eval func(attr string, outputs map[string]string) (cty.Value, error)

	report   report
	owner    taskOwner
	draining <-chan struct{}
}

// An Artifact is a file as it was when the node's key was computed.
type Artifact struct {
	Name   string       // logical name: an output's name, or an input's path as people say it
	Path   string       // absolute
	Digest store.Digest // zero where there was no such file, or it could not be read
	Absent bool         // there was no such file
}

// Upstream is one node that a node depends on, as it ended. What a node writes
// cannot depend on whether something was up to date already, so State is Done
// for executed and for up-to-date nodes alike, and unselected nodes are in the
// state that their last record says: Done, Failed, Skipped, or NotRun when
// there is no record.
type Upstream struct {
	Stage    string // the block's label
	Instance string
	State    State
	Status   string // what the stage said of its node: "success", "insufficient_data"
	Error    string // why it failed or did not run, or why its outputs are provisional
	Stale    bool   // its outputs are an earlier run's, made from other inputs

	outputs []store.Output
	at      func(path string) string
}

// Output returns a file that the node published, and false where it has none of
// that name.
func (u *Upstream) Output(name string) (Artifact, bool) {
	for i := range u.outputs {
		if o := &u.outputs[i]; o.Name == name {
			return artifact(*o, u.at(o.Path)), true
		}
	}
	return Artifact{}, false
}

func artifact(o store.Output, path string) Artifact {
	return Artifact{Name: o.Name, Path: path, Digest: o.Digest}
}

// Outputs returns the names of the files that the node published.
func (u *Upstream) Outputs() []string {
	names := make([]string, len(u.outputs))
	for i := range u.outputs {
		names[i] = u.outputs[i].Name
	}
	return names
}

// A Provider is a provider block, decoded.
type Provider struct {
	Kind     string               // "openai"
	Name     string               // "gemini"
	Settings map[string]cty.Value // "model", "limits.in_flight", …; every declared attribute is present, null when absent
	At       map[string]hcl.Range // where the file gives a setting its value; of those only that it gives
}

// A PauseError ends a node that cannot go on now but can later: a daily quota,
// a budget, a server out of reach. Nothing is published, and the run ends with
// the exit code for a pause.
type PauseError struct{ Err error }

func (e *PauseError) Error() string { return e.Err.Error() }
func (e *PauseError) Unwrap() error { return e.Err }

// A StopError ends the whole run: going on would fail everywhere alike, as
// with a refused key.
type StopError struct{ Err error }

func (e *StopError) Error() string { return e.Err.Error() }
func (e *StopError) Unwrap() error { return e.Err }

// A ProvisionalError ends a node whose outputs are good enough to publish and
// must be made again by the next run; this run ends as paused.
type ProvisionalError struct{ Err error }

func (e *ProvisionalError) Error() string { return e.Err.Error() }
func (e *ProvisionalError) Unwrap() error { return e.Err }

// A DrainedError ends a node that gave up waiting because Task.Draining was
// closed: the node is NotRun, nothing is published, Kind.Failed is not called,
// and the next run makes it. Err may be nil. From a run that does not drain it
// is an error like others.
type DrainedError struct{ Err error }

func (e *DrainedError) Error() string {
	if e.Err == nil {
		return "given up because the run is ending"
	}
	return e.Err.Error()
}
func (e *DrainedError) Unwrap() error { return e.Err }

func (t *Task) setting(name string) (cty.Value, bool) {
	for i := range t.settings {
		if s := &t.settings[i]; s.Name == name {
			return s.Value, true
		}
	}
	return cty.NilVal, false
}

// String returns a string setting, "" when it is absent.
func (t *Task) String(name string) string {
	if v, ok := t.setting(name); ok && !v.IsNull() {
		return v.AsString()
	}
	return ""
}

// Float returns a number setting and whether it is present.
func (t *Task) Float(name string) (float64, bool) {
	v, ok := t.setting(name)
	if !ok || v.IsNull() {
		return 0, false
	}
	f, _ := v.AsBigFloat().Float64()
	return f, true
}

// Bool returns a bool setting, false when it is absent.
func (t *Task) Bool(name string) bool {
	v, ok := t.setting(name)
	return ok && !v.IsNull() && v.True()
}

// Strings returns a list setting, nil when it is absent.
func (t *Task) Strings(name string) []string {
	v, _ := t.setting(name)
	return stringList(v)
}

// Map returns a map setting, nil when it is absent.
func (t *Task) Map(name string) map[string]string {
	v, ok := t.setting(name)
	if !ok || v.IsNull() {
		return nil
	}
	m := make(map[string]string, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		m[k.AsString()] = e.AsString()
	}
	return m
}

// Duration returns a setting such as "2m", 0 when it is absent. The kind's
// Check has refused what does not parse.
func (t *Task) Duration(name string) time.Duration {
	d, _ := time.ParseDuration(t.String(name))
	return d
}

// Input returns the file of an InputPath attribute, and false where the
// attribute is absent from the block.
func (t *Task) Input(name string) (Artifact, bool) {
	if a := t.Inputs(name); len(a) > 0 {
		return a[0], true
	}
	return Artifact{}, false
}

// Inputs returns the files of an InputPaths attribute.
func (t *Task) Inputs(name string) []Artifact { return t.sources.inputs(name) }

// Upstream returns the nodes that a StageRef or StageRefs attribute names: one
// a stage in a per-instance node; in an aggregate one all instances of the
// first stage in file order, then all of the second.
func (t *Task) Upstream(attr string) []Upstream { return t.sources.upstream(attr) }

// Log returns where the node may keep what its commands wrote. It is in the state
// directory, and its folder may not exist yet.
func (t *Task) Log() string {
	switch {
	case t.log != "" || t.logs == "": // of a task of no run
		return t.log
	case t.File == "":
		return t.logs + separator + "aggregate.log"
	}
	return t.logs + separator + t.File + ".log"
}

// Dir returns a private scratch directory, which is removed afterwards.
func (t *Task) Dir() string {
	t.lend()
	return t.dir
}

// Output returns the private path at which the node writes an output.
func (t *Task) Output(name string) string {
	t.lend()
	for i := range t.outputs {
		if o := &t.outputs[i]; o.name == name {
			return o.path
		}
	}
	return ""
}

// Outputs returns the private paths of all outputs by name.
func (t *Task) Outputs() map[string]string {
	t.lend()
	paths := make(map[string]string, len(t.outputs))
	for i := range t.outputs {
		paths[t.outputs[i].name] = t.outputs[i].path
	}
	return paths
}

// Provider returns the provider that an attribute names, nil when it is absent.
func (t *Task) Provider(attr string) *Provider { return t.sources.provider(attr) }

// Evaluated returns a setting that may use ${output.NAME}, with the private
// paths in place; a null value where it is absent.
func (t *Task) Evaluated(attr string) (cty.Value, error) {
	if t.eval != nil {
		return t.eval(attr, t.Outputs())
	}
	if v, ok := t.setting(attr); ok {
		return v, nil
	}
	return cty.NilVal, fmt.Errorf("stage %s has no setting %q", t.Stage, attr)
}

// SetStatus records the stage's own word for how the node ended; the run
// counts them.
func (t *Task) SetStatus(s string) { t.report.setStatus(s) }

// Count adds to one of the run's counters, such as "requests".
func (t *Task) Count(counter string, n int64) { t.report.count(counter, n) }

// Idle calls f without holding a CPU slot: for work that waits on the network.
// It takes a slot again before it returns. It returns f's error, or the
// context's when it ends before a slot is free. A task whose goroutines are in
// several Idle calls at once gives up its slot with the first and takes it
// again with the last.
func (t *Task) Idle(ctx context.Context, f func(context.Context) error) error {
	return t.owner.idle(ctx, t, f)
}

// Draining is closed when the run starts nothing more: at the first interrupt,
// after a StopError or, with Options.FailFast, a failure. What is at work may
// go on and is published; a node that only waits, for a turn or to try again,
// ends with a *DrainedError. It is nil, and so never ready, for a task of no
// run. In a Partial aggregate node, which runs all the same, it may be closed
// from the start.
func (t *Task) Draining() <-chan struct{} { return t.draining }

// taskSources is what a task reads: of its node in a run, or of a TaskSetup.
// What a kind asks for is made then: most ask once, and for some of it.
type taskSources interface {
	inputs(attr string) []Artifact
	upstream(attr string) []Upstream
	provider(attr string) *Provider
}

// taskOwner is the run a task belongs to, or none: see NewTask.
type taskOwner interface {
	idle(ctx context.Context, t *Task, f func(context.Context) error) error
}

func stringList(v cty.Value) []string {
	if v == cty.NilVal || v.IsNull() {
		return nil
	}
	var out []string
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		out = append(out, e.AsString())
	}
	return out
}

// State says how a node stands. Every node is in exactly one at any time.
type State int

const (
	Waiting State = iota // something it depends on has not ended
	Ready                // waits for its turn
	Running              // its kind is at work, or its key is being computed
	Done                 // executed; outputs published and remembered
	Cached               // up to date, nothing executed
	Failed               // its kind failed; tried again by the next run
	Skipped              // not run because something it depends on failed
	NotRun               // not selected, paused, or the run ended first
)

var stateNames = [...]string{"waiting", "ready", "running", "done", "cached", "failed", "skipped", "not_run"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", int(s))
}
