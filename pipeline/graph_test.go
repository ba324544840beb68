package pipeline

import (
	"path/filepath"
	"strings"
	"testing"
)

// Each archive in testdata/graphs is a pipeline file and its graph: the file
// format says which, instances.txt for which instances.
func TestWriteGraph(t *testing.T) {
	for _, path := range goldenFiles(t, "graphs/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, _ := archive(t, path)
			p, diags := Load("pipeline.hcl", languageKinds(), Input{})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			format, instances, _ := strings.Cut(strings.TrimSpace(string(a.Comment)), " ")
			var b strings.Builder
			if err := WriteGraph(&b, p, format, strings.Fields(instances)...); err != nil {
				t.Fatal(err)
			}
			golden(t, path, a, b.String())
		})
	}
}

func TestWriteGraphRefuses(t *testing.T) {
	p, _ := load(t, onePipeline+oneLoad, Input{})
	for _, c := range []struct {
		format    string
		instances []string
		want      string
	}{
		{"dto", nil, `unknown graph format "dto": expected dot, mermaid or json; did you mean "dot"?`},
		{"json", []string{"c"}, `pipeline "p" has no instance "c"; did you mean "a"?`},
		{"mermaid", []string{"a"}, "mermaid shows stages alone"},
	} {
		var b strings.Builder
		if err := WriteGraph(&b, p, c.format, c.instances...); err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("%s %v: %v, %q", c.format, c.instances, err, b.String())
		}
	}
}
