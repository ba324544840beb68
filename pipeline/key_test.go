package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// Each ingredient of the key, and what is none: what runs after the change,
// what the first node of it says why, and nothing after that.
func TestKeyIngredients(t *testing.T) {
	tests := []struct {
		name   string
		change func(w *world)
		want   []string
		why    string // of the first stage in want, as Explain says it; "" to not look
	}{
		{"schema stays", func(*world) {}, nil, ""},
		{"kind's version", func(w *world) { w.kind("conclude").Version = "2" },
			[]string{"conclude/a", "conclude/b"}, "kind's version: 1 -> 2"},
		{"setting", func(w *world) { w.settings["load.points"]["x"] = cty.StringVal("time") },
			all("a", "b"), `setting x: "size" -> "time"`},
		{"setting of another type", func(w *world) { w.settings["load.points"]["n"] = cty.NumberIntVal(1) },
			[]string{"load/a", "load/b"}, "setting n: 1"},
		{"setting that is null", func(w *world) { w.settings["load.points"]["n"] = cty.NullVal(cty.String) }, nil, ""},
		{"hidden setting", func(w *world) { w.settings["load.points"]["hidden_workers"] = cty.NumberIntVal(9) }, nil, ""},
		{"provider's model", func(w *world) { w.provider.Settings["model"] = cty.StringVal("m2") },
			[]string{"conclude/a", "conclude/b"}, `provider model: "m1" -> "m2"`},
		{"provider's name", func(w *world) { w.provider.Name = "two" },
			[]string{"conclude/a", "conclude/b"}, "provider: fake.one -> fake.two"},
		{"provider's kind", func(w *world) { w.provider.Kind = "real" },
			[]string{"conclude/a", "conclude/b"}, "provider: fake.one -> real.one"},
		{"input's content", func(w *world) { w.write("data/a", "other data") },
			all("a"), "input measurements: data/a (*) -> data/a (*)"},
		{"input's content of equal length", func(w *world) { w.write("data/a", "DATA of a") }, all("a"), ""},
		{"input deleted", func(w *world) { w.remove("data/b") },
			all("b"), "input measurements: data/b (*) -> data/b (absent)"},
		{"input touched", func(w *world) { w.touch("data/a") }, nil, ""},
		{"input replaced by itself", func(w *world) { w.remove("data/a"); w.write("data/a", "data of a") }, nil, ""},
		{"input by another name", func(w *world) {
			w.write("data2/a", "data of a")
			w.write("data2/b", "data of b")
			w.reads["load.points"] = func(i string) []InputFile {
				return []InputFile{{Attr: "measurements", Path: w.path("data2/" + i), Show: "data2/" + i}}
			}
		}, all("a", "b"), "input measurements: data/a (*) -> data2/a (*)"},
		{"file that an expression reads", func(w *world) {
			read := w.reads["load.points"]
			w.write("note", "n")
			w.reads["load.points"] = func(i string) []InputFile {
				return append([]InputFile{{Attr: fileAttr, Path: w.path("note"), Show: "note"}}, read(i)...)
			}
		}, []string{"load/a", "load/b"}, "input file()[0]: note (*)"},
		{"output's path", func(w *world) { w.plan.Stages[1].Prefix = "other/" },
			[]string{"conclude/a", "conclude/b"}, "path of output out: conclude/a.txt -> conclude/other/a.txt"},
		{"output edited by hand", func(w *world) { w.write("results/conclude/a.txt", "mine") },
			[]string{"conclude/a"}, "output out (conclude/a.txt) was changed by hand: "},
		{"output deleted by hand", func(w *world) { w.remove("results/plot/b.txt") },
			[]string{"plot/b"}, "output out (plot/b.txt) is missing"},
		{"output touched", func(w *world) { w.touch("results/plot/b.txt") }, nil, ""},
		{"instance added", func(w *world) {
			w.write("data/c", "data of c")
			w.plan.Instances = append(w.plan.Instances, "c")
		}, all("c"), "never ran"},
		{"instance removed", func(w *world) { w.plan.Instances = w.plan.Instances[:1] },
			[]string{"report"}, "from conclusions conclude.bound: 2 instances (*) -> 1 instances (*)"},
		{"order of instances", func(w *world) { w.plan.Instances = []string{"b", "a"} }, []string{"report"}, ""},
		{"max_workers", func(w *world) { w.opts.MaxWorkers = 1 }, nil, ""},
		{"batch_size", func(w *world) { w.opts.BatchSize = 1 }, nil, ""},
		{"batch_size auto", func(w *world) { w.opts.BatchAuto = true }, nil, ""},
		{"program's version", func(w *world) { w.opts.Program = "2.0" }, nil, ""},
		{"pipeline file", func(w *world) { w.write("pipeline.hcl", "# changed") }, nil, ""},
		{"everything moved elsewhere", func(w *world) { w.move() }, nil, ""},
		{"force", func(w *world) { w.opts.Force = true }, all("a", "b"), "forced"},
		{"anew", func(w *world) { w.opts.Anew = true }, all("a", "b"), "forced"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "a", "b")
			w.settle()
			w.runs(all("a", "b")...)
			test.change(w)
			if test.why != "" {
				w.explains(test.why)
			}
			w.runs(test.want...)
			w.opts.Force, w.opts.Anew = false, false
			w.runs() // … but not the second time
		})
	}
}

// settle makes the data files old enough for their stat to be trusted.
func (w *world) settle() {
	w.t.Helper()
	old := time.Now().Add(-time.Hour)
	for _, i := range w.plan.Instances {
		if err := os.Chtimes(w.path("data/"+i), old, old); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) touch(name string) {
	w.t.Helper()
	now := time.Now().Add(time.Second)
	if err := os.Chtimes(w.path(name), now, now); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(name string) {
	w.t.Helper()
	if err := os.Remove(w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

// move renames the folder of the whole pipeline.
func (w *world) move() {
	w.t.Helper()
	to := filepath.Join(w.t.TempDir(), "elsewhere")
	if err := os.Rename(w.dir, to); err != nil {
		w.t.Fatal(err)
	}
	w.dir = to
	w.plan.Dir, w.plan.File, w.plan.ResultsDir = to, filepath.Join(to, "pipeline.hcl"), filepath.Join(to, "results")
}

// explains fails the test unless the first stale node is so for this reason. A
// * in it stands for anything.
func (w *world) explains(want string) {
	w.t.Helper()
	plans, err := inspectAll(w.t.Context(), w.plan, w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range plans {
		if p.Action == Keep {
			continue
		}
		got := p.Reasons[0].String()
		rest := got
		for k, part := range strings.Split(want, "*") {
			i := strings.Index(rest, part)
			if i < 0 || k == 0 && i > 0 {
				w.t.Errorf("%s %s: %q, want %q", p.Stage.Address(), p.Instance, got, want)
				return
			}
			rest = rest[i+len(part):]
		}
		return
	}
	w.t.Errorf("nothing is stale, want %q", want)
}
