package examples

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/concluder/concluder/stages"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

func labels(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("data/labels.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}
	for _, row := range rows[1:] {
		of[row[0]] = row[1]
	}
	return of
}

// Theory knows the class of these algorithms; what is concluded from their
// times agrees wherever theory is definite.
func TestPipeline(t *testing.T) {
	dir := t.TempDir()
	results, err := stages.Run(context.Background(), "pipeline.hcl", stages.Options{
		NoPlot: true, ResultsDir: filepath.Join(dir, "results"), StateDir: filepath.Join(dir, "state"),
	})
	if err != nil {
		t.Fatal(err)
	}
	definite := 0
	for name, want := range labels(t) {
		r := results[name]
		if r == nil || r.Status != stages.StatusSuccess {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		if want == "unknown" {
			continue
		}
		definite++
		if got := string(r.Conclusion.TypeOfEquation); got != want {
			t.Errorf("%s is concluded as %s, and is %s", name, got, want)
		}
	}
	if definite < 24 {
		t.Errorf("only %d definite instances", definite)
	}
}

// With a model every instance ends with a verified conclusion too, a second run
// sends nothing, and the summary holds the two stages against each other.
func TestModel(t *testing.T) {
	server := llmtest.New(llmtest.Config{})
	defer server.Close()
	dir := t.TempDir()
	opt := stages.Options{
		Vars:       map[string]string{"base_url": server.URL},
		ResultsDir: filepath.Join(dir, "results"), StateDir: filepath.Join(dir, "state"),
	}
	results, err := stages.Run(context.Background(), "model.hcl", opt)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range results {
		if r.Status != stages.StatusSuccess {
			t.Errorf("%s: %s", name, r.Status)
		}
	}
	sent := server.Requests()
	if sent < len(results) {
		t.Errorf("%d requests for %d instances", sent, len(results))
	}
	if _, err := stages.Run(context.Background(), "model.hcl", opt); err != nil {
		t.Fatal(err)
	}
	if again := server.Requests() - sent; again != 0 {
		t.Errorf("the second run sent %d requests", again)
	}
	b, err := os.ReadFile(filepath.Join(dir, "results", "parallel_llm_conclude_summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var summary stages.Summary
	if err := json.Unmarshal(b, &summary); err != nil {
		t.Fatal(err)
	}
	if c := summary.Comparison; c == nil || len(c.Views) != 2 || len(c.Pairs) != 1 || c.Pairs[0].Instances != len(results) {
		t.Errorf("comparison: %+v", c)
	}
}
