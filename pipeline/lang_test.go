package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// load reads a pipeline file given as text; other files are given by name.
func load(t *testing.T, text string, in Input, files ...string) (*Plan, string) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "pipeline.hcl")
	if in.Sources == nil {
		in.Sources = Sources{}
	}
	in.Sources[path] = []byte(text)
	p, diags := Load(path, languageKinds(), in)
	var b strings.Builder
	if err := WriteDiagnostics(&b, diags, in.Sources); err != nil {
		t.Fatal(err)
	}
	return p, strings.ReplaceAll(b.String(), dir+string(filepath.Separator), "")
}

const onePipeline = `
pipeline "p" { instances = ["a", "b"] }
`

const oneLoad = `
stage "load" "points" {
  measurements = "${instance}.csv"
  x            = "n"
  y            = "t"
}
`

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "pipeline.hcl"), "no such file"},
		{dir, "is a directory"},
	} {
		p, diags := Load(c.path, languageKinds(), Input{})
		if p != nil || len(diags) != 1 || !strings.Contains(diags[0].Summary, c.want) || !strings.Contains(diags[0].Summary, c.path) {
			t.Errorf("%s: %v", c.path, diags)
		}
	}
}

func TestLoadReadsAndRemembersTheText(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pipeline.hcl")
	if err := os.WriteFile(path, []byte(onePipeline+oneLoad), 0o666); err != nil {
		t.Fatal(err)
	}
	sources := Sources{}
	p, diags := Load(path, languageKinds(), Input{Sources: sources})
	if diags.HasErrors() || string(sources[path]) != onePipeline+oneLoad || p.File != path || p.Dir != dir {
		t.Errorf("%v, %+v", diags, p)
	}
}

func TestResultsDir(t *testing.T) {
	p, _ := load(t, onePipeline+oneLoad, Input{})
	if p.ResultsDir != filepath.Join(p.Dir, "results") {
		t.Errorf("by default results lie in %s", p.ResultsDir)
	}
	t.Chdir(t.TempDir())
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	p, _ = load(t, onePipeline+oneLoad, Input{ResultsDir: "elsewhere"})
	if p.ResultsDir != filepath.Join(wd, "elsewhere") {
		t.Errorf("a folder of the command line is relative to the working directory, not %s", p.ResultsDir)
	}
}

func TestVariables(t *testing.T) {
	const tail = onePipeline + `
stage "load" "points" {
  measurements = "${instance}.csv"
  x            = jsonencode(var.v)
  y            = "t"
}
`
	for _, c := range []struct{ name, declare, given, want string }{
		{"default", `default = "d"`, "", `"d"`},
		{"text", `default = "d"`, "5", `"5"`},
		{"text that looks like code", `default = "d"`, `${x}"`, `"${x}\""`},
		{"number by its default", `default = 1`, "5", `5`},
		{"bool by its default", `default = true`, "false", `false`},
		{"list by its default", `default = ["a"]`, `["b", "c"]`, `["b","c"]`},
		{"object by its default", `default = { a = 1 }`, `{ b = 2 }`, `{"b":2}`},
		{"declared type converts the default", "type = string\n  default = 5", "", `"5"`},
		{"declared number", `type = number`, "2.5", `2.5`},
		{"declared list", `type = list(string)`, `[1, "b"]`, `["1","b"]`},
		{"declared object", `type = object({ a = number })`, `{ a = "1" }`, `{"a":1}`},
		{"no type, no default", `description = "d"`, "x", `"x"`},
		{"null default", `default = null`, "", `null`},
		{"null default, given", `default = null`, "x", `"x"`},
		{"a function", `default = upper("d")`, "", `"D"`},
		{"any", "type = any\n  default = 1", `[1]`, `[1]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := Input{}
			if c.given != "" {
				in.Vars = map[string]string{"v": c.given}
			}
			p, text := load(t, "variable \"v\" {\n  "+c.declare+"\n}\n"+tail, in)
			if p == nil {
				t.Fatal(text)
			}
			n, _ := p.Stages[0].Node("a")
			for _, s := range n.Settings {
				if s.Name == "x" && s.Value.AsString() != c.want {
					t.Errorf("var.v is %s, want %s", s.Value.AsString(), c.want)
				}
			}
		})
	}
}

// Many mistakes are told in one and the same order, however maps and CPUs fall.
func TestDiagnosticsAreStable(t *testing.T) {
	var b strings.Builder
	b.WriteString("pipeline \"p\" {\n  instances = [for i in range(1024) : \"i${i}\"]\n  max_workerz = 1\n}\nlocals {\n")
	for i := range 20 {
		fmt.Fprintf(&b, "  l%d = local.l%d\n", i, (i+7)%20)
	}
	b.WriteString("}\n")
	for i := range 8 {
		fmt.Fprintf(&b, "stage \"exec\" \"e%d\" {\n  command = [var.x, instance]\n  inputz = []\n  outputs = { o = \"out/${instance}\" }\n}\n", i)
		fmt.Fprintf(&b, "stage \"exec\" \"f%d\" {\n  command = [\"x\"]\n  retries = instance\n  outputs = { o = \"out\", p = \"out/${instance}\" }\n}\n", i)
	}
	_, first := load(t, b.String(), Input{})
	if strings.Count(first, "error: ") < 30 {
		t.Fatalf("too few mistakes:\n%s", first)
	}
	for cpus := range 3 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cpus + 1))
		if _, again := load(t, b.String(), Input{}); again != first {
			t.Fatalf("first:\n%s\nthen:\n%s", first, again)
		}
	}
}

// A plan may be used from several goroutines.
func TestNodesConcurrently(t *testing.T) {
	p, text := load(t, onePipeline+oneLoad+`
stage "exec" "fit" {
  command = ["fit", "${instance}", output.o, stage.load.points.dataset, file("h.txt")]
  inputs  = [for i in range(3) : "${instance}.${i}"]
  outputs = { o = "o/${upper(instance)}" }
}
stage "conclude" "bound" {
  dataset = stage.load.points
  prompt  = "${instance}: ${file("h.txt")}"
}
`, Input{}, "h.txt", "H")
	if p == nil {
		t.Fatal(text)
	}
	show := func(instance string) string {
		var out []string
		for _, s := range p.Stages {
			n, diags := s.Node(instance)
			if diags.HasErrors() {
				return diags.Error()
			}
			out = append(out, fmt.Sprint(n.Settings, n.Inputs, n.Outputs))
			if n.Eval != nil {
				v, err := n.Eval("command", map[string]string{"o": "/private/" + instance})
				out = append(out, fmt.Sprint(v, err))
			}
		}
		return strings.Join(out, "\n")
	}
	want := map[string]string{"a": show("a"), "b": show("b")}
	if want["a"] == want["b"] || !strings.Contains(want["a"], "/private/a") {
		t.Fatal(want)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				for _, i := range p.Instances {
					if got := show(i); got != want[i] {
						t.Errorf("%s: %s", i, got)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestEvalErrors(t *testing.T) {
	p, text := load(t, onePipeline+`
stage "exec" "fit" {
  command = ["fit", "${instance}", output.o]
  outputs = { o = "o/${instance}" }
}
`, Input{})
	if p == nil {
		t.Fatal(text)
	}
	n, _ := p.Stages[0].Node("a")
	if _, err := n.Eval("comand", nil); err == nil {
		t.Error("an attribute that is not there was evaluated")
	}
	v, err := n.Eval("command", nil)
	if err != nil || stringList(v)[2] != "o/a" {
		t.Errorf("without private paths: %v, %v", v, err)
	}
}

// What changed since the plan was made is an error of the node, not a panic.
func TestNodeAfterTheWorldChanged(t *testing.T) {
	p, text := load(t, onePipeline+oneLoad+`
stage "conclude" "bound" {
  dataset = stage.load.points
  prompt  = file("prompts/${instance}.txt")
}
`, Input{}, "prompts/a.txt", "A", "prompts/b.txt", "B")
	if p == nil {
		t.Fatal(text)
	}
	if err := os.Remove(filepath.Join(p.Dir, "prompts", "a.txt")); err != nil {
		t.Fatal(err)
	}
	bound := p.Stages[1]
	if _, diags := bound.Node("a"); !diags.HasErrors() || !strings.Contains(diags.Error(), "prompts/a.txt") {
		t.Errorf("no error names the file that went away: %v", diags)
	}
	if _, diags := bound.Node("b"); diags.HasErrors() {
		t.Errorf("another node: %v", diags)
	}
}

// A kind with a mistake of its own in Outputs is found like one of the file.
func TestKindThatIgnoresTheInstance(t *testing.T) {
	kinds := Kinds{Stages: []Kind{{
		Name: "k", Outputs: func(p Place) []Output { return []Output{{Name: "o", Path: "same"}} },
		Attributes: []Attribute{{Name: "s", Type: cty.String}},
	}}}
	sources := Sources{"p.hcl": []byte(onePipeline + `stage "k" "s" { s = instance }`)}
	_, diags := Load("p.hcl", kinds, Input{Sources: sources})
	if !diags.HasErrors() || !strings.Contains(diags.Error(), `writes "same" for instance "a" and again for "b"`) {
		t.Error(diags)
	}
}

func TestNoDefaultProvider(t *testing.T) {
	kinds := languageKinds()
	kinds.Providers = slices.DeleteFunc(kinds.Providers, func(k ProviderKind) bool { return k.Default })
	sources := Sources{"p.hcl": []byte(onePipeline + oneLoad + `stage "conclude" "bound" { dataset = stage.load.points }`)}
	_, diags := Load("p.hcl", kinds, Input{Sources: sources})
	if !diags.HasErrors() || !strings.Contains(diags.Error(), "needs a provider") {
		t.Error(diags)
	}
}

func TestFormat(t *testing.T) {
	got, err := Format([]byte("pipeline  \"p\" {\ninstances=[ \"a\",\"b\" ] # both\n  max_workers   = 3\n}\n"))
	want := "pipeline \"p\" {\n  instances   = [\"a\", \"b\"] # both\n  max_workers = 3\n}\n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	_, err = Format([]byte("pipeline \"p\" {\n  instances = \n}\n"))
	var diags hcl.Diagnostics
	if !errors.As(err, &diags) || len(diags) == 0 || diags[0].Subject.Start.Line != 2 {
		t.Errorf("%v", err)
	}
}
