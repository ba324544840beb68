package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A stageDef is a stage block as it is read, and what evaluates its nodes.
type stageDef struct {
	l     *loader
	block *hclsyntax.Block
	kind  *Kind
	stage *Stage

	settings  []settingDef // sorted by name; those that use outputs too
	inputs    []inputDef   // sorted by attribute, then position
	outputs   *outputsDef  // nil unless the kind's outputs are declared in the file
	providers []providerDefUse
	refs      []refDef

	explicit *bool      // per_instance
	instance *hcl.Range // where `instance` is mentioned first
	broken   bool       // a mistake is reported; what is left is evaluated for more
	skip     bool       // its scope is in error: nothing can be evaluated

	outputNames []string // sorted; nil while they are not known
	shared      *shared  // what all its nodes have in common
}

type settingDef struct {
	attr    *Attribute
	formula *formula // nil when absent
}

type inputDef struct {
	attr    string
	pos     int
	formula *formula
}

type providerDefUse struct {
	attr string
	def  *providerDef
}

// A refDef is a Dep before the scopes of the stages are known.
type refDef struct {
	attr   *Attribute
	target stageTarget
	pos    int
	at     hcl.Range
}

// readStages reads the blocks in two rounds, so that a reference may name a
// stage that stands below it.
func (l *loader) readStages() {
	var all []*stageDef
	for _, b := range l.doc.stages {
		address := b.Labels[0] + "." + b.Labels[1]
		kind := l.kind(b)
		if kind == nil {
			l.brokenStages[b.Labels[1]] = true
			continue
		}
		s := &stageDef{l: l, block: b, kind: kind, stage: &Stage{Kind: kind, Name: b.Labels[1], DefRange: b.DefRange()}}
		all = append(all, s)
		if first := l.stageByAddress(kind.Name, s.stage.Name); first != nil {
			l.duplicate(b.DefRange(), first.block.DefRange(), "stage "+address)
			continue
		}
		l.stages = append(l.stages, s)
	}
	for _, s := range all {
		before := len(l.diags)
		s.read()
		s.broken = s.broken || len(l.diags) > before
	}
	if len(l.doc.stages) == 0 && len(l.doc.pipelines) > 0 && !l.doc.unclear {
		l.errorAt(l.doc.pipelines[0].DefRange(), "the file declares no stage")
	}
}

func (l *loader) kind(b *hclsyntax.Block) *Kind {
	var names []string
	for i := range l.kinds.Stages {
		if k := &l.kinds.Stages[i]; k.Name == b.Labels[0] {
			return k
		}
		names = append(names, l.kinds.Stages[i].Name)
	}
	d := l.errorAt(b.LabelRanges[0], "unknown kind of stage %q", b.Labels[0])
	if d.Detail = didYouMean(b.Labels[0], names, ""); d.Detail == "" {
		d.Detail = "Kinds: " + listed(names) + "."
	}
	return nil
}

// read checks the block's body and prepares its attributes.
func (s *stageDef) read() {
	l, body := s.l, s.block.Body
	what := "stage " + s.stage.Address()
	var extra []string
	if s.kind.Scope == Either {
		extra = append(extra, "per_instance")
	}
	l.checkBody(body, s.block.DefRange(), what, s.kind.Attributes, nil, extra...)
	if s.kind.Scope == Either {
		a := &Attribute{Name: "per_instance", Type: cty.Bool}
		if v, _, ok := l.attribute(body, a, a.Name); ok && !v.IsNull() {
			b := v.True()
			s.explicit = &b
		}
	}
	for i := range s.kind.Attributes {
		a := &s.kind.Attributes[i]
		written := body.Attributes[a.Name]
		if written == nil {
			s.absent(a, what)
			continue
		}
		if isNull(written.Expr) {
			// As in other HCL languages null is as if the attribute were not there.
			if a.Required && a.Role != ProviderRef {
				l.errorAt(written.Expr.Range(), "%s must not be null", a.Name)
			} else {
				s.absent(a, what)
			}
			continue
		}
		switch a.Role {
		case Setting, Hidden:
			s.readSetting(a, written.Expr)
		case InputPath:
			s.readInput(a, written.Expr, 0)
		case InputPaths:
			s.readInputs(a, written.Expr)
		case OutputMap:
			s.readOutputs(a, written.Expr)
		case StageRef:
			s.readRef(a, written.Expr, 0)
		case StageRefs:
			s.readRefs(a, written.Expr)
		case ProviderRef:
			if p := l.providerReference(a.Name, written.Expr); p != nil {
				s.providers = append(s.providers, providerDefUse{a.Name, p})
			}
		}
	}
	slices.SortFunc(s.settings, func(a, b settingDef) int { return strings.Compare(a.attr.Name, b.attr.Name) })
	slices.SortStableFunc(s.inputs, func(a, b inputDef) int { return strings.Compare(a.attr, b.attr) })
	slices.SortFunc(s.providers, func(a, b providerDefUse) int { return strings.Compare(a.attr, b.attr) })
	slices.SortStableFunc(s.refs, func(a, b refDef) int { return strings.Compare(a.attr.Name, b.attr.Name) })
	s.checkOutputsUsed(body)
}

func isNull(e hclsyntax.Expression) bool {
	l, ok := e.(*hclsyntax.LiteralValueExpr)
	return ok && l.Val.IsNull()
}

func (s *stageDef) absent(a *Attribute, what string) {
	switch {
	case a.Role == Setting || a.Role == Hidden:
		s.settings = append(s.settings, settingDef{attr: a})
	case a.Role == ProviderRef && a.Required:
		if p := s.l.defaultProvider(a.Name, s.block.DefRange(), what); p != nil {
			s.providers = append(s.providers, providerDefUse{a.Name, p})
		}
	}
}

// formula checks an expression's references and prepares it. A nil result
// means that a mistake is reported.
func (s *stageDef) formula(e hclsyntax.Expression, name string, outputs bool) *formula {
	l := s.l
	if !l.checkReferences(e, scope{vars: true, locals: true, instance: true, outputs: outputs, where: name}) {
		return nil
	}
	for _, t := range e.Variables() {
		if at := t.SourceRange(); t.RootName() == "instance" && (s.instance == nil || at.Start.Byte < s.instance.Start.Byte) {
			s.instance = &at
		}
	}
	f, diags := newFormula(e, l.base)
	l.diags = append(l.diags, diags...)
	s.broken = s.broken || f == nil
	return f
}

func (s *stageDef) readSetting(a *Attribute, e hclsyntax.Expression) {
	f := s.formula(e, a.Name, a.UsesOutput)
	if f == nil {
		return
	}
	if !f.varies && !f.usesIO {
		v, d := setting(a, a.Name, f.value, e)
		if d != nil {
			s.l.diags = append(s.l.diags, d)
			return
		}
		f.value = v
	}
	// Outputs of other stages are edges wherever they stand.
	if a.UsesOutput {
		for i, t := range e.Variables() {
			if t.RootName() != "stage" {
				continue
			}
			if target, ok := s.l.stageReference(s, t, a.Name, nil, true); ok {
				s.refs = append(s.refs, refDef{attr: a, target: target, pos: i, at: t.SourceRange()})
			}
		}
	}
	s.settings = append(s.settings, settingDef{a, f})
}

// readInput reads one path: a formula, or a bare reference to an output.
func (s *stageDef) readInput(a *Attribute, e hclsyntax.Expression, pos int) {
	if t, ok := bareReference(e); ok && t.RootName() == "stage" {
		if target, ok := s.l.stageReference(s, t, a.Name, nil, true); ok {
			s.refs = append(s.refs, refDef{attr: a, target: target, pos: pos, at: t.SourceRange()})
		}
		return
	}
	for _, t := range e.Variables() {
		if t.RootName() == "stage" {
			s.l.errorAt(t.SourceRange(), "a reference to a stage stands alone, not within an expression").Detail =
				fmt.Sprintf("Write %s = %s.", a.Name, showTraversal(t))
			return
		}
	}
	f := s.formula(e, a.Name, false)
	if f == nil {
		return
	}
	if !f.varies {
		if a.Role == InputPath && f.value.IsNull() && !a.Required {
			return // as if the attribute were absent
		}
		if _, _, ok, diags := f.text(a.Name, &instanceContext{}); !ok || len(diags) > 0 {
			if f.value.IsNull() {
				diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: a.Name + " must not be null", Subject: e.Range().Ptr()})
			}
			s.l.diags = append(s.l.diags, diags...)
			return
		}
	}
	s.inputs = append(s.inputs, inputDef{a.Name, pos, f})
}

// readInputs reads a list of paths. Only a list that is written out may hold
// references; any other expression gives texts.
func (s *stageDef) readInputs(a *Attribute, e hclsyntax.Expression) {
	if list, ok := e.(*hclsyntax.TupleConsExpr); ok {
		if len(list.Exprs) == 0 && a.Required {
			s.l.errorAt(e.Range(), "%s must not be empty", a.Name)
		}
		for i, x := range list.Exprs {
			s.readInput(a, x, i)
		}
		return
	}
	if t, ok := bareReference(e); ok && t.RootName() == "stage" {
		s.readInput(a, e, 0)
		return
	}
	f := s.formula(e, a.Name, false)
	if f == nil {
		return
	}
	if !f.varies {
		if _, d := setting(&Attribute{Type: cty.List(cty.String), Required: a.Required, Check: strs(notEmpty)}, a.Name, f.value, e); d != nil {
			s.l.diags = append(s.l.diags, d)
			return
		}
	}
	s.inputs = append(s.inputs, inputDef{a.Name, wholeList, f})
}

// wholeList is the position of an input whose formula gives the whole list.
const wholeList = -1

func (s *stageDef) readRef(a *Attribute, e hclsyntax.Expression, pos int) {
	t, ok := bareReference(e)
	if !ok || t.RootName() != "stage" {
		s.l.notAReference(a.Name, "a stage", "stage.KIND.NAME", e)
		return
	}
	target, ok := s.l.stageReference(s, t, a.Name, a.Kinds, false)
	if !ok {
		return
	}
	for _, r := range s.refs {
		if r.attr == a && r.target == target {
			s.l.errorAt(t.SourceRange(), "%s names %s twice", a.Name, showTraversal(t)).Extra = []Note{{Range: r.at, Text: "first named here"}}
			return
		}
	}
	s.refs = append(s.refs, refDef{attr: a, target: target, pos: pos, at: t.SourceRange()})
}

func (s *stageDef) readRefs(a *Attribute, e hclsyntax.Expression) {
	list, ok := e.(*hclsyntax.TupleConsExpr)
	if !ok {
		s.readRef(a, e, 0)
		return
	}
	if len(list.Exprs) == 0 {
		s.l.errorAt(e.Range(), "%s must not be empty", a.Name)
	}
	for i, x := range list.Exprs {
		s.readRef(a, x, i)
	}
}

// notAReference reports an expression where a bare reference must stand, and
// guesses which one was meant.
func (l *loader) notAReference(attr, what, form string, e hclsyntax.Expression) {
	found := "an expression"
	guess := ""
	root := strings.Fields(what)[1]
	switch x := e.(type) {
	case *hclsyntax.TemplateWrapExpr:
		if t, ok := bareReference(x.Wrapped); ok {
			found, guess = "a text", showTraversal(t)
		}
	case *hclsyntax.TemplateExpr:
		found = "a text"
		if v, diags := x.Value(nil); !diags.HasErrors() && v.Type() == cty.String && v.IsKnown() {
			text := v.AsString()
			found = "the text " + showValue(v)
			if strings.HasPrefix(text, root+".") {
				guess = text
			} else if l.knownAddress(root, text) {
				guess = root + "." + text
			}
		}
	case *hclsyntax.TupleConsExpr:
		found = "a list"
	case *hclsyntax.ScopeTraversalExpr:
		found = showTraversal(x.Traversal)
		if l.knownAddress(root, found) {
			guess = root + "." + found
		} else if near := nearest(x.Traversal.RootName(), []string{root}); near != "" {
			guess = near + strings.TrimPrefix(found, x.Traversal.RootName())
		}
	}
	d := l.errorAt(e.Range(), "%s takes a reference to %s, but is %s", attr, what, found)
	_, bare := bareReference(e)
	switch {
	case guess != "" && bare:
		d.Detail = fmt.Sprintf("Did you mean %q?", guess)
	case guess != "":
		d.Detail = fmt.Sprintf("Write it bare, without quotes: %s = %s.", attr, guess)
	default:
		d.Detail = fmt.Sprintf("References are written bare: %s = %s.", attr, form)
	}
}

func (l *loader) knownAddress(root, address string) bool {
	if root == "provider" {
		return l.providerByAddress(address) != nil
	}
	kind, name, _ := strings.Cut(address, ".")
	return l.stageByAddress(kind, name) != nil
}
