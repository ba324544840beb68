package llm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// An exported journal gives the same replies to a client that has no journal,
// no key and no server, re-asks and rejections among them.
func TestExportAndReplay(t *testing.T) {
	script := llmtest.Sequence(llmtest.TrivialBound, llmtest.None, llmtest.InternalError, llmtest.FencedJSON, llmtest.Refusal, llmtest.Refusal)
	b := newBench(t, llmtest.Config{Script: script}, nil)
	judge := func(a llm.Answer) (llm.Verdict, string) {
		if a.TypeOfEquation != "polynomial" {
			return llm.WrongClass, "the points say polynomial"
		}
		return "", ""
	}
	type result struct {
		Answer   llm.Answer
		Verdict  llm.Verdict
		Detail   string
		Verdicts []llm.Verdict
		Model    string
		Usage    llm.Usage
		Cost     float64
		Err      string
	}
	ask := func(c *llm.Client) []string {
		var out []string
		for i := range 6 {
			rep, err := c.Ask(context.Background(), question(i), llm.AskOptions{Judge: judge})
			r := result{Answer: rep.Answer, Verdict: rep.Verdict, Detail: rep.Detail, Model: rep.Model, Usage: rep.Usage, Cost: rep.Cost}
			for _, a := range rep.Attempts {
				r.Verdicts = append(r.Verdicts, a.Verdict)
			}
			if err != nil {
				r.Err = err.Error()
			}
			s, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(s)+rep.Answer.Bound.String())
		}
		return out
	}
	live := ask(b.client)

	var file bytes.Buffer
	n, err := b.journal.Export(context.Background(), &file)
	if err != nil || n != strings.Count(file.String(), "\n") || n < 8 {
		t.Fatalf("%d answers exported as %d lines: %v", n, strings.Count(file.String(), "\n"), err)
	}
	path := filepath.Join(t.TempDir(), "answers.jsonl")
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := b.cfg
	cfg.APIKey, cfg.BaseURL, cfg.Replay = "", "", path
	c, err := llm.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, got := range ask(c) {
		if got != live[i] {
			t.Errorf("question %d:\nlive   %s\nreplay %s", i, live[i], got)
		}
	}
	var p *llm.PauseError
	if _, err := c.Ask(context.Background(), question(99), llm.AskOptions{}); !errors.As(err, &p) || p.Kind != llm.NoRecord {
		t.Errorf("a question outside the recording: %v", err)
	}

	// A changed answer is refused, with its line.
	if err := os.WriteFile(path, bytes.Replace(file.Bytes(), []byte(`polynomial`), []byte(`polynomiaI`), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := llm.New(cfg, nil); err == nil || !strings.Contains(err.Error(), path+":1:") {
		t.Errorf("a changed line: %v", err)
	}
	// So is a torn one.
	if err := os.WriteFile(path, file.Bytes()[:file.Len()-100], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := llm.New(cfg, nil); err == nil {
		t.Error("a torn line is taken")
	}
}

// The forecast counts what is not recorded, once, and says what limits it.
func TestForecast(t *testing.T) {
	bubble(t, llmtest.Config{}, func(c *llm.Config) {
		c.Price = llm.Price{Input: 1, Output: 2}
		c.Limits.RequestsPerMinute = 60
		c.Limits.RequestsPerDay = 25
	}, testForecast)
}

func testForecast(b *bench) {
	t := b.t
	for i := range 10 {
		if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	var qs []llm.Question
	for i := range 60 {
		qs = append(qs, question(i), question(i)) // two instances each
	}
	n := b.server.Requests()
	f, err := b.client.Forecast(context.Background(), qs, false)
	if err != nil {
		t.Fatal(err)
	}
	if f.Questions != 60 || f.Recorded != 10 || f.Requests != 50 {
		t.Errorf("%d questions, %d recorded, %d requests; want 60, 10, 50", f.Questions, f.Recorded, f.Requests)
	}
	if f.Answers == 0 || f.Cost <= 0 || f.Cost > f.WorstCost {
		t.Errorf("cost %g, at worst %g, by %d answers", f.Cost, f.WorstCost, f.Answers)
	}
	if m := f.Duration.Minutes(); m < 0.8 || m > 0.9 {
		t.Errorf("50 requests at 60 a minute take %s", f.Duration)
	}
	if f.Days != 2 {
		t.Errorf("50 requests at 25 a day take %d days", f.Days)
	}
	if b.server.Requests() != n {
		t.Error("the forecast sent something")
	}
	rep, complete, err := b.client.Recorded(context.Background(), question(0), nil)
	if err != nil || !complete || len(rep.Attempts) != 1 || len(rep.Attempts[0].Rungs) < 5 {
		t.Errorf("recorded: %+v, %t, %v", rep.Attempts, complete, err)
	}
	if _, complete, err := b.client.Recorded(context.Background(), question(50), nil); complete || err != nil {
		t.Errorf("a question without an answer is complete: %t, %v", complete, err)
	}
}
