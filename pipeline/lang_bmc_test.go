package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The real study, which is not part of the project.
func TestLoadStudy(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "bmc")
	for file, stages := range map[string]int{"pipeline.hcl": 4, "pipeline-llm.hcl": 3} {
		t.Run(file, func(t *testing.T) {
			path := filepath.Join(dir, file)
			if _, err := os.Stat(path); err != nil {
				t.Skip("no study beside the project:", err)
			}
			sources := Sources{}
			start := time.Now()
			p, diags := Load(path, languageKinds(), Input{Sources: sources})
			t.Log("read in", time.Since(start))
			if len(diags) > 0 {
				var b strings.Builder
				WriteDiagnostics(&b, diags, sources)
				t.Fatal(b.String())
			}
			if len(p.Instances) != 356 || len(p.Stages) != stages {
				t.Errorf("%d instances, %d stages", len(p.Instances), len(p.Stages))
			}
			spec, diags := p.Stages[0].Node("6s0")
			if diags.HasErrors() || len(spec.Inputs) != 2 || len(spec.Outputs) != 1 || spec.Outputs[0].Path != "datasets/6s0.json" {
				t.Errorf("node of 6s0: %+v, %v", spec, diags)
			}
		})
	}
}
