package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A file on disk, read by Load and run: what the language and the engine must
// agree on.
const engineFile = `
pipeline "both" {
  instances = stems("data/*.txt")
}
variable "x" { default = "size" }
provider "openai" "m" {
  model    = "m1"
  base_url = "http://127.0.0.1:1/v1"
}
stage "exec" "tool" {
  command      = ["cp", "tool.txt", "${output.tool}"]
  inputs       = ["tool.txt"]
  outputs      = { tool = "build/tool.txt" }
  per_instance = false
}
stage "exec" "fit" {
  command = ["cat", "data/${instance}.txt", stage.exec.tool.tool, "${output.equation}"]
  inputs  = ["data/${instance}.txt"]
  outputs = { equation = "fits/${instance}.json" }
}
stage "load" "points" {
  measurements = "data/${instance}.txt"
  x            = var.x
  y            = file("unit.txt")
  equation     = stage.exec.fit.equation
}
stage "conclude" "bound" {
  dataset  = stage.load.points
  provider = provider.openai.m
}
stage "summarize" "report" {
  conclusions = stage.conclude.bound
}
`

type fileWorld struct {
	t   *testing.T
	dir string
	in  Input

	mu  sync.Mutex
	ran []string
}

func (w *fileWorld) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *fileWorld) kinds() Kinds {
	k := languageKinds()
	for i := range k.Stages {
		name := k.Stages[i].Name
		k.Stages[i].Run = func(ctx context.Context, task *Task) error {
			w.mu.Lock()
			w.ran = append(w.ran, strings.TrimSuffix(name+"."+task.Stage+"/"+task.Instance, "/"))
			w.mu.Unlock()
			text, err := seen(task)
			if err != nil {
				return err
			}
			if name == "exec" {
				command, err := task.Evaluated("command")
				if err != nil {
					return err
				}
				args := stringList(command)
				for _, a := range args[1 : len(args)-1] { // paths as the command sees them
					b, err := os.ReadFile(filepath.Join(task.Folder, a))
					if err != nil {
						return err
					}
					text += fmt.Sprintf("%s: %s\n", a, b)
				}
				return os.WriteFile(args[len(args)-1], []byte(text), 0o644)
			}
			for _, path := range task.Outputs() {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return k
}

// runs loads the file and runs it, and fails the test unless exactly these
// nodes ran.
func (w *fileWorld) runs(opts Options, want ...string) {
	w.t.Helper()
	plan, diags := Load(filepath.Join(w.dir, "pipeline.hcl"), w.kinds(), w.in)
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	w.ran = nil
	out, err := Run(w.t.Context(), plan, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	for r := range out.Results {
		if r.State == Failed {
			w.t.Errorf("%s/%s: %s", r.Stage.Address(), r.Instance, r.Error)
		}
	}
	slices.Sort(w.ran)
	slices.Sort(want)
	if !slices.Equal(w.ran, want) {
		w.t.Errorf("ran %q\nwant %q", w.ran, want)
	}
}

func TestLoadAndRun(t *testing.T) {
	w := &fileWorld{t: t, dir: t.TempDir()}
	w.write("pipeline.hcl", engineFile)
	w.write("tool.txt", "the tool")
	w.write("unit.txt", "seconds")
	w.write("data/a.txt", "data of a")
	w.write("data/b c.txt", "data of b c")
	of := func(names ...string) []string {
		var nodes []string
		for _, i := range names {
			nodes = append(nodes, "exec.fit/"+i, "load.points/"+i, "conclude.bound/"+i)
		}
		return append(nodes, "summarize.report")
	}
	w.runs(Options{}, append(of("a", "b c"), "exec.tool")...)
	w.runs(Options{})
	for _, f := range []string{"build/tool.txt", "fits/b c.json", "results/datasets/b c.json", "results/summary.json"} {
		if _, err := os.Stat(filepath.Join(w.dir, f)); err != nil {
			t.Error(err)
		}
	}

	w.write("data/a.txt", "new data")
	w.runs(Options{}, of("a")...)
	w.runs(Options{})
	w.write("tool.txt", "another tool")
	w.runs(Options{}, append(of("a", "b c"), "exec.tool")...)
	w.runs(Options{})
	w.write("unit.txt", "minutes") // read by an expression
	w.runs(Options{}, slices.DeleteFunc(of("a", "b c"), func(n string) bool { return strings.HasPrefix(n, "exec") })...)
	w.runs(Options{})
	w.write("fits/a.json", "by hand")
	w.runs(Options{}, "exec.fit/a")
	w.runs(Options{})

	w.write("data/new.txt", "data of new")
	w.runs(Options{}, of("new")...)
	w.runs(Options{})

	w.in.Vars = map[string]string{"x": "time"}
	w.runs(Options{}, "load.points/a", "load.points/b c", "load.points/new", "conclude.bound/a", "conclude.bound/b c", "conclude.bound/new", "summarize.report")
	w.in.Vars = nil

	// Elsewhere everything is made anew, beside what is there.
	w.in.ResultsDir = t.TempDir()
	w.runs(Options{}, append(of("a", "b c", "new"), "exec.tool")...)
	w.runs(Options{})
}

// A command need not mention its outputs: it may know where to write, or a
// wrapper tells it.
func TestEvaluatedWithoutOutputs(t *testing.T) {
	w := &fileWorld{t: t, dir: t.TempDir()}
	w.write("pipeline.hcl", `
pipeline "plain" { instances = ["a"] }
stage "exec" "fit" {
  command = ["fit", "${instance}"]
  outputs = { equation = "fits/${instance}.json" }
}
`)
	kinds := w.kinds()
	i := slices.IndexFunc(kinds.Stages, func(k Kind) bool { return k.Name == "exec" })
	kinds.Stages[i].Run = func(_ context.Context, task *Task) error {
		command, err := task.Evaluated("command")
		if err != nil {
			return err
		}
		if got := stringList(command); !slices.Equal(got, []string{"fit", "a"}) {
			t.Errorf("command %q", got)
		}
		if v, err := task.Evaluated("env"); err != nil || !v.IsNull() {
			t.Errorf("env, which is absent: %#v, %v", v, err)
		}
		if v, err := task.Evaluated("commnd"); err == nil {
			t.Errorf("no such setting: %#v", v)
		}
		return os.WriteFile(task.Output("equation"), nil, 0o644)
	}
	plan, diags := Load(filepath.Join(w.dir, "pipeline.hcl"), kinds, Input{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	out, err := Run(t.Context(), plan, Options{})
	if err != nil || out.Executed != 1 {
		t.Errorf("%+v, %v", out, err)
	}
}

// Running out of disk is one clear error, and loses nothing: in staging, while
// publishing or while remembering.
func TestSmallDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a small file system cannot be mounted here: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("i%02d", i))
	}
	w := worldAt(t, dir, names...)
	w.write("pipeline.hcl", "")
	for _, i := range names {
		w.write("data/"+i, "data of "+i)
	}
	_, out, err := w.try()
	if err == nil || !strings.Contains(err.Error(), "no space left on device") || out == nil {
		t.Fatalf("outcome %+v, error %v", out, err)
	}
	t.Logf("%d of %d nodes done, then: %v", out.Executed, out.Nodes, err)
	if out.Executed == 0 || out.Failed > 8 {
		t.Errorf("executed %d, failed %d", out.Executed, out.Failed)
	}
	if msg, err := exec.Command("mount", "-o", "remount,size=16m", dir).CombinedOutput(); err != nil {
		t.Fatalf("remount: %s", msg)
	}
	_, again, err := w.try()
	if err != nil || again.Failed+again.Skipped > 0 {
		t.Fatalf("with room again: %+v, %v", again, err)
	}
	fresh := newWorld(t, names...)
	fresh.runs(all(names...)...)
	if diff := differ(w, fresh); diff != "" {
		t.Error(diff)
	}
	w.runs()
}
