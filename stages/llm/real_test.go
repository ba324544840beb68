package llm_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
)

// A server that this project did not write, such as Ollama, llama.cpp or vLLM:
//
//	LLM_TEST_SERVER=http://127.0.0.1:11434/v1 LLM_TEST_MODEL=NAME LLM_TEST_QUESTIONS=60 go test -run RealServer -v ./stages/llm
//
// Every question ends in a typed verdict or a pause, and a second run sends
// nothing.
func TestRealServer(t *testing.T) {
	url, model := os.Getenv("LLM_TEST_SERVER"), os.Getenv("LLM_TEST_MODEL")
	if url == "" {
		t.Skip("LLM_TEST_SERVER is not set")
	}
	n := 60
	if s := os.Getenv("LLM_TEST_QUESTIONS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "journal.db")
	zero := 0.0
	run := func() llm.Stats {
		j, err := llm.OpenJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		c, err := llm.New(llm.Config{
			Name: "real", BaseURL: url, Model: model, Temperature: &zero, MaxTokens: 128, Timeout: 5 * time.Minute,
			Limits: llm.Limits{InFlight: 4}, Warn: func(s string) { t.Log(s) },
		}, j)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				rep, err := c.Ask(context.Background(), question(i), llm.AskOptions{})
				var rejected *llm.RejectedError
				if err != nil && !errors.As(err, &rejected) {
					t.Errorf("question %d: %v", i, err)
				} else if rep.Verdict == "" {
					t.Errorf("question %d has no verdict", i)
				}
				if i < 3 && len(rep.Attempts) > 0 {
					a := rep.Attempts[len(rep.Attempts)-1]
					t.Logf("question %d, %s: %s\n%.300q", i, a.Verdict, a.Detail, a.Text)
				}
			})
		}
		wg.Wait()
		return c.Stats()
	}
	start := time.Now()
	s := run()
	t.Logf("%d requests in %s, mode %s, %d at once, verdicts %v, %d server errors, %d tokens in, %d out",
		s.Requests, time.Since(start).Round(time.Millisecond), s.Mode, s.Concurrency, s.Verdicts, s.ServerErrors, s.InputTokens, s.OutputTokens)
	if again := run(); again.Requests != 0 {
		t.Errorf("a second run sent %d requests", again.Requests)
	}
}
