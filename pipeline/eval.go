package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A formula is an expression made ready to be evaluated for many instances.
// What does not mention `instance` is evaluated once, when it is made.
type formula struct {
	expr   hclsyntax.Expression
	varies bool // mentions instance
	usesIO bool // mentions output, or another stage's output

	value cty.Value // unmarked; when neither varies nor usesIO
	reads []fileMark
	parts []part // when it is text and `${instance}` alone
}

// A part of a template: text, or the instance where isInstance.
type part struct {
	text       string
	isInstance bool
}

// newFormula prepares an expression whose references are known to be sound.
// The formula is nil where the expression does not vary and has no value; why is
// in the diagnostics, or was reported for what it refers to.
func newFormula(e hclsyntax.Expression, base *hcl.EvalContext) (*formula, hcl.Diagnostics) {
	f := &formula{expr: e}
	for _, t := range e.Variables() {
		switch t.RootName() {
		case "instance":
			f.varies = true
		case "output", "stage":
			f.usesIO = true
		}
	}
	switch {
	case f.usesIO:
	case f.varies:
		f.parts = templateParts(e, base)
	default:
		v, reads, diags := evaluate(e, base)
		if v == cty.NilVal {
			return nil, diags
		}
		f.value, f.reads = v, reads
		return f, diags
	}
	return f, nil
}

// evaluate returns a value without marks and the files it was made from. The
// value is cty.NilVal where it is not known, which happens only where an error
// is in diags or was reported before.
func evaluate(e hcl.Expression, ctx *hcl.EvalContext) (v cty.Value, reads []fileMark, diags hcl.Diagnostics) {
	// The functions are another module's, given whatever a user writes: a
	// panic of one is a mistake in this expression, not the end of the program.
	defer func() {
		if r := recover(); r != nil {
			v, reads = cty.NilVal, nil
			diags = hcl.Diagnostics{{
				Severity: hcl.DiagError,
				Summary:  fmt.Sprintf("this expression cannot be evaluated: %v", r),
				Subject:  e.Range().Ptr(),
			}}
		}
	}()
	v, diags = e.Value(ctx)
	diags = plainAll(diags)
	if diags.HasErrors() {
		return cty.NilVal, nil, diags
	}
	v, reads = unmark(v)
	if !v.IsWhollyKnown() {
		return cty.NilVal, nil, diags
	}
	return v, reads, diags
}

func unmark(v cty.Value) (cty.Value, []fileMark) {
	if !v.ContainsMarked() {
		return v, nil
	}
	v, marks := v.UnmarkDeep()
	var reads []fileMark
	for m := range marks {
		if f, ok := m.(fileMark); ok {
			reads = append(reads, f)
		}
	}
	slices.SortFunc(reads, func(a, b fileMark) int { return strings.Compare(a.path, b.path) })
	return v, reads
}

// templateParts returns the parts of a template of text and `${instance}`
// alone, nil for any other expression. Most attributes that vary are such
// templates, and joining strings is ten times faster than a general evaluation.
func templateParts(e hclsyntax.Expression, base *hcl.EvalContext) []part {
	if isInstance(e) {
		return []part{{isInstance: true}}
	}
	switch e := e.(type) {
	case *hclsyntax.TemplateWrapExpr:
		if isInstance(e.Wrapped) {
			return []part{{isInstance: true}}
		}
	case *hclsyntax.TemplateExpr:
		var parts []part
		for _, p := range e.Parts {
			if isInstance(p) {
				parts = append(parts, part{isInstance: true})
				continue
			}
			if mentions(p, "instance") {
				return nil
			}
			v, reads, diags := evaluate(p, base)
			if len(diags) > 0 || v == cty.NilVal || len(reads) > 0 {
				return nil
			}
			s, err := convert.Convert(v, cty.String)
			if err != nil || s.IsNull() {
				return nil
			}
			parts = append(parts, part{text: s.AsString()})
		}
		return parts
	}
	return nil
}

func isInstance(e hclsyntax.Expression) bool {
	t, ok := e.(*hclsyntax.ScopeTraversalExpr)
	return ok && len(t.Traversal) == 1 && t.Traversal.RootName() == "instance"
}

func mentions(e hcl.Expression, root string) bool {
	return slices.ContainsFunc(e.Variables(), func(t hcl.Traversal) bool { return t.RootName() == root })
}

// instanceContext is what an expression sees in one node.
type instanceContext struct {
	base     *hcl.EvalContext
	instance string
	known    bool      // false where the instances themselves are in error
	output   cty.Value // NilVal where the attribute may not use it
	stage    cty.Value

	ctx *hcl.EvalContext
}

func (c *instanceContext) eval() *hcl.EvalContext {
	if c.ctx == nil {
		c.ctx = c.base.NewChild()
		c.ctx.Variables = map[string]cty.Value{"instance": c.value()}
		if c.output != cty.NilVal {
			c.ctx.Variables["output"] = c.output
		}
		if c.stage != cty.NilVal {
			c.ctx.Variables["stage"] = c.stage
		}
	}
	return c.ctx
}

func (c *instanceContext) value() cty.Value {
	if !c.known {
		return cty.UnknownVal(cty.String).RefineNotNull()
	}
	return cty.StringVal(c.instance)
}

// in returns the formula's value in a node, as evaluate does.
func (f *formula) in(c *instanceContext) (cty.Value, []fileMark, hcl.Diagnostics) {
	switch {
	case !f.varies && !f.usesIO:
		return f.value, f.reads, nil
	case f.parts != nil && c.known:
		return cty.StringVal(f.join(c.instance)), nil, nil
	}
	return evaluate(f.expr, c.eval())
}

func (f *formula) join(instance string) string {
	if len(f.parts) == 1 && f.parts[0].isInstance {
		return instance
	}
	n := 0
	for _, p := range f.parts {
		n += len(p.text)
		if p.isInstance {
			n += len(instance)
		}
	}
	var b strings.Builder
	b.Grow(n)
	for _, p := range f.parts {
		if p.isInstance {
			b.WriteString(instance)
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// text returns the formula's value as a path in a node: a text that is not
// empty. ok is false where there is none, with diagnostics unless the value is
// null or its mistake was reported before.
func (f *formula) text(name string, c *instanceContext) (s string, reads []fileMark, ok bool, diags hcl.Diagnostics) {
	if f.parts != nil && c.known {
		s = f.join(c.instance)
	} else {
		var v cty.Value
		v, reads, diags = f.in(c)
		if v == cty.NilVal || v.IsNull() {
			return "", nil, false, diags
		}
		t, err := convert.Convert(v, cty.String)
		if err != nil {
			return "", nil, false, append(diags, wrongType(name, "a path", v, f.expr))
		}
		s = t.AsString()
	}
	if s == "" {
		return "", nil, false, append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  fmt.Sprintf("%s is an empty path", name),
			Subject:  f.expr.Range().Ptr(),
		})
	}
	return s, reads, true, diags
}

func wrongType(name, want string, v cty.Value, e hcl.Expression) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  fmt.Sprintf("%s is %s, but must be %s", name, describe(v), want),
		Subject:  e.Range().Ptr(),
	}
}

// setting converts a value to its attribute's type and checks it. As in other
// HCL languages null is as if the attribute were not there.
func setting(a *Attribute, name string, v cty.Value, e hcl.Expression) (cty.Value, *hcl.Diagnostic) {
	if v.IsNull() {
		if a.Required {
			return cty.NilVal, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: name + " must not be null", Subject: e.Range().Ptr()}
		}
		return absent(a), nil
	}
	c, err := convertTo(v, a.Type)
	if err != nil {
		return cty.NilVal, misfit(a.Type, name, v, e)
	}
	if a.Check == nil {
		return c, nil
	}
	if err := a.Check(c); err != nil {
		return cty.NilVal, refused(a, err, name, c, e)
	}
	return c, nil
}

// convertTo is convert.Convert, but linear for lists: that one compares the type
// of every element with that of every other, which for a list of 100,000
// instances takes minutes.
func convertTo(v cty.Value, t cty.Type) (cty.Value, error) {
	if !t.IsListType() || !t.ElementType().IsPrimitiveType() || !v.Type().IsTupleType() || v.IsNull() || v.LengthInt() == 0 {
		return convert.Convert(v, t)
	}
	out := make([]cty.Value, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		c, err := convert.Convert(e, t.ElementType())
		if err != nil {
			return cty.NilVal, err
		}
		out = append(out, c)
	}
	return cty.ListVal(out), nil
}

// misfit reports a value that does not convert to a type, at the element that
// is to blame where the list or object is written out.
func misfit(t cty.Type, name string, v cty.Value, e hcl.Expression) *hcl.Diagnostic {
	if t.IsCollectionType() {
		for _, x := range elements(name, v, e) {
			if _, err := convertTo(x.value, t.ElementType()); err != nil {
				return misfit(t.ElementType(), x.name, x.value, x.expr)
			}
		}
	}
	d := wrongType(name, describeType(t), v, e)
	_, err := convertTo(v, t)
	if path, ok := err.(cty.PathError); ok && len(path.Path) > 0 {
		d.Detail = fmt.Sprintf("At %s%s: %s.", name, showPath(path.Path), path.Error())
	}
	return d
}

// refused reports a value that a check does not accept, at the element that is
// to blame where there is one.
func refused(a *Attribute, err error, name string, v cty.Value, e hcl.Expression) *hcl.Diagnostic {
	if v.Type().IsListType() {
		for _, x := range elements(name, v, e) {
			if alone := a.Check(cty.ListVal([]cty.Value{x.value})); alone != nil {
				return refused(&Attribute{Check: a.Check}, alone, x.name, x.value, x.expr)
			}
		}
	}
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Subject: e.Range().Ptr()}
	if t := v.Type(); t.IsPrimitiveType() {
		d.Summary = fmt.Sprintf("%s is %s, but %v", name, describe(v), err)
	} else {
		d.Summary = fmt.Sprintf("%s %v", name, err)
	}
	return d
}

type element struct {
	name  string
	value cty.Value
	expr  hcl.Expression
}

// elements returns the parts of a list or object with the expressions that they
// come from, none where the expression is not written out.
func elements(name string, v cty.Value, e hcl.Expression) []element {
	if v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	var out []element
	switch x := e.(type) {
	case *hclsyntax.TupleConsExpr:
		if v.LengthInt() != len(x.Exprs) {
			return nil
		}
		for it := v.ElementIterator(); it.Next(); {
			_, value := it.Element()
			i := len(out)
			out = append(out, element{fmt.Sprintf("%s[%d]", name, i), value, x.Exprs[i]})
		}
	case *hclsyntax.ObjectConsExpr:
		for it := v.ElementIterator(); it.Next(); {
			k, value := it.Element()
			for _, item := range x.Items {
				if key := staticKey(item); key != "" && key == k.AsString() {
					out = append(out, element{name + "." + key, value, item.ValueExpr})
				}
			}
		}
	}
	return out
}

func showPath(p cty.Path) string {
	var b strings.Builder
	for _, s := range p {
		switch s := s.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + s.Name)
		case cty.IndexStep:
			b.WriteString("[" + showValue(s.Key) + "]")
		}
	}
	return b.String()
}
