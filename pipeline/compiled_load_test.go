package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// writingKinds are the kinds of the language's tests, which write something.
func writingKinds() Kinds {
	k := languageKinds()
	for i := range k.Stages {
		k.Stages[i].Run = func(_ context.Context, t *Task) error {
			for _, path := range t.Outputs() {
				if err := os.WriteFile(path, []byte(t.Instance), 0o666); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return k
}

// old makes a folder's or a file's times vouch for what it holds.
func old(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		for deadline := time.Now().Add(20 * time.Second); ; {
			at := time.Now()
			st, err := os.Stat(p)
			if err != nil || time.Now().After(deadline) {
				t.Fatal(p, err)
			}
			if at.Sub(st.ModTime()) > 2*time.Second+100*time.Millisecond {
				break
			}
			time.Sleep(time.Until(st.ModTime().Add(2200 * time.Millisecond)))
		}
	}
}

const compiledFile = `
variable "unit" { default = "t" }
locals { title = file("title.txt") }
pipeline "c" {
  instances   = stems("data/*.csv")
  results_dir = "out"
}
stage "load" "points" {
  measurements = "data/${instance}.csv"
  x            = local.title
  y            = var.unit
}
stage "conclude" "bound" { dataset = stage.load.points }
stage "plot" "comparison" {
  dataset    = stage.load.points
  conclusion = stage.conclude.bound
  formats    = stems("formats/*.txt")
}
stage "summarize" "report" { conclusions = stage.conclude.bound }
`

// A compiled plan is the plan that reading everything gives, whatever changed;
// and it is compiled where nothing did.
func TestCompiledLoad(t *testing.T) {
	write := func(dir, name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name     string
		change   func(dir string, in *Input)
		compiled bool
	}{
		{"nothing", func(string, *Input) {}, true},
		{"data changed", func(dir string, _ *Input) { write(dir, "data/a.csv", "other") }, true},
		{"text touched", func(dir string, _ *Input) { write(dir, "title.txt", "n") }, true},
		{"text changed", func(dir string, _ *Input) { write(dir, "title.txt", "m") }, false},
		{"text gone", func(dir string, _ *Input) { os.Remove(filepath.Join(dir, "title.txt")) }, false},
		{"new instance", func(dir string, _ *Input) { write(dir, "data/z.csv", "") }, false},
		{"instance gone", func(dir string, _ *Input) { os.Remove(filepath.Join(dir, "data/a.csv")) }, false},
		{"instance came and went", func(dir string, _ *Input) {
			write(dir, "data/z.csv", "")
			os.Remove(filepath.Join(dir, "data/z.csv"))
		}, true},
		{"instance renamed", func(dir string, _ *Input) {
			os.Rename(filepath.Join(dir, "data/a.csv"), filepath.Join(dir, "data/aa.csv"))
		}, false},
		{"another listing", func(dir string, _ *Input) { write(dir, "formats/png.txt", "") }, false},
		{"a bad listing", func(dir string, _ *Input) { write(dir, "formats/jpg.txt", "") }, false},
		{"variable", func(_ string, in *Input) { in.Vars = map[string]string{"unit": "s"} }, false},
		{"results", func(dir string, in *Input) { in.ResultsDir = filepath.Join(dir, "elsewhere") }, false},
		{"program", func(_ string, in *Input) { in.Program = "2" }, false},
		{"comment", func(dir string, _ *Input) { write(dir, "pipeline.hcl", compiledFile+"# more\n") }, false},
		{"mistake", func(dir string, _ *Input) { write(dir, "pipeline.hcl", compiledFile+"stage \"load\" \"p\" {}\n") }, false},
		{"snapshot gone", func(dir string, _ *Input) {
			for _, p := range snapshots(t, dir) {
				os.Remove(p)
			}
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "pipeline.hcl")
			write(dir, "pipeline.hcl", compiledFile)
			write(dir, "title.txt", "n")
			write(dir, "formats/svg.txt", "")
			for _, name := range []string{"a", "b", "Twin", "twin"} {
				write(dir, "data/"+name+".csv", name)
			}
			old(t, filepath.Join(dir, "data"), filepath.Join(dir, "formats"))
			kinds := writingKinds()
			load := func(in Input) *Plan {
				p, _ := Load(file, kinds, in)
				return p
			}
			p := load(Input{})
			if out, err := Run(t.Context(), p, Options{}); err != nil || out.Executed != 13 {
				t.Fatalf("%+v, %v", out, err)
			}
			in := Input{}
			test.change(dir, &in)
			p, diags := Load(file, kinds, in)
			got := fmt.Sprint(diags)
			if p != nil {
				got += describePlan(p)
				if isCompiled := p.compiled != nil && p.compiled.snapshot.Load() != nil; isCompiled != test.compiled {
					t.Errorf("compiled is %t, want %t", isCompiled, test.compiled)
				}
			}
			compiled := p
			in.StateDir = filepath.Join(dir, "nowhere")
			p, diags = Load(file, kinds, in)
			want := fmt.Sprint(diags)
			if p != nil {
				want += describePlan(p)
			}
			if got != want {
				t.Errorf("with a snapshot\n%s\nwithout\n%s", got, want)
			}
			if compiled != nil {
				runsWhatIsStale(t, compiled)
			}
		})
	}
}

// A plan with a warning is compiled as well, and gives the warning each time.
func TestCompiledWithWarning(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "pipeline.hcl")
	const text = "pipeline \"w\" {\n  instances = [\"a\", \"b\"]\n}\nstage \"load\" \"p\" {\n  measurements = \"all.csv\"\n  x = \"x\"\n  y = \"y\"\n}\n"
	for name, text := range map[string]string{"pipeline.hcl": text, "all.csv": "1"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	kinds := writingKinds()
	for run := range 3 {
		p, diags := Load(file, kinds, Input{})
		if p == nil || len(diags) != 1 || diags[0].Summary != "stage load.p does the same for every instance" {
			t.Fatalf("run %d: %v, %v", run, p, diags)
		}
		if compiled := p.compiled != nil && p.compiled.snapshot.Load() != nil; compiled != (run > 0) {
			t.Errorf("run %d: compiled is %t", run, compiled)
		}
		if _, err := Run(t.Context(), p, Options{}); err != nil {
			t.Fatal(err)
		}
	}
}

// A listing that was too young to be trusted is trusted once a run has found it
// old, also a run with nothing to do.
func TestListingSettles(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o777); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pipeline.hcl")
	text := "pipeline \"s\" {\n  instances = stems(\"data/*.csv\")\n}\nstage \"load\" \"p\" {\n  measurements = \"data/${instance}.csv\"\n  x = \"x\"\n  y = \"y\"\n}\n"
	for _, f := range []struct{ name, text string }{{file, text}, {filepath.Join(data, "a.csv"), "1"}} {
		if err := os.WriteFile(f.name, []byte(f.text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	kinds := writingKinds()
	runs := func() *Plan {
		p, diags := Load(file, kinds, Input{})
		if p == nil {
			t.Fatal(diags)
		}
		if _, err := Run(t.Context(), p, Options{}); err != nil {
			t.Fatal(err)
		}
		return p
	}
	runs()
	old(t, data)
	runs()
	runs()
	for _, l := range runs().compiled.files.proof().Lists {
		if !l.Settled {
			t.Errorf("%s is listed by every run", l.Pattern)
		}
	}
	var p proof
	s, _, err := store.ReadSnapshot(filepath.Dir(snapshots(t, dir)[0]), runs().compiled.definition)
	if err != nil || s == nil {
		t.Fatal(s, err)
	}
	if err := json.Unmarshal(s.Meta, &p); err != nil || len(p.Lists) != 1 || !p.Lists[0].Settled {
		t.Errorf("the snapshot has the listings %+v, %v", p.Lists, err)
	}
}

// runsWhatIsStale checks that a run executes the nodes that Explain, which looks
// at no snapshot, says are stale, and no more than depend on those.
func runsWhatIsStale(t *testing.T, p *Plan) {
	t.Helper()
	plans, err := inspectAll(t.Context(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	stale, kept := 0, 0
	for _, n := range plans {
		switch n.Action {
		case Execute:
			stale++
		case Keep:
			kept++
		}
	}
	out, err := Run(t.Context(), p, Options{})
	if err != nil || out.Executed < stale || out.Cached < kept {
		t.Errorf("executed %d nodes and kept %d, %v; want %d and %d, or what is between", out.Executed, out.Cached, err, stale, kept)
	}
}

func snapshots(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, stateDirName, "state", "*", "snapshot"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return found
}

// describePlan is everything of a plan that somebody can see.
func describePlan(p *Plan) string {
	s := fmt.Sprintln(p.Name, p.File, p.Dir, p.ResultsDir, p.Instances, p.Reads, slices.SortedFunc(slices.Values(p.Globs), func(a, b Glob) int { return len(a.Pattern) - len(b.Pattern) }))
	for _, i := range p.Instances {
		s += fmt.Sprintln(i, p.FileName(i))
	}
	for _, st := range p.Stages {
		instances := p.Instances
		if !st.PerInstance {
			instances = []string{""}
		}
		for _, i := range instances {
			spec, diags := st.Node(i)
			s += fmt.Sprintln(st.Address(), i, diags)
			if spec != nil {
				s += fmt.Sprintf("%#v %v %v\n", spec.Settings, spec.Inputs, spec.Outputs)
			}
		}
	}
	return s
}
