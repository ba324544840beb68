package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// manyInstances is a pipeline of three per-instance stages and one aggregate
// stage over files that stems lists.
func manyInstances(b *testing.B, n int) string {
	b.Helper()
	dir := b.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o777); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, "data", fmt.Sprintf("instance%07d.json", i)), nil, 0o666); err != nil {
			b.Fatal(err)
		}
	}
	path := filepath.Join(dir, "pipeline.hcl")
	if err := os.WriteFile(path, []byte(manyInstancesFile), 0o666); err != nil {
		b.Fatal(err)
	}
	return path
}

const manyInstancesFile = `
pipeline "many" { instances = stems("data/*.json") }
locals { data = "data" }
stage "load" "points" {
  measurements = "${local.data}/${instance}.json"
  x            = "n"
  y            = "t"
  equation     = "equations/${instance}/${instance}.json"
}
stage "conclude" "bound" { dataset = stage.load.points }
stage "plot" "comparison" {
  dataset    = stage.load.points
  conclusion = stage.conclude.bound
  formats    = ["svg", "png"]
}
stage "summarize" "report" { conclusions = stage.conclude.bound }
`

// A plan of 100,000 instances is to take seconds, not minutes.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("instances=%d", n), func(b *testing.B) {
			path := manyInstances(b, n)
			b.ReportAllocs()
			for b.Loop() {
				p, diags := Load(path, languageKinds(), Input{})
				if diags.HasErrors() || len(p.Instances) != n {
					b.Fatal(diags)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(3*n), "ns/node")
		})
	}
}

// Attributes that need the general evaluation, as an exec stage's command does.
func BenchmarkLoadGeneral(b *testing.B) {
	const n = 100_000
	path := manyInstances(b, n)
	text := strings.Replace(manyInstancesFile, `equation     = "equations/${instance}/${instance}.json"`, `equation = stage.exec.fit.equation`, 1) + `
stage "exec" "fit" {
  command = ["python3", "fit.py", instance, "${output.equation}"]
  inputs  = ["fit.py", "data/${instance}.json"]
  outputs = { equation = "fits/${lower(instance)}.json" }
}
`
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, diags := Load(path, languageKinds(), Input{}); len(diags) > 0 {
			b.Fatal(diags)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(4*n), "ns/node")
}

// What the engine asks for when it runs a node.
func BenchmarkNode(b *testing.B) {
	path := manyInstances(b, 10)
	p, diags := Load(path, languageKinds(), Input{})
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, diags := p.Stages[0].Node(p.Instances[3]); len(diags) > 0 {
			b.Fatal(diags)
		}
	}
}

// A list of instances that is written out.
func BenchmarkLoadInline(b *testing.B) {
	const n = 100_000
	var names strings.Builder
	for i := range n {
		fmt.Fprintf(&names, "%q,\n", fmt.Sprintf("instance%d", i))
	}
	text := strings.Replace(manyInstancesFile, `stems("data/*.json")`, "["+names.String()+"]", 1)
	path := filepath.Join(b.TempDir(), "pipeline.hcl")
	b.ReportAllocs()
	for b.Loop() {
		if _, diags := Load(path, languageKinds(), Input{Sources: Sources{path: []byte(text)}}); len(diags) > 0 {
			b.Fatal(diags)
		}
	}
}
