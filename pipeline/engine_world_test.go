package pipeline

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/concluder/concluder/pipeline/store"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// A world is a pipeline on disk for tests of the engine: load and conclude and
// plot for each instance, and a report over all. Its kinds write what they
// see, so that outputs differ exactly when what went in does.
type world struct {
	t    testing.TB
	dir  string
	plan *Plan
	opts Options

	kinds    map[string]*Kind
	settings map[string]map[string]cty.Value // by stage address; keyed unless the name begins with hidden_
	provider *Provider
	run      map[string]func(ctx context.Context, t *Task) error // by kind, instead of write
	reads    map[string]func(instance string) []InputFile        // by stage address

	mu  sync.Mutex
	ran []string
}

// newWorld makes a world with these instances, each with a data file.
func newWorld(t testing.TB, instances ...string) *world {
	t.Helper()
	w := worldAt(t, t.TempDir(), instances...)
	w.write("pipeline.hcl", "# by hand")
	for _, i := range instances {
		w.write("data/"+i, "data of "+i)
	}
	return w
}

// worldAt is the world in a folder that another call has filled.
func worldAt(t testing.TB, dir string, instances ...string) *world {
	t.Helper()
	w := &world{t: t, dir: dir, kinds: map[string]*Kind{}, settings: map[string]map[string]cty.Value{},
		run:   map[string]func(context.Context, *Task) error{},
		reads: map[string]func(string) []InputFile{}}
	w.provider = &Provider{Kind: "fake", Name: "one", Settings: map[string]cty.Value{"model": cty.StringVal("m1")}}
	w.plan = &Plan{Name: "test", File: filepath.Join(w.dir, "pipeline.hcl"), Dir: w.dir,
		ResultsDir: filepath.Join(w.dir, "results"), Instances: instances, MaxWorkers: 4}
	w.settings["load.points"] = map[string]cty.Value{"x": cty.StringVal("size"), "hidden_workers": cty.NumberIntVal(1)}
	w.reads["load.points"] = func(instance string) []InputFile {
		return []InputFile{{Attr: "measurements", Path: filepath.Join(w.dir, "data", instance), Show: "data/" + instance}}
	}
	load := w.stage("load", "points", true)
	conclude := w.stage("conclude", "bound", true, Dep{Attr: "dataset", Stage: load})
	plot := w.stage("plot", "picture", true, Dep{Attr: "conclusion", Stage: conclude}, Dep{Attr: "dataset", Stage: load})
	report := w.stage("report", "all", false, Dep{Attr: "conclusions", Stage: conclude}, Dep{Attr: "plots", Stage: plot})
	report.Kind.Partial = true
	return w
}

// kind returns the kind of a name, which writes one output "out".
func (w *world) kind(name string) *Kind {
	if k, ok := w.kinds[name]; ok {
		return k
	}
	k := &Kind{Name: name, Version: "1"}
	k.Run = func(ctx context.Context, t *Task) error {
		w.mu.Lock()
		w.ran = append(w.ran, strings.TrimSuffix(name+"/"+t.Instance, "/"))
		f := w.run[name]
		w.mu.Unlock()
		if f != nil {
			return f(ctx, t)
		}
		return w.writeAll(t)
	}
	k.Outputs = func(p Place) []Output {
		file := p.File
		if file == "" {
			file = "all"
		}
		return []Output{{Name: "out", Path: name + "/" + p.Prefix + file + ".txt"}}
	}
	w.kinds[name] = k
	return k
}

// stage adds a stage to the plan.
func (w *world) stage(kind, name string, perInstance bool, deps ...Dep) *Stage {
	s := &Stage{Kind: w.kind(kind), Name: name, PerInstance: perInstance, Deps: deps}
	slices.SortStableFunc(s.Deps, func(a, b Dep) int { return strings.Compare(a.Attr, b.Attr) })
	s.node = func(instance string) (*NodeSpec, hcl.Diagnostics) {
		spec := &NodeSpec{}
		for _, n := range slices.Sorted(maps.Keys(w.settings[s.Address()])) {
			spec.Settings = append(spec.Settings, SettingValue{n, w.settings[s.Address()][n], !strings.HasPrefix(n, "hidden_")})
		}
		if f := w.reads[s.Address()]; f != nil {
			spec.Inputs = f(instance)
		}
		p := Place{Prefix: s.Prefix, Instance: instance}
		if perInstance {
			p.File = fileName(instance)
		}
		spec.Outputs = s.Kind.Outputs(p)
		if kind == "conclude" {
			use := ProviderUse{Attr: "provider", Provider: w.provider}
			for _, n := range slices.Sorted(maps.Keys(w.provider.Settings)) {
				use.Keyed = append(use.Keyed, SettingValue{n, w.provider.Settings[n], true})
			}
			spec.Providers = []ProviderUse{use}
		}
		return spec, nil
	}
	w.plan.Stages = append(w.plan.Stages, s)
	return s
}

// attrsOf returns the names of the attributes of a task that have inputs, or
// upstream nodes.
func attrsOf(t *Task, inputs bool) []string {
	in := (*inspection)(t.sources.(*nodeSources))
	names := map[string]bool{}
	for _, f := range in.inputs {
		names[f.Attr] = inputs && f.Attr != fileAttr
	}
	for _, u := range in.upstream {
		names[u.dep.Attr] = inputs == (u.dep.Output != "")
	}
	maps.DeleteFunc(names, func(_ string, wanted bool) bool { return !wanted })
	return slices.Sorted(maps.Keys(names))
}

// seen is everything that a task can see of what may influence its outputs.
func seen(t *Task) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "instance %q x %q y %q\n", t.Instance, t.String("x"), t.String("y"))
	for _, name := range attrsOf(t, true) {
		for _, a := range t.Inputs(name) {
			if a.Absent {
				fmt.Fprintf(&b, "%s %s absent\n", name, a.Name)
				continue
			}
			text, err := os.ReadFile(a.Path)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "%s %s %s\n", name, a.Name, text)
		}
	}
	for _, attr := range attrsOf(t, false) {
		for _, u := range t.Upstream(attr) {
			fmt.Fprintf(&b, "%s %s %s %s %q stale %t\n", attr, u.Stage, u.Instance, u.State, u.Status, u.Stale)
			for _, name := range u.Outputs() {
				out, _ := u.Output(name)
				text, err := os.ReadFile(out.Path)
				if err != nil {
					return "", err
				}
				fmt.Fprintf(&b, "  %s: %s\n", name, strings.ReplaceAll(string(text), "\n", "\n  "))
			}
		}
	}
	return b.String(), nil
}

// writeAll is what kinds do unless a test says otherwise.
func (w *world) writeAll(t *Task) error {
	text, err := seen(t)
	if err != nil {
		return err
	}
	for _, path := range t.Outputs() {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// when replaces what a kind does.
func (w *world) when(kind string, f func(ctx context.Context, t *Task) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.run[kind] = f
}

func (w *world) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o777); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.path(name), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// try runs the pipeline and returns which nodes ran, sorted.
func (w *world) try(change ...func(*Options)) ([]string, *Outcome, error) {
	w.t.Helper()
	opts := w.opts
	for _, c := range change {
		c(&opts)
	}
	w.mu.Lock()
	w.ran = nil
	w.mu.Unlock()
	w.compile(opts.StateDir)
	out, err := Run(context.Background(), w.plan, opts)
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.ran)
	if out != nil && out.Nodes != out.Executed+out.Cached+out.Failed+out.Skipped {
		w.t.Errorf("nodes %d = executed %d + cached %d + failed %d + skipped %d does not hold",
			out.Nodes, out.Executed, out.Cached, out.Failed, out.Skipped)
	}
	return w.ran, out, err
}

// compile gives the plan the snapshot of an earlier run, as Load does: so that
// what every test here says holds with one, too.
func (w *world) compile(stateDir string) {
	w.t.Helper()
	h := newKeyHash()
	h.add(keyPart{name: strings.Join(w.plan.Instances, "\n")})
	for _, s := range w.plan.Stages {
		h.add(keyPart{name: s.Address(), value: fmt.Sprint(s.Kind.Version, s.PerInstance, s.Kind.Partial, s.Kind.Failed != nil, len(s.Deps))})
		for _, d := range s.Deps {
			h.add(keyPart{name: d.Attr, value: d.Stage.Address() + "." + d.Output})
		}
		instances := w.plan.Instances
		if !s.PerInstance {
			instances = []string{""}
		}
		for _, i := range instances {
			spec, diags := s.Node(i)
			if diags.HasErrors() {
				w.plan.compiled = nil // such a plan would not have been loaded
				return
			}
			h.add(keyPart{name: i, value: fmt.Sprintf("%#v %v %v", spec.Settings, spec.Inputs, spec.Outputs)})
			for _, p := range spec.Providers {
				h.add(keyPart{name: p.Attr, value: fmt.Sprintf("%v %v %#v", p.Provider.Kind, p.Provider.Name, p.Keyed)})
			}
		}
	}
	if stateDir == "" {
		stateDir = filepath.Join(w.plan.Dir, stateDirName)
	}
	c := &compilation{definition: full(h), files: newFileFunctions(w.plan.Dir)}
	snap, damage, err := store.ReadSnapshot(store.PlaceOf(stateDir, w.plan.Dir, w.plan.Name, w.plan.ResultsDir), c.definition)
	if err != nil {
		damage = err.Error()
	}
	if snap != nil && !slices.Equal(snap.Instances, w.plan.Instances) {
		w.t.Fatal("a snapshot of one definition has other instances")
	}
	c.damage = damage
	c.snapshot.Store(snap)
	w.plan.compiled = c
}

// inspectAll is the oracle for what a snapshot spares: Explain of a plan that has
// none, so that every node is evaluated and inspected.
func inspectAll(ctx context.Context, p *Plan, opts Options) ([]NodePlan, error) {
	bare := *p
	bare.compiled = nil
	return Explain(ctx, &bare, opts)
}

// runs runs the pipeline and fails the test unless exactly these nodes ran, and
// Explain said so before.
func (w *world) runs(want ...string) *Outcome {
	w.t.Helper()
	return w.runsWith(func(*Options) {}, want...)
}

func (w *world) runsWith(change func(*Options), want ...string) *Outcome {
	w.t.Helper()
	opts := w.opts
	change(&opts)
	plans, err := inspectAll(context.Background(), w.plan, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	got, out, err := w.try(change)
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("ran %q, want %q", got, want)
	}
	for _, p := range plans {
		node := strings.TrimSuffix(p.Stage.Kind.Name+"/"+p.Instance, "/")
		ran := slices.Contains(got, node)
		came := !strings.HasPrefix(states(out)[node], "skipped") && !strings.HasPrefix(states(out)[node], "not_run")
		if p.Action == Keep && ran || p.Action == Execute && !ran && came {
			w.t.Errorf("%s: Explain said %s %v, ran is %t", node, p.Action, p.Reasons, ran)
		}
	}
	return out
}

// all are the nodes of some instances and the report.
func all(instances ...string) []string {
	nodes := []string{"report"}
	for _, i := range instances {
		nodes = append(nodes, "load/"+i, "conclude/"+i, "plot/"+i)
	}
	return nodes
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Close()
}
