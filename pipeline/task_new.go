package pipeline

import (
	"context"
	"maps"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/concluder/concluder/pipeline/store"
)

// A TaskSetup is what a Task knows, for the tests of a kind that depends on no
// node and no provider. Values are used as they are: Settings needs every
// attribute that the kind reads.
type TaskSetup struct {
	Stage     string
	Instance  string
	File      string
	Dir       string
	Folder    string
	Log       string
	Anew      bool
	Program   string
	Instances []string

	Settings map[string]cty.Value
	Inputs   map[string][]Artifact
	Outputs  map[string]string // name = private path
	Draining <-chan struct{}   // see Task.Draining
}

// NewTask returns a task that belongs to no run: Idle calls its function at
// once, and Status and Counts tell what the kind reported.
func NewTask(s TaskSetup) *Task {
	t := &Task{
		Stage: s.Stage, Instance: s.Instance, File: s.File, dir: s.Dir, Folder: s.Folder, log: s.Log,
		Anew: s.Anew, Program: s.Program, Instances: s.Instances,
		sources: setupSources(s.Inputs), files: new(store.Files),
		owner: freeOwner{}, draining: s.Draining,
	}
	for name, v := range s.Settings {
		t.settings = append(t.settings, SettingValue{Name: name, Value: v})
	}
	for name, path := range s.Outputs {
		t.outputs = append(t.outputs, privateOutput{name: name, path: path})
	}
	return t
}

// setupSources are the inputs of a TaskSetup, by attribute.
type setupSources map[string][]Artifact

func (s setupSources) inputs(attr string) []Artifact { return s[attr] }
func (setupSources) upstream(string) []Upstream      { return nil }
func (setupSources) provider(string) *Provider       { return nil }

// freeOwner owns tasks that no run started.
type freeOwner struct{}

func (freeOwner) idle(ctx context.Context, _ *Task, f func(context.Context) error) error {
	return f(ctx)
}

// report is what a kind said while it ran.
type report struct {
	mu     sync.Mutex
	status string
	counts map[string]int64
}

func (r *report) setStatus(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = s
}

func (r *report) count(counter string, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]int64{}
	}
	r.counts[counter] += n
}

// Status returns what SetStatus last said.
func (t *Task) Status() string {
	t.report.mu.Lock()
	defer t.report.mu.Unlock()
	return t.report.status
}

// Counts returns the sums of Count, by counter.
func (t *Task) Counts() map[string]int64 {
	t.report.mu.Lock()
	defer t.report.mu.Unlock()
	return maps.Clone(t.report.counts)
}
