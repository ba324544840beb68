package stages

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// The earlier study over a server that plays its recorded answers, a third of
// which are refusals by a daily quota. The first run pauses, the run on the
// next day asks for what has no answer yet, a third asks nothing.
func TestRecordedStudy(t *testing.T) {
	needSharedData(t)
	recs, err := llmtest.ReadRecording(filepath.Join(sharedData, "llm_responses.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	eligible := map[string]string{} // equation by instance
	var names []string
	for _, r := range recs {
		file := filepath.Join(sharedData, "solving_times", r.Instance+".json")
		if _, err := os.Stat(file); err == nil && wantStatus(r.Instance, rawPoints(t, file)) == StatusSuccess {
			eligible[r.Instance] = r.Equation
			names = append(names, r.Instance)
		}
	}
	if len(names) < 100 {
		t.Fatalf("only %d eligible instances", len(names))
	}
	server := llmtest.New(llmtest.Config{Recording: recs})
	defer server.Close()
	const key = "sk-test-0123456789abcdef"
	t.Setenv("LLM_API_KEY", key)
	dir := t.TempDir()
	study := func() (map[string]*Result, error) {
		return Run(context.Background(), filepath.Join(sharedData, "pipeline-llm.hcl"), Options{
			Instances: names, Vars: map[string]string{"base_url": server.URL},
			ResultsDir: filepath.Join(dir, "results"), StateDir: filepath.Join(dir, "state"),
		})
	}

	first, err := study()
	var paused *PausedError
	if !errors.As(err, &paused) {
		t.Fatalf("the first run ended with %v, want a pause", err)
	}
	answered := map[string]bool{} // equations, by the end of the first run
	for _, r := range server.Log() {
		if r.Sent == "answer" {
			answered[r.Question] = true
		}
	}
	for _, name := range names {
		if !answered[eligible[name]] && first[name].Status != StatusNotRun {
			t.Errorf("%s: nothing was answered, and the status is %s", name, first[name].Status)
		}
	}

	server.EndQuota()
	before := server.Requests()
	second, err := study()
	if err != nil {
		t.Fatal(err)
	}
	asked, anew := map[string]bool{}, map[string]bool{}
	for _, r := range server.Log()[before:] {
		if r.Sent == "answer" {
			asked[r.Question] = true
			anew[r.Question] = anew[r.Question] || !strings.Contains(r.Prompt, "An earlier answer was not accepted")
		}
	}
	for name, eq := range eligible {
		if answered[eq] && anew[eq] {
			t.Errorf("%s: asked anew though it was answered", name)
		}
		if !answered[eq] && !asked[eq] {
			t.Errorf("%s: has no answer and was not asked", name)
		}
	}
	for _, digest := range server.Doubles() {
		t.Errorf("the request %s was answered twice", digest)
	}
	verdicts := map[llm.Verdict]bool{}
	for _, v := range llm.Verdicts() {
		verdicts[v] = true
	}
	for _, name := range names {
		checkAnswered(t, name, second[name], verdicts)
	}

	before = server.Requests()
	if _, err := study(); err != nil {
		t.Fatal(err)
	}
	if n := server.Requests() - before; n != 0 {
		t.Errorf("a third run sent %d requests", n)
	}
	noKey(t, dir, key)
}

// checkAnswered holds a result against the promise that every answer ends in a
// typed verdict, and that nothing is published which does not hold.
func checkAnswered(t *testing.T, name string, r *Result, verdicts map[llm.Verdict]bool) {
	t.Helper()
	switch r.Status {
	case StatusLLMFailed:
		typed := false
		for v := range verdicts {
			typed = typed || strings.Contains(*r.Error, string(v))
		}
		if !typed {
			t.Errorf("%s: the error names no verdict: %s", name, *r.Error)
		}
	case StatusSuccess:
		if a := r.Conclusion.ProviderAnswer; a == nil || !verdicts[llm.Verdict(a.Verdict)] {
			t.Errorf("%s: concluded without a typed verdict: %+v", name, a)
		}
		points := rawPoints(t, filepath.Join(sharedData, "solving_times", name+".json"))
		if p, ok := onPoints(t, r.Conclusion.UpperBound, points); !ok {
			t.Errorf("%s: %s does not hold at %v", name, r.Conclusion.UpperBound, p)
		}
	default:
		t.Errorf("%s: status %s", name, r.Status)
	}
}

// noKey fails if a file under dir holds the key.
func noKey(t *testing.T, dir, key string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(b), key) {
			t.Errorf("%s holds the key", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files searched: %v", files, err)
	}
}
