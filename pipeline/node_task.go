package pipeline

import (
	"slices"
)

// bare reports whether a task that was published leaves its private folder as it
// was handed out.
func (t *Task) bare() bool { return !t.apart && !t.lent.Load() }

// task makes the Task of a node that runs in a private folder.
func (r *run) task(in *inspection, stage, instance int, dir string) (*Task, error) {
	t := &Task{
		Stage: in.stage.Name, Instance: in.instance, dir: dir, files: r.files, Folder: r.plan.Dir,
		Anew: r.opts.Anew, Program: r.opts.Program, Instances: in.instances,
		settings: in.spec.Settings, eval: in.spec.Eval,
		draining: r.draining, logs: in.stage.logs, sources: (*nodeSources)(in),
	}
	var err error
	if t.outputs, t.apart, err = privatePaths(t.first[:0], dir, in.spec.Outputs); err != nil {
		return nil, err
	}
	if instance >= 0 {
		t.File = r.plan.FileName(in.instance)
	}
	return t, nil
}

// nodeSources are what a node reads, as its key says.
type nodeSources inspection

func (s *nodeSources) provider(attr string) *Provider {
	for _, p := range s.spec.Providers {
		if p.Attr == attr {
			return p.Provider
		}
	}
	return nil
}

func (s *nodeSources) upstream(attr string) []Upstream {
	var all []Upstream
	for i := range s.manifest.upstream {
		u := &s.manifest.upstream[i]
		if u.dep.Attr != attr || u.dep.Output != "" {
			continue
		}
		at := func(path string) string {
			s.asked.Or(referenceBit(i))
			return s.from.outputPath(u.dep.Stage, path)
		}
		all = slices.Grow(all, len(u.nodes))
		for k := range u.nodes {
			n := &u.nodes[k]
			all = append(all, Upstream{
				Stage: u.dep.Stage.Name, Instance: n.instance, State: n.state, Status: n.status,
				Error: n.err, Stale: n.stale, outputs: n.outputs, at: at,
			})
		}
	}
	return all
}

// referenceBit is the bit of a reference in inspection.asked; the last ones share one.
func referenceBit(dep int) uint64 { return 1 << min(dep, 63) }

// placeOf tells where outputs of a stage lie.
func (e *inspector) placeOf(s *Stage) func(path string) string {
	return func(path string) string { return e.outputPath(s, path) }
}

// inputs gathers the files of an attribute in the order of the pipeline file,
// paths and references to outputs alike.
func (s *nodeSources) inputs(attr string) []Artifact {
	type at struct {
		pos int
		Artifact
	}
	var all []at
	for i := range s.manifest.inputs {
		f := &s.manifest.inputs[i]
		if f.Attr != attr {
			continue
		}
		all = append(all, at{f.Pos, Artifact{Name: f.name, Path: f.Path, Digest: f.digest, Absent: f.absent}})
	}
	for i := range s.manifest.upstream {
		u := &s.manifest.upstream[i]
		if u.dep.Attr != attr || u.dep.Output == "" {
			continue
		}
		for k := range u.nodes {
			from := Upstream{outputs: u.nodes[k].outputs, at: s.from.placeOf(u.dep.Stage)}
			if a, ok := from.Output(u.dep.Output); ok {
				all = append(all, at{u.dep.Pos, a})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b at) int { return a.pos - b.pos })
	var files []Artifact
	for _, a := range all {
		files = append(files, a.Artifact)
	}
	return files
}
