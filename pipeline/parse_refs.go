package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A scope says what an expression may refer to.
type scope struct {
	vars, locals bool
	instance     bool
	outputs      bool   // output.NAME, and outputs of other stages
	where        string // for messages: "a local", "instances"
}

// checkReferences reports calls of unknown functions and references to what
// does not exist or may not be used here. It runs before any evaluation, so
// that a mistake is reported once and not for every instance, with the nearest
// name of a sorted list. References to stages are checked by the caller.
func (l *loader) checkReferences(e hclsyntax.Expression, s scope) bool {
	before := len(l.diags)
	// The walk cannot fail: the callback returns no diagnostics.
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			l.checkFunction(n)
		case *hclsyntax.LiteralValueExpr:
			l.checkNumber(n)
		}
		return nil
	})
	for _, t := range e.Variables() {
		l.checkTraversal(t, s)
	}
	return len(l.diags) == before
}

// checkNumber refuses numbers that no float64 holds. Stages could not use them,
// and to write one out as a text may take hours.
func (l *loader) checkNumber(e *hclsyntax.LiteralValueExpr) {
	if e.Val.IsNull() || e.Val.Type() != cty.Number {
		return
	}
	if f, _ := e.Val.AsBigFloat().Float64(); math.IsInf(f, 0) || (f == 0 && e.Val.AsBigFloat().Sign() != 0) {
		l.errorAt(e.Range(), "this number is out of range").Detail = "Numbers lie between 5e-324 and 1.8e308."
	}
}

func (l *loader) checkFunction(call *hclsyntax.FunctionCallExpr) {
	if _, ok := l.base.Functions[call.Name]; ok {
		return
	}
	d := l.errorAt(call.NameRange, "unknown function %q", call.Name)
	if advice, ok := impureAdvice(strings.ToLower(call.Name)); ok {
		d.Detail = advice
		return
	}
	d.Detail = didYouMean(call.Name, sortedKeys(l.base.Functions), "")
}

func (l *loader) checkTraversal(t hcl.Traversal, s scope) {
	at := t.SourceRange()
	name := ""
	if len(t) > 1 {
		name = stepName(t[1])
	}
	switch root := t.RootName(); root {
	case "instance":
		switch {
		case !s.instance:
			l.errorAt(at, "%s is the same for all instances and cannot use instance", s.where).Detail =
				"Use instance in the attributes of a stage."
		case len(t) > 1:
			l.errorAt(at, "instance is a text and has no parts: %s", showTraversal(t))
		}
	case "var":
		l.checkName(t, s.vars, s, name, "variable", l.vars[name] != nil, sortedKeys(l.vars))
	case "local":
		l.checkName(t, s.locals, s, name, "local", l.locals[name] != nil, sortedKeys(l.locals))
	case "output":
		switch {
		case !s.outputs:
			l.errorAt(at, "%s cannot use %s", s.where, showTraversal(t))
		case name == "":
			l.errorAt(at, "output needs the name of one of the stage's outputs: output.NAME")
		}
	case "stage":
		if !s.outputs {
			l.errorAt(at, "%s takes a value, but %s refers to a stage", s.where, showTraversal(t))
		}
	case "provider":
		l.errorAt(at, "%s takes a value, but %s refers to a provider", s.where, showTraversal(t))
	default:
		l.errorAt(at, "unknown name %q", root).Detail = l.guessRoot(t)
	}
}

func (l *loader) checkName(t hcl.Traversal, allowed bool, s scope, name, what string, declared bool, near []string) {
	at, root := t.SourceRange(), t.RootName()
	switch {
	case !allowed:
		l.errorAt(at, "%s cannot use %s", s.where, showTraversal(t))
	case name == "":
		l.errorAt(at, "%s needs a name: %s.NAME", root, root)
	case !declared:
		d := l.errorAt(at, "there is no %s %q", what, name)
		switch {
		case what == "variable" && l.locals[name] != nil:
			d.Detail = fmt.Sprintf("Did you mean \"local.%s\"?", name)
		case what == "local" && l.vars[name] != nil:
			d.Detail = fmt.Sprintf("Did you mean \"var.%s\"?", name)
		case nearest(name, near) != "":
			d.Detail = didYouMean(name, near, root+".")
		case len(near) > 0:
			d.Detail = "Declared: " + listed(near) + "."
		}
	}
}

// guessRoot says what a name that stands alone may have meant.
func (l *loader) guessRoot(t hcl.Traversal) string {
	root := t.RootName()
	if l.vars[root] != nil {
		return fmt.Sprintf("Did you mean \"var.%s\"?", root)
	}
	if l.locals[root] != nil {
		return fmt.Sprintf("Did you mean \"local.%s\"?", root)
	}
	for _, s := range l.stages {
		if len(t) > 1 && s.kind.Name == root && s.stage.Name == stepName(t[1]) {
			return fmt.Sprintf("Did you mean \"stage.%s\"?", showTraversal(t))
		}
	}
	if h := didYouMean(root, []string{"instance", "var", "local", "output", "stage", "provider"}, ""); h != "" {
		return h
	}
	return fmt.Sprintf("A text is written in quotes: %q. Names that may stand without are instance, var.NAME and local.NAME.", root)
}

// stepName returns the name that .NAME or ["NAME"] selects, "" for others.
func stepName(s hcl.Traverser) string {
	switch s := s.(type) {
	case hcl.TraverseAttr:
		return s.Name
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && !s.Key.IsNull() && s.Key.IsKnown() {
			return s.Key.AsString()
		}
	}
	return ""
}

// bareReference returns the traversal of an expression that is nothing else,
// and whether it is one.
func bareReference(e hclsyntax.Expression) (hcl.Traversal, bool) {
	t, ok := e.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return nil, false
	}
	return t.Traversal, true
}

// A stageTarget is what a reference to a stage names.
type stageTarget struct {
	stage  *stageDef
	output string
}

// stageReference resolves a reference that must name one of the given kinds
// (nil: any). wantOutput says that it must go on to one of the stage's outputs.
// The name of the output is checked later, when the outputs are known.
func (l *loader) stageReference(by *stageDef, t hcl.Traversal, attr string, kinds []string, wantOutput bool) (stageTarget, bool) {
	at := t.SourceRange()
	var names []string
	for _, s := range t[1:] {
		n := stepName(s)
		if n == "" {
			l.errorAt(at, "%s is not a reference to a stage", showTraversal(t)).Detail = "References are written stage.KIND.NAME."
			return stageTarget{}, false
		}
		names = append(names, n)
	}
	if len(names) < 2 {
		l.errorAt(at, "%s does not name a stage", showTraversal(t)).Detail = l.incomplete(names, kinds)
		return stageTarget{}, false
	}
	kind, name := names[0], names[1]
	if l.brokenStages[name] {
		by.broken = true
		return stageTarget{}, false // its own mistake is reported
	}
	found := l.stageByAddress(kind, name)
	if found == nil {
		l.errorAt(at, "there is no stage %s.%s", kind, name).Detail = l.guessStage(kind, name, kinds)
		return stageTarget{}, false
	}
	if len(kinds) > 0 && !slices.Contains(kinds, kind) {
		d := l.errorAt(at, "%s takes %s, but stage.%s.%s is not one", attr, kindList(kinds), kind, name)
		d.Detail = l.guessStage(kind, name, kinds)
		d.Extra = []Note{{Range: found.block.DefRange(), Text: "it is declared here"}}
		return stageTarget{}, false
	}
	switch rest := names[2:]; {
	case len(rest) > 1, len(rest) == 1 && !wantOutput:
		l.errorAt(at, "%s takes a whole stage", attr).Detail = fmt.Sprintf("Write %s = stage.%s.%s.", attr, kind, name)
		if wantOutput {
			l.diags[len(l.diags)-1].Summary = fmt.Sprintf("%s: an output is a file and has no parts", showTraversal(t))
			l.diags[len(l.diags)-1].Detail = fmt.Sprintf("Write stage.%s.%s.%s.", kind, name, rest[0])
		}
		return stageTarget{}, false
	case len(rest) == 0 && wantOutput:
		l.missingOutputs = append(l.missingOutputs, missingOutput{attr: attr, by: by, stage: found, at: at})
		by.broken = true
		return stageTarget{}, false
	case wantOutput:
		return stageTarget{found, rest[0]}, true
	}
	return stageTarget{found, ""}, true
}

// A missingOutput is a reference to a stage where one of its outputs is wanted;
// it is reported when the stage's outputs are known.
type missingOutput struct {
	attr      string
	by, stage *stageDef
	at        hcl.Range
}

func (l *loader) stageByAddress(kind, name string) *stageDef {
	for _, s := range l.stages {
		if s.kind.Name == kind && s.stage.Name == name {
			return s
		}
	}
	return nil
}

func kindList(kinds []string) string {
	article := "a "
	if strings.ContainsAny(kinds[0][:1], "aeiou") {
		article = "an "
	}
	return article + orList(kinds) + " stage"
}

// incomplete offers stages where a reference ends early.
func (l *loader) incomplete(names []string, kinds []string) string {
	var fits []string
	for _, s := range l.stages {
		if (len(kinds) == 0 || slices.Contains(kinds, s.kind.Name)) && (len(names) == 0 || s.kind.Name == names[0]) {
			fits = append(fits, "stage."+s.stage.Address())
		}
	}
	switch len(fits) {
	case 0:
		return "References are written stage.KIND.NAME."
	case 1:
		return fmt.Sprintf("Did you mean %q?", fits[0])
	}
	return "References are written stage.KIND.NAME; here that may be " + orList(fits) + "."
}

// guessStage offers the stage that a wrong reference may have meant: one with
// the same name and another kind, else one with a near address, else the only
// one that would fit.
func (l *loader) guessStage(kind, name string, kinds []string) string {
	var fits, sameName []string
	for _, s := range l.stages {
		if len(kinds) > 0 && !slices.Contains(kinds, s.kind.Name) {
			continue
		}
		fits = append(fits, s.stage.Address())
		if s.stage.Name == name {
			sameName = append(sameName, s.stage.Address())
		}
	}
	if len(sameName) == 1 {
		return fmt.Sprintf("Did you mean \"stage.%s\"?", sameName[0])
	}
	if h := didYouMean(kind+"."+name, fits, "stage."); h != "" {
		return h
	}
	switch {
	case len(fits) == 1:
		return fmt.Sprintf("Did you mean \"stage.%s\"?", fits[0])
	case len(fits) > 0:
		return "Declared: " + listed(fits) + "."
	case len(kinds) > 0:
		return fmt.Sprintf("The file declares no %s stage.", orList(kinds))
	}
	return ""
}
