package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// checkOutputsUsed reports outputs whose paths the command is never given:
// see Attribute.ByCommand. Where it is given one of several it may find the
// others beside that, so that is only a warning. Where a mistake was found
// already of what is to use them, nothing more is said.
func (s *stageDef) checkOutputsUsed(body *hclsyntax.Body) {
	if s.outputs == nil {
		return
	}
	var takers []string
	used := map[string]bool{}
	byCommand := false
	for i := range s.kind.Attributes {
		a := &s.kind.Attributes[i]
		byCommand = byCommand || a.ByCommand
		written := body.Attributes[a.Name]
		if a.UsesOutput {
			takers = append(takers, a.Name)
			if a.Required && (written == nil || isNull(written.Expr)) {
				return
			}
		}
		if written == nil {
			continue
		}
		for _, t := range written.Expr.Variables() {
			if t.RootName() != "output" {
				continue
			}
			name := outputIn(t)
			if !a.UsesOutput || !s.outputs.declares(name) {
				return // which is said of that reference
			}
			used[name] = true
		}
	}
	if !byCommand || len(takers) == 0 {
		return
	}
	for _, o := range s.outputs.items {
		if used[o.name] {
			continue
		}
		severity := hcl.DiagError
		if len(used) > 0 {
			severity = hcl.DiagWarning
		}
		d := s.l.add(severity, o.formula.expr.Range().Ptr(), "stage %s does not use ${output.%s} in %s, so nothing tells where to write it",
			s.stage.Address(), o.name, strings.Join(takers, " or "))
		d.Detail = fmt.Sprintf("It is moved from a private path to its place when the command has succeeded: where %s names the file, write \"${output.%s}\".", takers[0], o.name)
	}
}

// outputIn is the output that a reference names, "" where it names none.
func outputIn(t hcl.Traversal) string {
	if len(t) > 1 {
		switch step := t[1].(type) {
		case hcl.TraverseAttr:
			return step.Name
		case hcl.TraverseIndex:
			if step.Key.Type() == cty.String {
				return step.Key.AsString()
			}
		}
	}
	return ""
}

func (o *outputsDef) declares(name string) bool {
	return slices.ContainsFunc(o.items, func(i outputItem) bool { return i.name == name })
}
