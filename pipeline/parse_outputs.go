package pipeline

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// An outputsDef is the attribute in which a stage declares its outputs: an
// object that is written out, or any expression that gives one.
type outputsDef struct {
	attr  string
	expr  hclsyntax.Expression
	items []outputItem // sorted by name; when written out
	whole *formula     // otherwise
}

type outputItem struct {
	name    string
	formula *formula
}

func (s *stageDef) readOutputs(a *Attribute, e hclsyntax.Expression) {
	o := &outputsDef{attr: a.Name, expr: e}
	object, ok := e.(*hclsyntax.ObjectConsExpr)
	if !ok || slices.ContainsFunc(object.Items, func(i hclsyntax.ObjectConsItem) bool { return staticKey(i) == "" }) {
		if o.whole = s.formula(e, a.Name, false); o.whole != nil {
			s.outputs = o
		}
		return
	}
	if len(object.Items) == 0 && a.Required {
		s.l.errorAt(e.Range(), "%s must declare at least one output", a.Name)
	}
	first := make(map[string]hcl.Range)
	for _, item := range object.Items {
		name, at := staticKey(item), item.KeyExpr.Range()
		if d := outputName(name, at); d != nil {
			s.l.diags = append(s.l.diags, d)
			continue
		}
		if before, twice := first[name]; twice {
			s.l.duplicate(at, before, fmt.Sprintf("output %q", name))
			continue
		}
		first[name] = at
		f := s.formula(item.ValueExpr, a.Name+"."+name, false)
		if f == nil {
			continue
		}
		if !f.varies {
			if _, _, d := outputPath(name, f, &instanceContext{known: true}); len(d) > 0 {
				s.l.diags = append(s.l.diags, d...)
				continue
			}
		}
		o.items = append(o.items, outputItem{name, f})
	}
	slices.SortFunc(o.items, func(a, b outputItem) int { return strings.Compare(a.name, b.name) })
	s.outputs = o
}

// staticKey returns the key of an object's item where it is a plain word or
// text, else "".
func staticKey(i hclsyntax.ObjectConsItem) string {
	if len(i.KeyExpr.Variables()) > 0 {
		return ""
	}
	v, diags := i.KeyExpr.Value(nil)
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

func outputName(name string, at hcl.Range) *hcl.Diagnostic {
	if hclsyntax.ValidIdentifier(name) {
		return nil
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  fmt.Sprintf("the output's name %q is not an identifier", name),
		Detail:   "It is used in references: stage.KIND.NAME.OUTPUT.",
		Subject:  &at,
	}
}

// outputPath evaluates an output's path, slash-separated and clean. It is ""
// where there is a mistake.
func outputPath(name string, f *formula, c *instanceContext) (string, []fileMark, hcl.Diagnostics) {
	p, reads, ok, diags := f.text("the path of output "+name, c)
	if !ok {
		if len(diags) == 0 && c.known {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  fmt.Sprintf("the path of output %s must not be null", name),
				Subject:  f.expr.Range().Ptr(),
			})
		}
		return "", nil, diags
	}
	p, why := cleanOutput(p)
	if why != "" {
		return "", nil, append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  fmt.Sprintf("the path of output %s %s", name, why),
			Subject:  f.expr.Range().Ptr(),
		})
	}
	return p, reads, diags
}

// longestPart is the most bytes of a part of a path that file systems allow.
const longestPart = 255

// cleanOutput is the shortest form of an output's path. A ".." is refused also
// where it leads back into the folder: part of a path is often an instance's
// name, which is to choose no other file than its own.
func cleanOutput(p string) (clean, why string) {
	if path.IsAbs(p) || filepath.IsAbs(p) {
		return "", "must be relative to the pipeline file's folder, but is " + fmt.Sprintf("%q", p)
	}
	clean = path.Clean(p)
	last := path.Base("/" + p)
	if strings.HasSuffix(p, "/") || clean == "." || last == "." || last == ".." {
		return "", "must be a file, but is the folder " + fmt.Sprintf("%q", p)
	}
	for part := range strings.SplitSeq(p, "/") {
		switch {
		case part == "..":
			return "", "must lie in the pipeline file's folder, without .. in it, but is " + fmt.Sprintf("%q", p)
		case strings.Contains(part, "\x00"):
			return "", "must not contain the character NUL, but is " + fmt.Sprintf("%q", p)
		case len(part) > longestPart:
			return "", fmt.Sprintf("has a part of %d bytes, and file systems allow %d: %q", len(part), longestPart, p)
		}
	}
	return clean, ""
}

// in returns a node's declared outputs, sorted by name. ok is false where some
// are in error; then diags says how, unless it was said before.
func (o *outputsDef) in(c *instanceContext) (outs []Output, reads []fileMark, ok bool, diags hcl.Diagnostics) {
	ok = true
	add := func(name string, f *formula) {
		p, r, d := outputPath(name, f, c)
		diags = append(diags, d...)
		if p == "" {
			ok = false
			return
		}
		outs = append(outs, Output{Name: name, Path: p})
		reads = append(reads, r...)
	}
	if o.whole == nil {
		outs = make([]Output, 0, len(o.items))
		for i := range o.items {
			add(o.items[i].name, o.items[i].formula)
		}
		return outs, reads, ok, diags
	}
	v, reads, diags := o.whole.in(c)
	if v == cty.NilVal {
		return nil, nil, false, diags
	}
	at := o.expr.Range()
	t := v.Type()
	if v.IsNull() || (!t.IsObjectType() && !t.IsMapType()) {
		return nil, nil, false, append(diags, wrongType(o.attr, "an object of paths: { NAME = PATH }", v, o.expr))
	}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if d := outputName(k.AsString(), at); d != nil {
			diags, ok = append(diags, d), false
			continue
		}
		text, err := convert.Convert(e, cty.String)
		if err != nil || text.IsNull() {
			diags, ok = append(diags, wrongType("the path of output "+k.AsString(), "a text", e, o.expr)), false
			continue
		}
		add(k.AsString(), &formula{expr: o.expr, value: text})
	}
	return outs, reads, ok, diags
}
