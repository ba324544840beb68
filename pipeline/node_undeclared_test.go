package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// What a command writes beside its declared outputs is told, once a node, and
// gone; the node is up to date all the same.
func TestUndeclaredOutputs(t *testing.T) {
	tests := []struct {
		instance string
		files    []string // beside the output, in the folder in which that is
		want     string   // after "it wrote "; "" for nothing
	}{
		{"none", nil, ""},
		{"folder", []string{"cache/"}, ""},
		{"one", []string{"model.pkl"}, `a file that is not among its outputs, and is removed: "model.pkl"`},
		{"odd", []string{"a\nb "}, `a file that is not among its outputs, and is removed: "a\nb "`},
		{"above", []string{"../scratch"}, `a file that is not among its outputs, and is removed: "scratch"`},
		{"some", []string{"c/d/e", "b", "a", "c/f"}, `files that are not among its outputs, and are removed: "a", "b", "c/d/e" and 1 more`},
		{"many", slices.Repeat([]string{"#"}, 1200), `files that are not among its outputs, and are removed: "0", "1", "10" and many more`},
	}
	w := newWorld(t)
	for _, test := range tests {
		w.plan.Instances = append(w.plan.Instances, test.instance)
	}
	w.plan.Stages = nil
	fit := w.stage("fit", "table", true)
	fit.Kind.Outputs = nil
	fit.node = func(instance string) (*NodeSpec, hcl.Diagnostics) {
		return &NodeSpec{Outputs: []Output{{Name: "out", Path: "tables/" + instance}, {Name: "twin", Path: "twins/" + instance}}}, nil
	}
	w.when("fit", func(_ context.Context, task *Task) error {
		i := slices.Index(w.plan.Instances, task.Instance)
		for n, name := range tests[i].files {
			path := filepath.Dir(task.Output("out")) + "/" + strings.ReplaceAll(name, "#", fmt.Sprint(n))
			folder, file := filepath.Split(path)
			if err := os.MkdirAll(folder, 0o777); err != nil {
				return err
			}
			if file == "" {
				continue
			}
			if err := os.WriteFile(path, nil, 0o666); err != nil {
				return err
			}
		}
		return w.writeAll(task)
	})
	got := map[string][]string{}
	w.opts.Observe = func(e Event) {
		if e.Event == EventWarning {
			got[e.Instance] = append(got[e.Instance], e.Stage+" "+e.Message)
		}
	}
	if _, out, err := w.try(); err != nil || out.Executed != len(tests) {
		t.Fatalf("%+v, %v", out, err)
	}
	for _, test := range tests {
		var want []string
		if test.want != "" {
			want = []string{"fit.table it wrote " + test.want}
		}
		if !slices.Equal(got[test.instance], want) {
			t.Errorf("%s: %q, want %q", test.instance, got[test.instance], want)
		}
	}
	if _, err := os.Stat(w.path("results/" + stagingName)); !os.IsNotExist(err) {
		t.Errorf("the private folders are still there: %v", err)
	}
	if ran, _, err := w.try(); err != nil || len(ran) != 0 {
		t.Errorf("the second time %q ran, %v", ran, err)
	}

	// A kind whose outputs are its own may keep scratch there.
	fit.Kind.Outputs = func(Place) []Output { return nil }
	w.opts.Force = true
	clear(got)
	if _, _, err := w.try(); err != nil || len(got) != 0 {
		t.Errorf("warned %q, %v", got, err)
	}
}

// What a command left running may go on writing where it was told to: no other
// command is given that path.
func TestCommandsShareNoFolder(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.plan.Stages = nil
	w.opts.MaxWorkers = 1
	fit := w.stage("fit", "table", true)
	fit.Kind.Outputs = nil
	fit.node = func(instance string) (*NodeSpec, hcl.Diagnostics) {
		return &NodeSpec{Outputs: []Output{{Name: "out", Path: instance + "/table"}}}, nil
	}
	given := map[string]bool{}
	w.when("fit", func(_ context.Context, task *Task) error {
		given[task.Output("out")] = true
		return w.writeAll(task)
	})
	if _, out, err := w.try(); err != nil || out.Executed != 3 || len(given) != 3 {
		t.Errorf("3 nodes wrote to %d paths; %+v, %v", len(given), out, err)
	}
}
