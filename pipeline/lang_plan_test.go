package pipeline

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/json"
)

// Each archive in testdata/plans is a sound pipeline file and the plan it gives.
func TestPlans(t *testing.T) {
	for _, path := range goldenFiles(t, "plans/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, vars := archive(t, path)
			sources := Sources{}
			p, diags := Load("pipeline.hcl", languageKinds(), Input{Vars: vars, Sources: sources})
			if diags.HasErrors() {
				var b strings.Builder
				WriteDiagnostics(&b, diags, sources)
				t.Fatal(b.String())
			}
			golden(t, path, a, printPlan(t, p))
		})
	}
}

// printPlan writes a plan, with the nodes of its first and last instance.
func printPlan(t *testing.T, p *Plan) string {
	t.Helper()
	var b strings.Builder
	rel := func(path string) string {
		r, err := filepath.Rel(p.Dir, path)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(r)
	}
	fmt.Fprintf(&b, "pipeline %s: workers %d, batch %d auto %v, results %s", p.Name, p.MaxWorkers, p.BatchSize, p.BatchAuto, rel(p.ResultsDir))
	if p.Journal != "" {
		fmt.Fprintf(&b, ", journal %s", rel(p.Journal))
	}
	b.WriteString("\ninstances:")
	for _, i := range p.Instances {
		fmt.Fprintf(&b, " %q", i)
		if f := p.FileName(i); f != i {
			fmt.Fprintf(&b, " (file %q)", f)
		}
	}
	b.WriteString("\nreads:")
	for _, r := range p.Reads {
		b.WriteString(" " + rel(r))
	}
	for _, g := range p.Globs {
		fmt.Fprintf(&b, "\nlists: %s in %s", g.Pattern, rel(g.Dir))
	}
	b.WriteString("\n")
	for _, x := range p.Providers {
		fmt.Fprintf(&b, "provider %s.%s\n", x.Kind, x.Name)
		for _, name := range slices.Sorted(maps.Keys(x.Settings)) {
			fmt.Fprintf(&b, "  %s = %s\n", name, printValue(t, x.Settings[name]))
		}
	}
	for _, s := range p.Stages {
		scope := "once"
		if s.PerInstance {
			scope = "per instance"
		}
		fmt.Fprintf(&b, "stage %s: %s, prefix %q\n", s.Address(), scope, s.Prefix)
		for _, d := range s.Deps {
			fmt.Fprintf(&b, "  %s[%d] <- %s", d.Attr, d.Pos, d.Stage.Address())
			if d.Output != "" {
				b.WriteString("." + d.Output)
			}
			b.WriteString("\n")
		}
		names := []string{""}
		if s.PerInstance {
			names = []string{p.Instances[0]}
			if n := len(p.Instances); n > 1 {
				names = append(names, p.Instances[n-1])
			}
		}
		for _, name := range names {
			printNode(t, &b, s, name, rel)
		}
	}
	return b.String()
}

func printNode(t *testing.T, b *strings.Builder, s *Stage, instance string, rel func(string) string) {
	t.Helper()
	n, diags := s.Node(instance)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	fmt.Fprintf(b, "  node %q\n", instance)
	for _, v := range n.Settings {
		word := "keyed"
		if !v.Keyed {
			word = "hidden"
		}
		fmt.Fprintf(b, "    %s %s = %s\n", word, v.Name, printValue(t, v.Value))
	}
	for _, i := range n.Inputs {
		fmt.Fprintf(b, "    input %s[%d] %s (%s)\n", i.Attr, i.Pos, i.Show, rel(i.Path))
	}
	private := make(map[string]string)
	for _, o := range n.Outputs {
		fmt.Fprintf(b, "    output %s %s\n", o.Name, o.Path)
		private[o.Name] = "PRIVATE/" + o.Name
	}
	for _, u := range n.Providers {
		fmt.Fprintf(b, "    %s: %s.%s, keyed", u.Attr, u.Provider.Kind, u.Provider.Name)
		for _, k := range u.Keyed {
			fmt.Fprintf(b, " %s=%s", k.Name, printValue(t, k.Value))
		}
		b.WriteString("\n")
	}
	if n.Eval == nil {
		return
	}
	v, err := n.Eval("command", private)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "    when run: command = %s\n", strings.ReplaceAll(printValue(t, v), dir, "DIR"))
}

func printValue(t *testing.T, v cty.Value) string {
	t.Helper()
	if v == cty.NilVal {
		t.Fatal("a setting without a value")
	}
	data, err := json.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
