package pipeline

import (
	"slices"

	"github.com/concluder/concluder/pipeline/store"
)

// task makes the Task of a node that runs in a private folder.
func (r *run) task(in *inspection, stage, instance int, dir string) (*Task, error) {
	outputs, apart, err := privatePaths(dir, in.spec.Outputs)
	if err != nil {
		return nil, err
	}
	t := &Task{
		Stage: in.stage.Name, Instance: in.instance, dir: dir, files: r.files, Folder: r.plan.Dir,
		Anew: r.opts.Anew, Program: r.opts.Program, Instances: in.instances,
		settings: in.spec.Settings, outputs: outputs, eval: in.spec.Eval,
	}
	t.lent.Store(apart)
	if instance >= 0 {
		t.File = r.plan.FileName(in.instance)
	}
	t.draining = r.draining
	t.Log = r.logPath(in.stage, t.File)
	if len(in.spec.Providers) > 0 {
		t.providers = make(map[string]*Provider, len(in.spec.Providers))
	}
	for _, p := range in.spec.Providers {
		t.providers[p.Attr] = p.Provider
	}
	r.addInputs(t, in)
	if len(in.upstream) > 0 {
		t.upstream = make(map[string][]Upstream, len(in.upstream))
	}
	for i := range in.upstream {
		u := &in.upstream[i]
		if u.dep.Output != "" {
			continue
		}
		for k := range u.nodes {
			t.upstream[u.dep.Attr] = append(t.upstream[u.dep.Attr], r.asUpstream(u, &u.nodes[k]))
		}
	}
	return t, nil
}

// addInputs gathers the files of each attribute in the order of the pipeline
// file, paths and references to outputs alike.
func (r *run) addInputs(t *Task, in *inspection) {
	type at struct {
		attr string
		pos  int
		Artifact
	}
	var all []at
	for i := range in.inputs {
		if f := &in.inputs[i]; f.Attr != fileAttr {
			a := Artifact{Name: f.name, Path: f.Path, Digest: f.digest.String()}
			switch {
			case f.absent:
				a.Digest = "absent"
			case f.digest == store.Digest{}:
				a.Digest = "unreadable" // only a Failed hook gets to see this
			}
			all = append(all, at{f.Attr, f.Pos, a})
		}
	}
	for i := range in.upstream {
		u := &in.upstream[i]
		if u.dep.Output == "" {
			continue
		}
		for k := range u.nodes {
			if a, ok := r.artifacts(u.dep.Stage, u.nodes[k].outputs)[u.dep.Output]; ok {
				a.Name = u.dep.Output
				all = append(all, at{u.dep.Attr, u.dep.Pos, a})
			}
		}
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b at) int { return a.pos - b.pos })
	t.inputs = make(map[string][]Artifact, 1)
	for _, a := range all {
		t.inputs[a.attr] = append(t.inputs[a.attr], a.Artifact)
	}
}

func (r *run) asUpstream(u *upstreamSeen, n *upstreamNode) Upstream {
	return Upstream{
		Stage: u.dep.Stage.Name, Instance: n.instance, State: n.state, Status: n.status,
		Error: n.err, Stale: n.stale, Outputs: r.artifacts(u.dep.Stage, n.outputs),
	}
}
