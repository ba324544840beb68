package pipeline

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// readLocals evaluates the locals in the order in which they need each other.
func (l *loader) readLocals() {
	l.locals = make(map[string]*hclsyntax.Attribute)
	var attrs []*hclsyntax.Attribute
	for _, b := range l.doc.locals {
		for _, inner := range b.Body.Blocks {
			l.errorAt(inner.TypeRange, "unknown block %q in locals", inner.Type).Detail = "Locals have attributes alone: write an object with \"=\"."
		}
		for _, a := range sortedAttributes(b.Body) {
			if first, ok := l.locals[a.Name]; ok {
				l.duplicate(a.NameRange, first.NameRange, fmt.Sprintf("local %q", a.Name))
				continue
			}
			l.locals[a.Name] = a
			attrs = append(attrs, a)
		}
	}
	index := make(map[string]int, len(attrs))
	for i, a := range attrs {
		index[a.Name] = i
	}
	edges := make([][]edge, len(attrs))
	for i, a := range attrs {
		for _, t := range a.Expr.Variables() {
			if t.RootName() != "local" || len(t) < 2 {
				continue
			}
			if j, ok := index[stepName(t[1])]; ok {
				edges[i] = append(edges[i], edge{to: j, at: t.SourceRange()})
			}
		}
	}
	for _, c := range cycles(edges) {
		l.reportCycle(c, edges, func(i int) string { return "local." + attrs[i].Name }, "locals")
	}

	// Whatever a cycle leaves without a value stays unknown, and an error that
	// follows from it is not reported again.
	values := make(map[string]cty.Value, len(attrs))
	for _, a := range attrs {
		values[a.Name] = cty.DynamicVal
	}
	l.base.Variables["local"] = cty.ObjectVal(values)
	for _, i := range topological(edges) {
		a := attrs[i]
		if !l.checkReferences(a.Expr, scope{vars: true, locals: true, where: "a local"}) {
			continue
		}
		v, reads, diags := evaluate(a.Expr, l.base)
		l.diags = append(l.diags, diags...)
		if v == cty.NilVal {
			continue
		}
		for _, r := range reads {
			v = v.Mark(r) // who uses the local uses the file
		}
		values[a.Name] = v
		l.base.Variables["local"] = cty.ObjectVal(values)
	}
}
