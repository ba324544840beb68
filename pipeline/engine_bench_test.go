//go:build unix

package pipeline

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sys/unix"
)

// benchWorld is a graph of three stages for n instances and a report, with
// attributes that cost nothing to evaluate: what remains is the engine.
func benchWorld(b *testing.B, n int) (*Plan, Options) {
	b.Helper()
	dir := b.TempDir()
	if err := os.MkdirAll(dir+"/data", 0o777); err != nil {
		b.Fatal(err)
	}
	p := &Plan{Name: "bench", File: dir + "/pipeline.hcl", Dir: dir, ResultsDir: dir + "/results"}
	for i := range n {
		name := fmt.Sprintf("i%06d", i)
		p.Instances = append(p.Instances, name)
		if err := os.WriteFile(dir+"/data/"+name, []byte(name), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	settings := []SettingValue{{"x", cty.StringVal("size"), true}, {"y", cty.StringVal("time"), true}}
	stage := func(kind string, perInstance bool, deps ...Dep) *Stage {
		k := &Kind{Name: kind, Version: "1", Partial: !perInstance}
		k.Outputs = func(p Place) []Output { return []Output{{"out", kind + "/" + p.File + ".txt"}} }
		k.Run = func(_ context.Context, t *Task) error {
			for _, d := range deps {
				if d.Attr == "plots" && !perInstance {
					continue // a summary reads no plots
				}
				for _, u := range t.Upstream(d.Attr) {
					u.Output("out") // as if to read it
				}
			}
			return t.Write("out", []byte(t.Instance))
		}
		s := &Stage{Kind: k, Name: "s", PerInstance: perInstance, Deps: deps}
		s.node = func(instance string) (*NodeSpec, hcl.Diagnostics) {
			spec := &NodeSpec{Settings: settings, Outputs: k.Outputs(Place{Instance: instance, File: instance + "all"})}
			if kind == "load" {
				spec.Inputs = []InputFile{{Attr: "m", Path: dir + "/data/" + instance, Show: "data/" + instance}}
			}
			return spec, nil
		}
		p.Stages = append(p.Stages, s)
		return s
	}
	load := stage("load", true)
	conclude := stage("conclude", true, Dep{Attr: "dataset", Stage: load})
	plot := stage("plot", true, Dep{Attr: "conclusion", Stage: conclude}, Dep{Attr: "dataset", Stage: load})
	p.compiled = &compilation{files: newFileFunctions(dir)} // there is but one definition in this folder
	stage("report", false, Dep{Attr: "conclusions", Stage: conclude}, Dep{Attr: "plots", Stage: plot})
	return p, Options{}
}

func benchRun(b *testing.B, p *Plan, o Options) *Outcome {
	b.Helper()
	out, err := Run(context.Background(), p, o)
	if err != nil || out.Failed+out.Skipped > 0 {
		b.Fatalf("%+v, %v", out, err)
	}
	return out
}

// cpuTime is what this process has used of the CPUs: unlike the wall clock it
// says something on a machine that has other things to do.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reportRun reports a run's times by node.
func reportRun(b *testing.B, out *Outcome, cpu time.Duration) {
	nodes := float64(out.Nodes)
	b.ReportMetric(float64(out.Duration.Nanoseconds())/nodes, "ns/node")
	b.ReportMetric(float64(cpu.Nanoseconds())/nodes, "cpu-ns/node")
}

func benchSizes() []int {
	sizes := []int{1_000, 10_000}
	if s := os.Getenv("PIPELINE_BENCH_INSTANCES"); s != "" {
		if n, err := strconv.Atoi(s); err == nil {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// ownWork is how long the kinds alone need for all nodes, with as many workers and
// as many folders.
func ownWork(b *testing.B, p *Plan) time.Duration {
	b.Helper()
	dir := b.TempDir()
	for _, s := range p.Stages {
		if err := os.Mkdir(dir+"/"+s.Kind.Name, 0o777); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	inParallel(len(p.Instances), func(i int) {
		for _, s := range p.Stages {
			if !s.PerInstance {
				continue
			}
			path := fmt.Sprintf("%s/%s/%d", dir, s.Kind.Name, i)
			t := NewTask(TaskSetup{Instance: p.Instances[i], Outputs: map[string]string{"out": path}})
			if err := s.Kind.Run(b.Context(), t); err != nil {
				b.Error(err)
			}
		}
	})
	return time.Since(began)
}

// BenchmarkFirstRun is what the engine costs for nodes that only write a small
// file: overhead is what is left of the run's time without the kinds' own work.
// That is measured before and after the run, since the machine may be slower at
// one time than at another, and the less counts.
func BenchmarkFirstRun(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				p, o := benchWorld(b, n)
				before := ownWork(b, p)
				b.StartTimer()
				cpu := cpuTime(b)
				out := benchRun(b, p, o)
				reportRun(b, out, cpuTime(b)-cpu)
				b.StopTimer()
				own := min(before, ownWork(b, p))
				b.ReportMetric(float64((out.Duration-own).Nanoseconds())/float64(out.Nodes), "overhead-ns/node")
				b.StartTimer()
			}
		})
	}
}

// BenchmarkNothingToDo is a run over nodes that are all up to date.
func BenchmarkNothingToDo(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			p, o := benchWorld(b, n)
			benchRun(b, p, o)
			benchRun(b, p, o) // digests what was still racy
			before := liveHeap()
			for b.Loop() {
				cpu := cpuTime(b)
				out := benchRun(b, p, o)
				if out.Executed > 0 {
					b.Fatalf("%+v", out)
				}
				reportRun(b, out, cpuTime(b)-cpu)
				b.ReportMetric((float64(liveHeap())-float64(before))/float64(out.Nodes), "B/node")
				runtime.KeepAlive(out)
			}
		})
	}
}

// BenchmarkOneChange is a run with one changed input.
func BenchmarkOneChange(b *testing.B) {
	for _, n := range benchSizes() {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			p, o := benchWorld(b, n)
			benchRun(b, p, o)
			benchRun(b, p, o)
			for i := 0; b.Loop(); i++ {
				path := p.Dir + "/data/" + p.Instances[n/2]
				if err := os.WriteFile(path, []byte("changed "+strconv.Itoa(i)), 0o644); err != nil {
					b.Fatal(err)
				}
				if out := benchRun(b, p, o); out.Executed != 1 {
					b.Fatalf("%+v", out)
				}
			}
		})
	}
}
