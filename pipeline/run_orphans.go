package pipeline

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"

	"github.com/concluder/concluder/pipeline/store"
)

// An Orphan is a file that a node published which the pipeline file does not
// declare any more.
type Orphan struct {
	Stage    string // "load.points"
	Instance string
	Path     string // absolute
	Digest   string // hex SHA-256 of what was published
}

// Orphans returns the outputs on record that belong to no node of the plan, by
// path. Files that a node of the plan has published since are not among them.
// Whether they are still what was published is for the caller to see.
func Orphans(plan *Plan, opts Options) ([]Orphan, error) {
	e, err := openReader(plan, &opts)
	if err != nil {
		return nil, err
	}
	return e.orphans(), nil
}

func (e *inspector) orphans() []Orphan {
	stages := make(map[string]*runStage, len(e.l.stages))
	for i := range e.l.stages {
		stages[e.l.stages[i].address] = &e.l.stages[i]
	}
	instances := make(map[string]bool, len(e.l.instances))
	for _, i := range e.l.instances {
		instances[i] = true
	}
	declared := func(stage, instance string) bool {
		rs := stages[stage]
		return rs != nil && (rs.PerInstance && instances[instance] || !rs.PerInstance && instance == "")
	}
	var out []Orphan
	for stage, instance := range e.state.All() {
		if declared(stage, instance) {
			continue
		}
		rec, _ := e.state.Get(stage, instance, store.Results)
		for _, o := range rec.Outputs {
			out = append(out, Orphan{stage, instance, e.recordedPath(&rec, o), o.Digest.String()})
		}
	}
	if len(out) == 0 {
		return nil // as nearly always: nothing else has to be read
	}
	owned := map[string]bool{}
	for stage, instance := range e.state.All() {
		if declared(stage, instance) {
			rec, _ := e.state.Get(stage, instance, store.Results)
			for _, o := range rec.Outputs {
				owned[e.recordedPath(&rec, o)] = true
			}
		}
	}
	out = slices.DeleteFunc(out, func(o Orphan) bool { return owned[o.Path] })
	slices.SortFunc(out, func(a, b Orphan) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Instance, b.Instance))
	})
	return out
}

// formerStage begins the address, which no stage has, of the records of what nodes
// published at paths that are not theirs any more.
const formerStage = "former "

// keepFormer remembers what a node's last record says of such paths, before that
// is replaced: else nobody would know that the files are ours.
func (r *run) keepFormer(in *inspection) {
	for _, o := range in.last.Outputs {
		if slices.ContainsFunc(in.spec.Outputs, func(now Output) bool { return now.Path == o.Path }) {
			continue
		}
		r.state.Put(formerStage+in.stage.address, o.Path, &store.Record{
			State: uint8(Done), Near: in.last.Near, Run: r.id, Outputs: []store.Output{o},
		})
	}
}

// recordedPath is where an output on record lies.
func (e *inspector) recordedPath(rec *store.Record, o store.Output) string {
	if rec.Near {
		return filepath.Join(e.plan.Dir, filepath.FromSlash(o.Path))
	}
	return filepath.Join(e.results, filepath.FromSlash(o.Path))
}

// tellOrphans counts the orphans that are still there, in a run whose plan is
// not the last one's: the snapshot is made from that. Where nothing was on record
// there are none.
func (r *run) tellOrphans() {
	if r.state == nil || r.snapshot != nil || r.blank {
		return
	}
	paths := map[string]bool{}
	for _, o := range r.orphans() {
		if _, err := os.Lstat(o.Path); err == nil {
			paths[o.Path] = true
		}
	}
	if r.outcome.Orphans = len(paths); len(paths) > 0 {
		r.emit(Event{Event: EventOrphans, Total: len(paths), Message: "files of nodes that the pipeline file does not declare any more"})
	}
}
