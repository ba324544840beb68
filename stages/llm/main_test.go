package llm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/concluder/concluder/stages/llm"
)

// TestMain turns the test binary into the process that a test kills or runs
// beside itself: see childConfig.
func TestMain(m *testing.M) {
	if s := os.Getenv("LLM_TEST_CHILD"); s != "" {
		if err := child(s); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// childConfig tells a child process what to ask.
type childConfig struct {
	Journal, URL string
	From, To     int
	Callers      int
	KillAt       string // step of persisting at which it kills itself, "" for none
	KillAfter    int    // … when it comes there for this time
	Out          string // file for the results
}

func child(s string) error {
	var cc childConfig
	if err := json.Unmarshal([]byte(s), &cc); err != nil {
		return err
	}
	j, err := llm.OpenJournal(cc.Journal)
	if err != nil {
		return err
	}
	if cc.KillAt != "" {
		var mu sync.Mutex
		n := 0
		j.AtStep(func(step string) {
			mu.Lock()
			defer mu.Unlock()
			if step == cc.KillAt {
				if n++; n > cc.KillAfter {
					syscall.Kill(os.Getpid(), syscall.SIGKILL)
					select {} // nothing more happens here
				}
			}
		})
	}
	zero := 0.0
	c, err := llm.New(llm.Config{
		Name: "model", BaseURL: cc.URL, Model: "test-model", APIKey: testKey, Temperature: &zero,
		Limits: llm.Limits{InFlight: 64}, Price: llm.Price{Input: 1, Output: 2},
	}, j)
	if err != nil {
		return err
	}
	results := make([]string, cc.To-cc.From)
	errs := make([]error, cc.To-cc.From)
	next := make(chan int)
	var wg sync.WaitGroup
	for range cc.Callers {
		wg.Go(func() {
			for i := range next {
				rep, err := c.Ask(context.Background(), question(i), llm.AskOptions{})
				errs[i-cc.From] = err
				results[i-cc.From] = fmt.Sprintf("%d %s %s %s %d", i, rep.Verdict, rep.Answer.TypeOfEquation, rep.Answer.UpperBound, len(rep.Attempts))
			}
		})
	}
	for i := cc.From; i < cc.To; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if err := c.Close(); err != nil {
		return err
	}
	if err := j.Close(); err != nil {
		return err
	}
	if cc.Out == "" {
		return nil
	}
	b, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(cc.Out, b, 0o644)
}
