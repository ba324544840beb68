package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A document is a pipeline file's blocks by type, each in file order.
type document struct {
	pipelines, providers, variables, locals, stages []*hclsyntax.Block

	// unclear says that some block's type or labels are wrong, so that a block
	// that seems to be missing may be there.
	unclear bool
}

// blockTypes are the blocks of a pipeline file and the labels that each has.
var blockTypes = []struct {
	name   string
	labels []string
}{
	{"pipeline", []string{"name"}},
	{"provider", []string{"kind", "name"}},
	{"variable", []string{"name"}},
	{"locals", nil},
	{"stage", []string{"kind", "name"}},
}

// parse sorts the file's blocks into l.doc. After a mistake of syntax nothing
// else is checked: the parser's guess at the rest would give false alarms.
func (l *loader) parse(src []byte) bool {
	if d := tooDeep(src, l.show); d != nil {
		l.diags = append(l.diags, d)
		return false
	}
	file, diags := hclsyntax.ParseConfig(src, l.show, hcl.InitialPos)
	body, ok := file.Body.(*hclsyntax.Body)
	sortDiagnostics(diags)
	for _, d := range diags {
		if d.Severity != hcl.DiagError || l.attributeTwice(body, d, src) {
			continue
		}
		ok = false
		l.diags = append(l.diags, plain(d))
		// After a quote that is not closed text and code change places.
		if d.Summary == "Invalid multi-line string" || d.Summary == "Unterminated template string" {
			break
		}
	}
	if !ok {
		return false
	}
	for _, a := range sortedAttributes(body) {
		d := l.errorAt(a.NameRange, "unexpected attribute %q outside of any block", a.Name)
		switch name := nearest(a.Name, blockNames()); {
		case slices.Contains(blockNames(), a.Name):
			d.Detail = fmt.Sprintf("%q is a block: write %s.", a.Name, blockForm(a.Name))
		case name != "":
			d.Detail = fmt.Sprintf("Did you mean the block %s?", blockForm(name))
		default:
			d.Detail = "Attributes stand in blocks; a value that several blocks use stands in locals { ... }."
		}
	}
	for _, b := range body.Blocks {
		switch {
		case !l.checkLabels(b):
			l.doc.unclear = true
		case b.Type == "pipeline":
			l.doc.pipelines = append(l.doc.pipelines, b)
		case b.Type == "provider":
			l.doc.providers = append(l.doc.providers, b)
		case b.Type == "variable":
			l.doc.variables = append(l.doc.variables, b)
		case b.Type == "locals":
			l.doc.locals = append(l.doc.locals, b)
		case b.Type == "stage":
			l.doc.stages = append(l.doc.stages, b)
		}
	}
	return true
}

// attributeTwice reports an attribute that a block has twice, and whether d was
// about one. The parser's own message lacks the first position, and is the only
// one of its errors after which the rest of the file is sound.
func (l *loader) attributeTwice(body *hclsyntax.Body, d *hcl.Diagnostic, src []byte) bool {
	if body == nil || d.Summary != "Attribute redefined" || d.Subject == nil || !d.Subject.CanSliceBytes(src) {
		return false
	}
	name := string(d.Subject.SliceBytes(src))
	for {
		i := slices.IndexFunc(body.Blocks, func(b *hclsyntax.Block) bool {
			return b.Body.SrcRange.ContainsPos(d.Subject.Start)
		})
		if i < 0 {
			break
		}
		body = body.Blocks[i].Body
	}
	first := body.Attributes[name]
	if first == nil {
		return false
	}
	l.errorAt(*d.Subject, "the attribute %q is given twice", name).Extra = []Note{{Range: first.NameRange, Text: "first given here"}}
	return true
}

func blockNames() []string {
	var names []string
	for _, t := range blockTypes {
		names = append(names, t.name)
	}
	return names
}

// blockForm shows how a block is written: stage "KIND" "NAME" { ... }.
func blockForm(name string) string {
	form := name
	for _, t := range blockTypes {
		if t.name == name {
			for _, label := range t.labels {
				form += fmt.Sprintf(" %q", strings.ToUpper(label))
			}
		}
	}
	return form + " { ... }"
}

// checkLabels reports whether a block is one of the language's, with the right
// number of labels, all of them identifiers.
func (l *loader) checkLabels(b *hclsyntax.Block) bool {
	i := slices.IndexFunc(blockTypes, func(t struct {
		name   string
		labels []string
	}) bool {
		return t.name == b.Type
	})
	if i < 0 {
		d := l.errorAt(b.TypeRange, "unknown block %q", b.Type)
		if near := nearest(b.Type, blockNames()); near != "" {
			d.Detail = fmt.Sprintf("Did you mean %q?", near)
		} else {
			for _, k := range l.kinds.Stages {
				if k.Name == b.Type {
					d.Detail = fmt.Sprintf("Did you mean stage %q \"NAME\" { ... }?", b.Type)
				}
			}
		}
		if d.Detail == "" {
			d.Detail = "A pipeline file has the blocks " + andList(blockNames()) + "."
		}
		return false
	}
	want := blockTypes[i].labels
	if len(b.Labels) != len(want) {
		at := b.DefRange()
		if len(b.Labels) > len(want) {
			at = b.LabelRanges[len(want)]
		}
		found := "no label"
		if n := len(b.Labels); n == 1 {
			found = "1 label"
		} else if n > 1 {
			found = fmt.Sprintf("%d labels", n)
		}
		l.errorAt(at, "the block %q has %s", b.Type, found).Detail = "It is written " + blockForm(b.Type) + "."
		return false
	}
	ok := true
	for i, label := range b.Labels {
		if !hclsyntax.ValidIdentifier(label) {
			d := l.errorAt(b.LabelRanges[i], "the %s %q of this %s is not an identifier", want[i], label, b.Type)
			d.Detail = "An identifier starts with a letter and goes on with letters, digits, \"_\" and \"-\"."
			ok = false
		}
	}
	return ok
}

// sortedAttributes returns a body's attributes by position; the parser keeps
// them in a map.
func sortedAttributes(b *hclsyntax.Body) []*hclsyntax.Attribute {
	out := make([]*hclsyntax.Attribute, 0, len(b.Attributes))
	for _, a := range b.Attributes {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *hclsyntax.Attribute) int { return compareRanges(a.SrcRange, b.SrcRange) })
	return out
}

// checkBody reports what does not belong into a block and what is missing.
// What names the block in messages: `stage load.points`.
// It returns the names that were attempted: what a wrong name may have meant.
func (l *loader) checkBody(b *hclsyntax.Body, at hcl.Range, what string, attrs []Attribute, blocks []string, extra ...string) map[string]bool {
	names := slices.Clone(extra)
	for _, a := range attrs {
		names = append(names, a.Name)
	}
	// A required attribute that is misspelt or written as a block is not also
	// reported as missing.
	attempted := make(map[string]bool)
	for _, a := range sortedAttributes(b) {
		if slices.Contains(names, a.Name) {
			continue
		}
		attempted[nearest(a.Name, names)] = true
		d := l.errorAt(a.NameRange, "unknown attribute %q in %s", a.Name, what)
		switch {
		case slices.Contains(blocks, a.Name):
			d.Detail = fmt.Sprintf("%q is a block: write it without \"=\".", a.Name)
		case nearest(a.Name, names) != "":
			d.Detail = didYouMean(a.Name, names, "")
		case nearest(a.Name, blocks) != "":
			d.Detail = fmt.Sprintf("Did you mean the block %q?", nearest(a.Name, blocks))
		case len(names) > 0:
			d.Detail = "It has: " + listed(names) + "."
		default:
			d.Detail = "It has no attributes."
		}
	}
	for _, inner := range b.Blocks {
		if slices.Contains(blocks, inner.Type) {
			continue
		}
		attempted[inner.Type] = true
		d := l.errorAt(inner.TypeRange, "unknown block %q in %s", inner.Type, what)
		switch {
		case slices.Contains(names, inner.Type):
			d.Detail = fmt.Sprintf("%q is an attribute: write it with \"=\".", inner.Type)
		case slices.Contains(blockNames(), inner.Type):
			d.Detail = fmt.Sprintf("%s stands outside of other blocks.", blockForm(inner.Type))
		default:
			d.Detail = didYouMean(inner.Type, slices.Concat(blocks, names), "")
		}
	}
	for _, a := range attrs {
		// A provider may be filled in by the language.
		if a.Required && a.Role != ProviderRef && b.Attributes[a.Name] == nil && !attempted[a.Name] {
			l.errorAt(at, "%s needs the attribute %q", what, a.Name)
		}
	}
	return attempted
}

// duplicate reports a second declaration.
func (l *loader) duplicate(second, first hcl.Range, what string) {
	l.errorAt(second, "%s is declared twice", what).Extra = []Note{{Range: first, Text: "first declared here"}}
}
