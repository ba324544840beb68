package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// plain rewrites a diagnostic of the HCL library in this package's manner: what
// a function said comes first, summaries start small.
func plain(d *hcl.Diagnostic) *hcl.Diagnostic {
	c := *d
	if x, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok && x.CalledFunctionName() != "" {
		if err := x.FunctionCallError(); err != nil {
			c.Summary, c.Detail = x.CalledFunctionName()+": "+err.Error(), ""
		} else {
			c.Summary = x.CalledFunctionName() + ": " + lowerFirst(c.Summary)
		}
	}
	// The library points at an expression's first token.
	if d.Expression != nil && d.Subject != nil {
		if *d.Subject == d.Expression.StartRange() {
			c.Subject = d.Expression.Range().Ptr()
		}
	}
	c.Extra = nil
	c.Summary = lowerFirst(strings.TrimSuffix(c.Summary, "."))
	return &c
}

func plainAll(diags hcl.Diagnostics) hcl.Diagnostics {
	out := make(hcl.Diagnostics, len(diags))
	for i, d := range diags {
		out[i] = plain(d)
	}
	return out
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || !unicode.IsUpper(r) {
		return s
	}
	if next, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(next) {
		return s // an abbreviation
	}
	return string(unicode.ToLower(r)) + s[n:]
}

// valuesIn names the values that a failed evaluation saw: "where instance is
// "6s0" and local.data is "data"".
func valuesIn(d *hcl.Diagnostic) string {
	if d.Expression == nil || d.EvalContext == nil {
		return ""
	}
	shown := make(map[string]string)
	for _, t := range d.Expression.Variables() {
		name := showTraversal(t)
		switch t.RootName() {
		case "var", "local", "instance", "output":
		default:
			continue
		}
		v, diags := t.TraverseAbs(d.EvalContext)
		if diags.HasErrors() || v == cty.NilVal || !v.IsWhollyKnown() {
			continue
		}
		shown[name] = fmt.Sprintf("%s is %s", name, showValue(v))
	}
	if len(shown) == 0 {
		return ""
	}
	var parts []string
	for _, p := range shown {
		parts = append(parts, p)
	}
	slices.Sort(parts)
	return "where " + strings.Join(parts, ", ")
}

// showTraversal writes a reference as the pipeline file does.
func showTraversal(t hcl.Traversal) string {
	var b strings.Builder
	for _, s := range t {
		switch s := s.(type) {
		case hcl.TraverseRoot:
			b.WriteString(s.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + s.Name)
		case hcl.TraverseIndex:
			b.WriteString("[" + showValue(s.Key) + "]")
		default:
			b.WriteString("[*]")
		}
	}
	return b.String()
}

// showValue writes a value within a sentence, cut where it is long.
func showValue(v cty.Value) string {
	const most = 60
	v, _ = v.UnmarkDeep()
	t := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case !v.IsKnown():
		return "unknown"
	case t == cty.String:
		s := v.AsString()
		if r := []rune(s); len(r) > most {
			return fmt.Sprintf("%q...", string(r[:most]))
		}
		return fmt.Sprintf("%q", s)
	case t == cty.Number:
		return v.AsBigFloat().Text('g', 20)
	case t == cty.Bool:
		return fmt.Sprint(v.True())
	case t.IsListType() || t.IsSetType() || t.IsTupleType():
		n := v.LengthInt()
		if n == 1 {
			return "a list of 1 element"
		}
		return fmt.Sprintf("a list of %d elements", n)
	case t.IsMapType() || t.IsObjectType():
		return "an object"
	}
	return t.FriendlyName()
}

// describe says what a value is, for "expected X, found Y".
func describe(v cty.Value) string {
	t := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case t == cty.String:
		return "the text " + showValue(v)
	case t == cty.Number:
		return "the number " + showValue(v)
	}
	return showValue(v)
}

// describeType says what a type is in plain words: "a number".
func describeType(t cty.Type) string {
	switch {
	case t == cty.String:
		return "a text"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsListType(), t.IsSetType():
		switch t.ElementType() {
		case cty.String:
			return "a list of texts"
		case cty.Number:
			return "a list of numbers"
		}
		return "a list"
	case t.IsMapType():
		if t.ElementType() == cty.String {
			return "an object of texts"
		}
		return "an object"
	case t.IsObjectType():
		return "an object"
	case t.IsTupleType():
		return "a list"
	}
	return t.FriendlyName()
}

// compareRanges orders by file and position.
func compareRanges(a, b hcl.Range) int {
	return cmp.Or(cmp.Compare(a.Filename, b.Filename), cmp.Compare(a.Start.Byte, b.Start.Byte))
}
