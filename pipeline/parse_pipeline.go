package pipeline

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// instancesAttr is the attribute that lists the instances.
const instancesAttr = "instances"

// pipelineAttributes are those of the pipeline block, that one first.
func pipelineAttributes() []Attribute {
	return []Attribute{
		{Name: instancesAttr, Type: cty.List(cty.String), Required: true},
		{Name: "max_workers", Type: cty.Number, Check: WholeAtLeast(1)},
		{Name: "batch_size", Type: cty.DynamicPseudoType, Check: batchSize},
		{Name: "results_dir", Type: cty.String, Check: NotEmpty},
		{Name: "journal", Type: cty.String, Check: NotEmpty},
	}
}

func batchSize(v cty.Value) error {
	if v.Type() == cty.String && v.AsString() == "auto" {
		return nil
	}
	n, err := convert.Convert(v, cty.Number)
	if err == nil {
		err = WholeAtLeast(1)(n)
	}
	if err != nil {
		return fmt.Errorf(`must be a whole number of at least 1, or "auto"`)
	}
	return nil
}

// readPipeline reads the pipeline block, of which there is exactly one.
func (l *loader) readPipeline() {
	l.plan.ResultsDir = filepath.Join(l.dir, "results")
	if len(l.doc.pipelines) == 0 {
		if l.doc.unclear {
			return
		}
		at := hcl.Range{Filename: l.show, Start: hcl.InitialPos, End: hcl.InitialPos}
		l.errorAt(at, "the pipeline block is missing").Detail =
			"Every pipeline file has one: pipeline \"NAME\" { instances = ... }."
		return
	}
	b := l.doc.pipelines[0]
	for _, other := range l.doc.pipelines[1:] {
		l.errorAt(other.DefRange(), "a second pipeline block").Extra = []Note{{Range: b.DefRange(), Text: "the first one is here"}}
	}
	l.plan.Name = b.Labels[0]
	what := fmt.Sprintf("pipeline %q", b.Labels[0])
	attrs := pipelineAttributes()
	l.checkBody(b.Body, b.DefRange(), what, attrs, nil)
	values := make(map[string]cty.Value)
	for i := range attrs {
		a := &attrs[i]
		if a.Name == instancesAttr {
			continue
		}
		if v, _, ok := l.attribute(b.Body, a, a.Name); ok && !v.IsNull() {
			values[a.Name] = v
		}
	}

	if v, ok := values["max_workers"]; ok {
		l.plan.MaxWorkers = wholeNumber(v)
	}
	if v, ok := values["batch_size"]; ok {
		if v.Type() == cty.String && v.AsString() == "auto" {
			l.plan.BatchAuto = true
		} else if n, err := convert.Convert(v, cty.Number); err == nil {
			l.plan.BatchSize = wholeNumber(n)
		}
	}
	if v, ok := values["results_dir"]; ok {
		l.plan.ResultsDir = absolute(l.dir, v.AsString())
	}
	if v, ok := values["journal"]; ok {
		l.plan.Journal = absolute(l.dir, v.AsString())
	}
	if l.in.ResultsDir != "" {
		abs, err := filepath.Abs(l.in.ResultsDir)
		if err != nil {
			l.add(hcl.DiagError, nil, "results directory %s: %v", l.in.ResultsDir, err)
			return
		}
		l.plan.ResultsDir = abs
	}
	l.recall()
	if !l.recallInstances() {
		l.evaluateInstances(b, &attrs[0])
	}
	l.settleInstances()
}

// evaluateInstances evaluates the list of instances.
func (l *loader) evaluateInstances(b *hclsyntax.Block, a *Attribute) {
	l.files.instances = true
	v, _, ok := l.attribute(b.Body, a, a.Name)
	l.files.instances = false
	if ok && !v.IsNull() {
		l.readInstances(v, b.Body.Attributes[instancesAttr].Expr)
	}
}

// attribute evaluates a Setting or Hidden attribute that is the same for all
// instances, and names the files it was made from. It is false where there is a
// mistake, and the default or null where the block does not have the attribute.
func (l *loader) attribute(b *hclsyntax.Body, a *Attribute, name string) (cty.Value, []fileMark, bool) {
	written, ok := b.Attributes[a.Name]
	if !ok {
		return absent(a), nil, true
	}
	if !l.checkReferences(written.Expr, scope{vars: true, locals: true, where: name}) {
		return cty.NilVal, nil, false
	}
	v, reads, diags := evaluate(written.Expr, l.base)
	l.diags = append(l.diags, diags...)
	if v == cty.NilVal {
		return v, nil, false
	}
	v, d := setting(a, name, v, written.Expr)
	if d != nil {
		l.diags = append(l.diags, d)
		return cty.NilVal, nil, false
	}
	return v, reads, true
}

// absent is the value of an attribute that a block does not have.
func absent(a *Attribute) cty.Value {
	if a.Default == cty.NilVal {
		return cty.NullVal(a.Type)
	}
	return a.Default
}

func wholeNumber(v cty.Value) int {
	n, _ := v.AsBigFloat().Int64()
	return int(n)
}

// readInstances takes the list of instances, each once, each with a name.
func (l *loader) readInstances(v cty.Value, e hclsyntax.Expression) {
	at := e.Range()
	// A position within the list where it is written out.
	position := func(i int) hcl.Range {
		if t, ok := e.(*hclsyntax.TupleConsExpr); ok && i < len(t.Exprs) {
			return t.Exprs[i].Range()
		}
		return at
	}
	if v.LengthInt() == 0 {
		l.errorAt(at, "instances is empty").Detail = "A pipeline needs at least one instance."
		return
	}
	names := make([]string, 0, v.LengthInt())
	first := make(map[string]int, v.LengthInt())
	ok := true
	i := 0
	for it := v.ElementIterator(); it.Next(); i++ {
		_, e := it.Element()
		if e.IsNull() || strings.TrimSpace(e.AsString()) == "" {
			l.errorAt(position(i), "the name of instance %d is empty", i+1)
			ok = false
			continue
		}
		name := e.AsString()
		if j, twice := first[name]; twice {
			d := l.errorAt(position(i), "instance %q is listed twice", name)
			if position(i) != at {
				d.Extra = []Note{{Range: position(j), Text: "first listed here"}}
			} else {
				d.Detail = fmt.Sprintf("It is number %d and number %d.", j+1, i+1)
			}
			ok = false
			continue
		}
		first[name] = i
		names = append(names, name)
	}
	if !ok {
		return
	}
	l.plan.Instances, l.instances = names, true
	l.plan.twins = twins(names)
}
