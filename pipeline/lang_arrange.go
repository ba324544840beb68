package pipeline

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// arrange turns the stages into a graph: which have a node for each instance,
// who needs whom, whose outputs lie where.
func (l *loader) arrange() {
	scopes := make(map[*stageDef]bool, len(l.stages))
	for _, s := range l.stages {
		s.stage.PerInstance = s.perInstance(scopes)
	}
	for _, s := range l.stages {
		s.checkScope()
	}
	l.setPrefixes()
	for _, s := range l.stages {
		s.share()
	}
	for _, s := range l.stages {
		s.nameOutputs()
	}
	l.checkOutputNames()
	edges := l.edges()
	for _, c := range cycles(edges) {
		l.reportCycle(c, edges, func(i int) string { return "stage." + l.stages[i].stage.Address() }, "stages")
	}
	// A stage on a cycle has no value: evaluating it would never end.
	ordered := make(map[*stageDef]bool, len(l.stages))
	for _, s := range l.order() {
		ordered[s] = true
	}
	for _, s := range l.stages {
		if !ordered[s] {
			s.broken, s.skip = true, true
		}
	}
	for _, s := range l.stages {
		for _, r := range s.refs {
			s.stage.Deps = append(s.stage.Deps, Dep{Attr: r.attr.Name, Stage: r.target.stage.stage, Output: r.target.output, Pos: r.pos, Range: r.at})
		}
		s.stage.node = s.node
	}
}

func (l *loader) edges() [][]edge {
	index := make(map[*stageDef]int, len(l.stages))
	for i, s := range l.stages {
		index[s] = i
	}
	edges := make([][]edge, len(l.stages))
	for i, s := range l.stages {
		for _, r := range s.refs {
			edges[i] = append(edges[i], edge{to: index[r.target.stage], at: r.at})
		}
	}
	return edges
}

// order returns the stages, each after those it depends on.
func (l *loader) order() []*stageDef {
	var out []*stageDef
	for _, i := range topological(l.edges()) {
		out = append(out, l.stages[i])
	}
	return out
}

// perInstance says whether a stage has a node for each instance. known holds
// what was found already, false for a stage that is being looked at: the cycle
// is reported elsewhere.
func (s *stageDef) perInstance(known map[*stageDef]bool) bool {
	if p, ok := known[s]; ok {
		return p
	}
	known[s] = false
	p := false
	switch {
	case s.kind.Scope == PerInstance:
		p = true
	case s.kind.Scope == Aggregate:
	case s.explicit != nil:
		p = *s.explicit
	case s.instance != nil:
		p = true
	default:
		for _, r := range s.refs {
			p = r.target.stage.perInstance(known) || p
		}
	}
	known[s] = p
	return p
}

// checkScope reports what does not go together with the stage's scope.
func (s *stageDef) checkScope() {
	l, address := s.l, s.stage.Address()
	if s.stage.PerInstance {
		uses := s.instance != nil || slices.ContainsFunc(s.refs, func(r refDef) bool { return r.target.stage.stage.PerInstance })
		if !uses && !s.broken && len(l.plan.Instances) > 1 {
			d := l.add(hcl.DiagWarning, s.block.DefRange().Ptr(), "stage %s does the same for every instance", address)
			d.Detail = `It does not mention instance: write "${instance}" where the name belongs, in a path for example.`
		}
		return
	}
	if s.instance != nil {
		d := l.errorAt(*s.instance, "stage %s runs once for all instances and cannot use instance", address)
		if s.explicit != nil {
			d.Detail = "Remove per_instance = false to run it once for each."
		}
		s.broken, s.skip = true, true
	}
	for _, r := range s.refs {
		one := r.attr.Role == InputPath || r.attr.Role == Setting || r.attr.Role == Hidden
		if one && r.target.stage.stage.PerInstance {
			d := l.errorAt(r.at, "stage.%s.%s is one file for each instance, but stage %s runs once for all", r.target.stage.stage.Address(), r.target.output, address)
			if s.explicit != nil {
				d.Detail = "Remove per_instance = false to run it once for each."
			}
			s.broken, s.skip = true, true
		}
	}
}

// setPrefixes finds each kind's main stage: the first that an aggregate stage
// refers to, else the first in the file.
func (l *loader) setPrefixes() {
	main := make(map[*Kind]*stageDef)
	claim := func(s *stageDef) {
		if main[s.kind] == nil {
			main[s.kind] = s
		}
	}
	for _, s := range l.stages {
		for _, r := range s.refs {
			if !s.stage.PerInstance && (r.attr.Role == StageRefs || r.attr.Role == StageRef) {
				claim(r.target.stage)
			}
		}
	}
	for _, s := range l.stages {
		claim(s)
	}
	for _, s := range l.stages {
		if main[s.kind] != s {
			s.stage.Prefix = s.stage.Name + "/"
		}
	}
}

// nameOutputs finds the names of the stage's outputs, as the first instance
// has them.
func (s *stageDef) nameOutputs() {
	if s.outputs != nil && s.outputs.whole == nil {
		for _, i := range s.outputs.items {
			s.outputNames = append(s.outputNames, i.name)
		}
		return
	}
	if s.skip {
		return
	}
	c := s.l.firstContext(s)
	e := s.evaluate(c)
	for _, o := range e.outputs {
		s.outputNames = append(s.outputNames, o.Name)
	}
}

// firstContext is that of the stage's first node.
func (l *loader) firstContext(s *stageDef) *instanceContext {
	c := &instanceContext{base: l.base}
	switch {
	case !s.stage.PerInstance:
		c.known = true
	case l.instances:
		c.instance, c.known = l.plan.Instances[0], true
	}
	return c
}

// checkOutputNames reports references to outputs that no stage has.
func (l *loader) checkOutputNames() {
	for _, m := range l.missingOutputs {
		address := "stage." + m.stage.stage.Address()
		d := l.errorAt(m.at, "%s takes a file, but %s is a stage", m.attr, address)
		switch n := m.stage.outputNames; len(n) {
		case 0:
			d.Detail = fmt.Sprintf("Name one of its outputs: %s.OUTPUT.", address)
		case 1:
			d.Detail = fmt.Sprintf("Did you mean \"%s.%s\"?", address, n[0])
		default:
			d.Detail = fmt.Sprintf("Name one of its outputs: %s.%s.", address, orList(n))
		}
	}
	for _, s := range l.stages {
		for _, r := range s.refs {
			t := r.target
			if t.output == "" || t.stage.outputNames == nil || slices.Contains(t.stage.outputNames, t.output) {
				continue
			}
			d := l.errorAt(r.at, "stage %s has no output %q", t.stage.stage.Address(), t.output)
			if d.Detail = didYouMean(t.output, t.stage.outputNames, "stage."+t.stage.stage.Address()+"."); d.Detail == "" {
				d.Detail = "Its outputs: " + listed(t.stage.outputNames) + "."
			}
			s.broken = true
		}
		for _, set := range s.settings {
			if set.formula != nil && set.formula.usesIO && s.outputNames != nil {
				s.checkOwnOutputs(set.formula.expr)
			}
		}
	}
}

func (s *stageDef) checkOwnOutputs(e hclsyntax.Expression) {
	for _, t := range e.Variables() {
		if t.RootName() != "output" || len(t) < 2 {
			continue
		}
		name := stepName(t[1])
		if slices.Contains(s.outputNames, name) {
			continue
		}
		d := s.l.errorAt(t.SourceRange(), "stage %s has no output %q", s.stage.Address(), name)
		if d.Detail = didYouMean(name, s.outputNames, "output."); d.Detail == "" && len(s.outputNames) > 0 {
			d.Detail = "Its outputs: " + listed(s.outputNames) + "."
		}
		s.broken = true
	}
}
