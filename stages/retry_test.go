package stages

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/concluder/concluder/stages/llm/llmtest"
)

// RetryFailed judges the recorded answers of a failed instance again and asks
// for no more of them; only NoCache asks a model anew.
func TestRetryFailed(t *testing.T) {
	var well atomic.Bool
	s := llmtest.New(llmtest.Config{Script: func(llmtest.Request) llmtest.Fault {
		if well.Load() {
			return llmtest.None
		}
		return llmtest.TrivialBound
	}})
	defer s.Close()
	dir := t.TempDir()
	points := "{"
	for i := 1; i <= 12; i++ {
		points += fmt.Sprintf(`"%d": {"n": %d, "s": %g},`, i, 100*i, 0.0001*float64(i*i))
	}
	for name, text := range map[string]string{
		"a.json": points[:len(points)-1] + "}",
		"pipeline.hcl": fmt.Sprintf(`
pipeline "test" {
  instances = ["a"]
}
provider "openai" "model" {
  base_url = %q
  model    = "m"
}
stage "load" "points" {
  measurements = "${instance}.json"
  x            = "n"
  y            = "s"
}
stage "conclude" "bound" {
  dataset  = stage.load.points
  provider = provider.openai.model
}
`, s.URL),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name     string
		opt      Options
		well     bool
		requests int
		want     Status
	}{
		{"first", Options{}, false, 2, StatusLLMFailed}, // the re-ask gives the same answer word for word
		{"again", Options{}, true, 0, StatusLLMFailed},
		{"failed ones tried again", Options{RetryFailed: true}, true, 0, StatusLLMFailed},
		{"forced", Options{Force: true}, true, 0, StatusLLMFailed},
		{"asked anew", Options{NoCache: true}, true, 1, StatusSuccess},
		{"after that", Options{RetryFailed: true}, true, 0, StatusSuccess},
	} {
		well.Store(step.well)
		n := s.Requests()
		got, err := Run(context.Background(), filepath.Join(dir, "pipeline.hcl"), step.opt)
		if err != nil || got["a"].Status != step.want || s.Requests()-n != step.requests {
			t.Errorf("%s: %d requests, %+v, %v; want %d and %s", step.name, s.Requests()-n, got["a"], err, step.requests, step.want)
		}
	}
}
