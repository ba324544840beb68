package pipeline

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// shared is what all nodes of a stage have in common, made once.
type shared struct {
	settings  []SettingValue       // all of them, where none varies
	place     map[string]cty.Value // as Place.Settings, where none varies
	reads     []fileMark           // of settings, where none varies
	providers []ProviderUse
	provReads []fileMark
	usesIO    bool // some setting uses outputs
}

// share makes what all nodes have in common.
func (s *stageDef) share() {
	h := &shared{}
	varies := false
	for _, d := range s.settings {
		if d.formula != nil {
			h.usesIO = h.usesIO || d.formula.usesIO
			varies = varies || d.formula.varies
		}
	}
	if !varies {
		h.place = make(map[string]cty.Value, len(s.settings))
		for _, d := range s.settings {
			if d.formula == nil {
				h.place[d.attr.Name] = absent(d.attr)
			} else if !d.formula.usesIO {
				h.place[d.attr.Name] = d.formula.value
				h.reads = append(h.reads, d.formula.reads...)
			}
		}
		if !h.usesIO {
			for _, d := range s.settings {
				h.settings = append(h.settings, SettingValue{d.attr.Name, h.place[d.attr.Name], d.attr.Role == Setting})
			}
		}
	}
	for _, p := range s.providers {
		h.providers = append(h.providers, ProviderUse{Attr: p.attr, Provider: p.def.provider, Keyed: p.def.keyed})
		h.provReads = append(h.provReads, p.def.reads...)
	}
	s.shared = h
}

// An evaluation is a node's attributes on the way to a NodeSpec.
type evaluation struct {
	settings []SettingValue
	outputs  []Output
	inputs   []InputFile
	reads    []fileMark
	diags    hcl.Diagnostics
}

// node is Stage.Node.
func (s *stageDef) node(instance string) (*NodeSpec, hcl.Diagnostics) {
	c := &instanceContext{base: s.l.base, instance: instance, known: true}
	e := s.evaluate(c)
	if e.diags.HasErrors() {
		return nil, e.diags
	}
	spec := &NodeSpec{Settings: e.settings, Inputs: e.inputs, Outputs: e.outputs, Providers: s.shared.providers}
	if s.shared.usesIO {
		spec.Eval = func(attr string, outputs map[string]string) (cty.Value, error) {
			return s.evalWith(instance, attr, outputs)
		}
	}
	return spec, e.diags
}

// evaluate computes all attributes of a node. It does not modify the stage and
// may run in several goroutines.
func (s *stageDef) evaluate(c *instanceContext) *evaluation {
	e := &evaluation{}
	s.evaluateInto(e, c)
	return e
}

// evaluateInto is evaluate with the memory of an earlier evaluation.
func (s *stageDef) evaluateInto(e *evaluation, c *instanceContext) {
	h := s.shared
	*e = evaluation{inputs: e.inputs[:0], reads: e.reads[:0]}
	place := h.place
	if place == nil {
		place = make(map[string]cty.Value, len(s.settings))
	}
	e.reads = append(e.reads, h.provReads...)
	if h.settings != nil || len(s.settings) == 0 {
		e.settings = h.settings
		e.reads = append(e.reads, h.reads...)
	} else {
		e.settings = make([]SettingValue, len(s.settings))
		for i := range s.settings {
			d := &s.settings[i]
			e.settings[i] = SettingValue{Name: d.attr.Name, Keyed: d.attr.Role == Setting}
			if d.formula == nil || !d.formula.usesIO {
				v := e.setting(d, c)
				e.settings[i].Value = v
				if h.place == nil {
					place[d.attr.Name] = v
				}
			}
		}
	}

	ok := s.evaluateOutputs(e, place, c)
	if ok && h.usesIO && !s.broken {
		io := s.ioContext(c, e.outputs, nil)
		for i := range s.settings {
			if d := &s.settings[i]; d.formula != nil && d.formula.usesIO {
				e.settings[i].Value = e.setting(d, io)
			}
		}
	}
	s.evaluateInputs(e, c)
}

// setting returns one setting's value, NilVal where it is in error.
func (e *evaluation) setting(d *settingDef, c *instanceContext) cty.Value {
	if d.formula == nil {
		return absent(d.attr)
	}
	v, reads, diags := d.formula.in(c)
	e.diags = append(e.diags, diags...)
	if v == cty.NilVal {
		return v
	}
	e.reads = append(e.reads, reads...)
	if !d.formula.varies && !d.formula.usesIO {
		return v // converted when it was read
	}
	v, problem := setting(d.attr, d.attr.Name, v, d.formula.expr)
	if problem != nil {
		e.diags = append(e.diags, problem)
	}
	return v
}

func (s *stageDef) evaluateOutputs(e *evaluation, place map[string]cty.Value, c *instanceContext) bool {
	if s.outputs != nil {
		outs, reads, ok, diags := s.outputs.in(c)
		e.outputs, e.diags, e.reads = outs, append(e.diags, diags...), append(e.reads, reads...)
		return ok
	}
	if s.kind.Outputs == nil {
		return true
	}
	if s.broken || e.diags.HasErrors() {
		return false // a kind sees sound settings alone
	}
	p := Place{Prefix: s.stage.Prefix, Settings: place}
	if s.stage.PerInstance {
		p.Instance, p.File = c.instance, s.l.plan.FileName(c.instance)
	}
	for _, v := range place {
		if v == cty.NilVal {
			return false // a setting that is not known: only where instances are in error
		}
	}
	e.outputs = slices.SortedFunc(slices.Values(s.kind.Outputs(p)), func(a, b Output) int { return cmp.Compare(a.Name, b.Name) })
	return true
}

func (s *stageDef) evaluateInputs(e *evaluation, c *instanceContext) {
	e.inputs = slices.Grow(e.inputs, len(s.inputs))
	dir := s.l.dir
	for i := range s.inputs {
		in := &s.inputs[i]
		if in.pos == wholeList {
			s.evaluateInputList(e, in, c)
			continue
		}
		p, reads, ok, diags := in.formula.text(in.attr, c)
		e.diags = append(e.diags, diags...)
		if !ok {
			continue
		}
		e.reads = append(e.reads, reads...)
		e.inputs = append(e.inputs, InputFile{Attr: in.attr, Path: absolute(dir, p), Show: p, Pos: in.pos})
	}
	if len(e.reads) > 0 {
		slices.SortFunc(e.reads, func(a, b fileMark) int { return cmp.Compare(a.path, b.path) })
		e.reads = slices.CompactFunc(e.reads, func(a, b fileMark) bool { return a.path == b.path })
		for i, r := range e.reads {
			e.inputs = append(e.inputs, InputFile{Attr: fileAttr, Path: r.path, Show: r.show, Pos: i})
		}
		slices.SortStableFunc(e.inputs, func(a, b InputFile) int { return cmp.Compare(a.Attr, b.Attr) })
	}
}

// fileAttr stands for an attribute in inputs that an expression read.
const fileAttr = "file()"

func (s *stageDef) evaluateInputList(e *evaluation, in *inputDef, c *instanceContext) {
	v, reads, diags := in.formula.in(c)
	e.diags = append(e.diags, diags...)
	if v == cty.NilVal || v.IsNull() {
		return
	}
	list, err := convertTo(v, cty.List(cty.String))
	if err != nil {
		e.diags = append(e.diags, wrongType(in.attr, "a list of paths", v, in.formula.expr))
		return
	}
	e.reads = append(e.reads, reads...)
	for i, p := range stringList(list) {
		if p == "" {
			e.diags = append(e.diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  fmt.Sprintf("path %d of %s is empty", i+1, in.attr),
				Subject:  in.formula.expr.Range().Ptr(),
			})
			continue
		}
		e.inputs = append(e.inputs, InputFile{Attr: in.attr, Path: absolute(s.l.dir, p), Show: p, Pos: i})
	}
}

// ioContext is what an attribute with UsesOutput sees. paths, when not nil,
// takes the place of the declared paths.
func (s *stageDef) ioContext(c *instanceContext, outputs []Output, paths map[string]string) *instanceContext {
	own := make(map[string]cty.Value, len(outputs))
	for _, o := range outputs {
		own[o.Name] = cty.StringVal(o.Path)
		if p, ok := paths[o.Name]; ok {
			own[o.Name] = cty.StringVal(p)
		}
	}
	io := &instanceContext{base: c.base, instance: c.instance, known: c.known, output: cty.ObjectVal(own)}
	kinds := make(map[string]map[string]cty.Value)
	for _, r := range s.refs {
		if r.attr.Role != Setting && r.attr.Role != Hidden {
			continue
		}
		t := r.target.stage
		at := &instanceContext{base: c.base, known: c.known}
		if t.stage.PerInstance {
			at.instance = c.instance
		}
		outs := make(map[string]cty.Value)
		for _, o := range t.evaluate(at).outputs {
			outs[o.Name] = cty.StringVal(s.l.seen(t, o, paths != nil))
		}
		if kinds[t.kind.Name] == nil {
			kinds[t.kind.Name] = make(map[string]cty.Value)
		}
		kinds[t.kind.Name][t.stage.Name] = cty.ObjectVal(outs)
	}
	if len(kinds) > 0 {
		all := make(map[string]cty.Value, len(kinds))
		for k, v := range kinds {
			all[k] = cty.ObjectVal(v)
		}
		io.stage = cty.ObjectVal(all)
	}
	return io
}

// seen is the path by which an attribute names another stage's output. In the
// key it is free of where the results lie; when the node runs it is the file.
func (l *loader) seen(s *stageDef, o Output, running bool) string {
	switch {
	case s.outputs != nil:
		return o.Path
	case running:
		return filepath.Join(l.plan.ResultsDir, filepath.FromSlash(o.Path))
	}
	return "results_dir/" + o.Path
}

// evalWith is NodeSpec.Eval.
func (s *stageDef) evalWith(instance, attr string, outputs map[string]string) (cty.Value, error) {
	c := &instanceContext{base: s.l.base, instance: instance, known: true}
	e := s.evaluate(c)
	if e.diags.HasErrors() {
		return cty.NilVal, e.diags
	}
	for i := range s.settings {
		if d := &s.settings[i]; d.attr.Name == attr {
			again := &evaluation{}
			v := again.setting(d, s.ioContext(c, e.outputs, outputs))
			if again.diags.HasErrors() {
				return cty.NilVal, again.diags
			}
			return v, nil
		}
	}
	return cty.NilVal, fmt.Errorf("stage %s has no setting %q", s.stage.Address(), attr)
}
