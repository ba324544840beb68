package pipeline

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// implicitName is the name of the provider that exists without being declared.
const implicitName = "builtin"

// A providerDef is a provider block as it is read.
type providerDef struct {
	provider *Provider
	keyed    []SettingValue
	reads    []fileMark // files that keyed settings were made from
	at       hcl.Range
	implicit bool
}

func (p *providerDef) address() string { return p.provider.Kind + "." + p.provider.Name }

func (l *loader) readProviders() {
	for _, b := range l.doc.providers {
		kind := l.providerKind(b.Labels[0])
		if kind == nil {
			var names []string
			for _, k := range l.kinds.Providers {
				names = append(names, k.Name)
			}
			d := l.errorAt(b.LabelRanges[0], "unknown kind of provider %q", b.Labels[0])
			if d.Detail = didYouMean(b.Labels[0], names, ""); d.Detail == "" {
				d.Detail = "Kinds: " + listed(names) + "."
			}
			l.brokenProviders[b.Labels[1]] = true
			continue
		}
		p := l.provider(kind, b)
		if first := l.providerByAddress(p.address()); first != nil {
			l.duplicate(b.DefRange(), first.at, "provider "+p.address())
			continue
		}
		l.providers = append(l.providers, p)
	}
}

func (l *loader) provider(kind *ProviderKind, b *hclsyntax.Block) *providerDef {
	p := &providerDef{
		provider: &Provider{Kind: kind.Name, Name: b.Labels[1], Settings: make(map[string]cty.Value), At: make(map[string]hcl.Range)},
		at:       b.DefRange(),
	}
	what := fmt.Sprintf("provider %s", p.address())
	var blocks []string
	for _, nested := range kind.Blocks {
		blocks = append(blocks, nested.Name)
	}
	l.checkBody(b.Body, b.DefRange(), what, kind.Attributes, blocks)
	p.read(l, b.Body, kind.Attributes, "")

	written := make(map[string]*hclsyntax.Block)
	for _, inner := range b.Body.Blocks {
		if first, twice := written[inner.Type]; twice {
			if slices.Contains(blocks, inner.Type) {
				l.duplicate(inner.DefRange(), first.DefRange(), "the block "+inner.Type)
			}
			continue
		}
		written[inner.Type] = inner
	}
	for _, nested := range kind.Blocks {
		body := &hclsyntax.Body{}
		if inner := written[nested.Name]; inner != nil {
			if len(inner.Labels) > 0 {
				l.errorAt(inner.LabelRanges[0], "the block %q has no labels", nested.Name)
			}
			body = inner.Body
			l.checkBody(body, inner.DefRange(), nested.Name+" of "+what, nested.Attributes, nil)
		}
		p.read(l, body, nested.Attributes, nested.Name+".")
	}
	p.sort()
	return p
}

// read takes the values of attributes; prefix is "limits." within that block.
func (p *providerDef) read(l *loader, body *hclsyntax.Body, attrs []Attribute, prefix string) {
	for i := range attrs {
		a := &attrs[i]
		name := prefix + a.Name
		v, reads, ok := l.attribute(body, a, name)
		if !ok {
			continue
		}
		p.provider.Settings[name] = v
		if written := body.Attributes[a.Name]; written != nil {
			p.provider.At[name] = written.Expr.Range()
		}
		switch {
		case a.Role == Setting:
			p.keyed = append(p.keyed, SettingValue{Name: name, Value: v, Keyed: true})
			p.reads = append(p.reads, reads...)
		case a.Role == InputPath && !v.IsNull():
			// What the file holds decides what comes out; where it lies does not.
			show := v.AsString()
			path := filepath.FromSlash(show)
			if !filepath.IsAbs(path) {
				path = filepath.Join(l.dir, path)
			}
			p.provider.Settings[name] = cty.StringVal(path)
			p.reads = append(p.reads, fileMark{path: path, show: show})
		}
	}
}

func (p *providerDef) sort() {
	slices.SortFunc(p.keyed, func(a, b SettingValue) int { return strings.Compare(a.Name, b.Name) })
}

func (l *loader) providerKind(name string) *ProviderKind {
	for i := range l.kinds.Providers {
		if l.kinds.Providers[i].Name == name {
			return &l.kinds.Providers[i]
		}
	}
	return nil
}

func (l *loader) providerByAddress(address string) *providerDef {
	for _, p := range l.providers {
		if p.address() == address {
			return p
		}
	}
	return nil
}

// implicitProvider returns the provider that exists without being declared,
// nil where no kind offers one.
func (l *loader) implicitProvider() *providerDef {
	for i := range l.kinds.Providers {
		k := &l.kinds.Providers[i]
		if !k.Default {
			continue
		}
		if p := l.providerByAddress(k.Name + "." + implicitName); p != nil {
			return p
		}
		p := &providerDef{
			provider: &Provider{Kind: k.Name, Name: implicitName, Settings: make(map[string]cty.Value)},
			implicit: true,
		}
		p.read(l, &hclsyntax.Body{}, k.Attributes, "")
		for _, nested := range k.Blocks {
			p.read(l, &hclsyntax.Body{}, nested.Attributes, nested.Name+".")
		}
		p.sort()
		l.providers = append(l.providers, p)
		return p
	}
	return nil
}

// defaultProvider is the one that a stage uses that needs one and names none:
// the only one declared, or the implicit one where none is. Of several the file
// must say which: a wrong guess would cost money.
func (l *loader) defaultProvider(attr string, at hcl.Range, what string) *providerDef {
	var declared []*providerDef
	var names []string
	for _, p := range l.providers {
		if !p.implicit {
			declared = append(declared, p)
			names = append(names, "provider."+p.address())
		}
	}
	switch {
	case len(l.brokenProviders) > 0:
		return nil // what is declared is in error
	case len(declared) == 1:
		return declared[0]
	case len(declared) > 1:
		l.errorAt(at, "%s does not say which provider to use", what).Detail =
			fmt.Sprintf("Add %s = %s.", attr, orList(names))
		return nil
	}
	if p := l.implicitProvider(); p != nil {
		return p
	}
	l.errorAt(at, "%s needs a provider, and the file declares none", what).Detail =
		fmt.Sprintf("Declare one and add %s = provider.KIND.NAME.", attr)
	return nil
}

// providerReference resolves provider.KIND.NAME.
func (l *loader) providerReference(attr string, e hclsyntax.Expression) *providerDef {
	t, ok := bareReference(e)
	if !ok || t.RootName() != "provider" || len(t) != 3 || stepName(t[1]) == "" || stepName(t[2]) == "" {
		l.notAReference(attr, "a provider", "provider.KIND.NAME", e)
		return nil
	}
	kind, name := stepName(t[1]), stepName(t[2])
	address := kind + "." + name
	if p := l.providerByAddress(address); p != nil {
		return p
	}
	if l.brokenProviders[name] {
		return nil
	}
	if k := l.providerKind(kind); k != nil && k.Default && name == implicitName {
		return l.implicitProvider()
	}
	var names []string
	sameName := ""
	for _, p := range l.providers {
		if p.implicit {
			continue
		}
		names = append(names, p.address())
		if p.provider.Name == name {
			sameName = p.address()
		}
	}
	d := l.errorAt(t.SourceRange(), "there is no provider %s", address)
	switch {
	case sameName != "":
		d.Detail = fmt.Sprintf("Did you mean %q?", "provider."+sameName)
	case nearest(address, names) != "":
		d.Detail = didYouMean(address, names, "provider.")
	case len(names) > 0:
		d.Detail = "Declared: " + listed(names) + "."
	default:
		d.Detail = "The file declares none."
		for _, k := range l.kinds.Providers {
			if k.Default {
				d.Detail = fmt.Sprintf("The file declares none; provider.%s.%s is there without being declared.", k.Name, implicitName)
			}
		}
	}
	return nil
}
