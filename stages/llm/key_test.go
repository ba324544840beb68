package llm_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// The key is asked for once, by the first request that is sent, and it is taken
// out of what comes back as one that was known from the start.
func TestKeyIsAskedForOnce(t *testing.T) {
	var asked atomic.Int64
	b := newBench(t, llmtest.Config{APIKey: testKey}, func(c *llm.Config) {
		c.APIKey = ""
		c.Key = func() (string, error) { asked.Add(1); return testKey, nil }
	})
	if n := asked.Load(); n != 0 {
		t.Errorf("the key was asked for %d times before anything was sent", n)
	}
	askMany(t, b.client, 20, 8)
	if n := asked.Load(); n != 1 {
		t.Errorf("the key was asked for %d times, want once", n)
	}
	b.reopen()
	askMany(t, b.client, 20, 8) // all recorded
	if n := asked.Load(); n != 1 {
		t.Errorf("recorded answers asked for the key %d times", n-1)
	}
	b.server.Close()

	b = newBench(t, llmtest.Config{Script: llmtest.Always(llmtest.KeyEchoed)}, func(c *llm.Config) {
		c.APIKey = ""
		c.Key = func() (string, error) { return testKey, nil }
	})
	if _, err := b.ask(question(0), llm.AskOptions{}); err == nil || strings.Contains(err.Error(), testKey) || !strings.Contains(err.Error(), "[redacted]") {
		t.Errorf("got %v, want an error with the key taken out", err)
	}
}

// A key that cannot be had stops the client: nothing is sent, and what is
// recorded is still given.
func TestKeyFails(t *testing.T) {
	b := newBench(t, llmtest.Config{}, nil)
	if _, err := b.ask(question(0), llm.AskOptions{}); err != nil {
		t.Fatal(err)
	}
	absent := errors.New("the variable THE_KEY is not set")
	for _, c := range []struct {
		name string
		key  func() (string, error)
		says string
	}{
		{"an error", func() (string, error) { return "", absent }, "THE_KEY"},
		{"a line break", func() (string, error) { return testKey + "\n", nil }, "line break"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.cfg.APIKey, b.cfg.Key = "", c.key
			b.reopen()
			n := b.server.Requests()
			if rep, err := b.ask(question(0), llm.AskOptions{}); err != nil || !rep.FromJournal {
				t.Errorf("a recorded question: %v", err)
			}
			var wg sync.WaitGroup
			for i := 1; i < 20; i++ {
				wg.Go(func() {
					_, err := b.ask(question(i), llm.AskOptions{})
					var s *llm.StopError
					if !errors.As(err, &s) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), testKey) {
						t.Errorf("got %v, want a StopError that says %q", err, c.says)
					}
				})
			}
			wg.Wait()
			if b.server.Requests() != n {
				t.Error("a request was sent without its key")
			}
		})
	}
	b.cfg.APIKey = testKey
	b.close()
	if _, err := llm.New(b.cfg, b.journal); err == nil {
		t.Error("both APIKey and Key are taken")
	}
}
