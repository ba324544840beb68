package pipeline

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// readVariables gives every declared variable its value: that of the command
// line, else its default.
func (l *loader) readVariables() {
	l.vars = make(map[string]*hclsyntax.Block)
	values := make(map[string]cty.Value)
	for _, b := range l.doc.variables {
		name := b.Labels[0]
		if first, ok := l.vars[name]; ok {
			l.duplicate(b.DefRange(), first.DefRange(), fmt.Sprintf("variable %q", name))
			continue
		}
		l.vars[name] = b
		if v := l.variable(name, b); v != cty.NilVal {
			values[name] = v
		} else {
			values[name] = cty.DynamicVal
		}
	}
	l.base.Variables["var"] = cty.ObjectVal(values)

	for _, name := range sortedKeys(l.in.Vars) {
		if l.vars[name] != nil {
			continue
		}
		d := l.add(hcl.DiagError, nil, "--var %s: the pipeline file declares no variable %q", name, name)
		declared := sortedKeys(l.vars)
		switch {
		case nearest(name, declared) != "":
			d.Detail = didYouMean(name, declared, "")
		case len(declared) > 0:
			d.Detail = "It declares: " + listed(declared) + "."
		default:
			d.Detail = fmt.Sprintf("Declare it: variable %q { default = ... }.", name)
		}
	}
}

func (l *loader) variable(name string, b *hclsyntax.Block) cty.Value {
	what := fmt.Sprintf("variable %q", name)
	attempted := l.checkBody(b.Body, b.DefRange(), what, nil, nil, "default", "type", "description")
	if a := b.Body.Attributes["description"]; a != nil {
		if v := l.value(a.Expr, scope{where: "a variable"}); v != cty.NilVal {
			if _, d := setting(&Attribute{Type: cty.String}, "description", v, a.Expr); d != nil {
				l.diags = append(l.diags, d)
			}
		}
	}

	want, def := cty.NilType, cty.NilVal
	if a := b.Body.Attributes["type"]; a != nil {
		t, diags := typeexpr.TypeConstraint(a.Expr)
		if diags.HasErrors() {
			l.diags = append(l.diags, plainAll(diags)...)
			return cty.NilVal
		}
		want = t
	}
	if a := b.Body.Attributes["default"]; a != nil {
		if def = l.value(a.Expr, scope{where: "a variable's default"}); def == cty.NilVal {
			return cty.NilVal
		}
		if want != cty.NilType {
			c, d := setting(&Attribute{Type: want}, "default", def, a.Expr)
			if d != nil {
				l.diags = append(l.diags, d)
				return cty.NilVal
			}
			def = c
		}
	}
	text, given := l.in.Vars[name]
	switch {
	case given:
		return l.variableText(name, text, want, def, b)
	case def == cty.NilVal && !attempted["default"]:
		l.errorAt(b.DefRange(), "variable %q has no value", name).Detail =
			fmt.Sprintf("Give one with --var %s=VALUE, or add a default.", name)
	}
	return def
}

// variableText converts what the command line says. Its type is the declared
// one, else the default's, else text. A text is taken as it stands; of other
// types the command line holds an expression, as the file would.
func (l *loader) variableText(name, text string, want cty.Type, def cty.Value, b *hclsyntax.Block) cty.Value {
	declared := want != cty.NilType
	if !declared {
		want = cty.String
		if def != cty.NilVal && !def.IsNull() {
			want = def.Type()
			if !want.IsPrimitiveType() {
				want = cty.DynamicPseudoType // a tuple or object of other elements is as good
			}
		}
	}
	note := []Note{{Range: b.DefRange(), Text: "the variable is declared here"}}
	if want.IsPrimitiveType() {
		v, err := convert.Convert(cty.StringVal(text), want)
		if err != nil {
			l.add(hcl.DiagError, nil, "--var %s is the text %q, but must be %s", name, text, describeType(want)).Extra = note
			return cty.NilVal
		}
		return v
	}
	source := "--var " + name
	l.in.Sources[source] = []byte(text)
	if d := tooDeep([]byte(text), source); d != nil {
		l.diags = append(l.diags, d)
		return cty.NilVal
	}
	e, diags := hclsyntax.ParseExpression([]byte(text), source, hcl.InitialPos)
	if diags.HasErrors() {
		l.diags = append(l.diags, plainAll(diags)...)
		return cty.NilVal
	}
	v := l.value(e, scope{where: "a value of the command line"})
	if v == cty.NilVal {
		return v
	}
	c, d := setting(&Attribute{Type: want}, "var."+name, v, e)
	if d != nil {
		d.Extra = note
		l.diags = append(l.diags, d)
		return cty.NilVal
	}
	return c
}
