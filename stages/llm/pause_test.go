package llm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// A pause says what has to be done before another run gets further: running
// again alone does not help where a budget is spent.
func TestMend(t *testing.T) {
	price := llm.Price{Input: 1, Output: 1}
	for _, c := range []struct {
		name   string
		script func(llmtest.Request) llmtest.Fault
		change func(*llm.Config)
		want   string
	}{
		{"budget", nil, func(c *llm.Config) { c.Budget, c.Price = 1e-6, price }, `raise budget or lower max_tokens in provider "model", since one request may cost more than all of it, then run again`},
		{"credit", llmtest.Always(llmtest.InsufficientQuota), nil, `add credit to the account of provider "model", then run again`},
		{"the server's day", llmtest.Always(llmtest.DailyQuota), nil, "run again when the server counts a new day"},
		{"a long wait", llmtest.Always(llmtest.LongWait), nil, `or raise max_wait in provider "model"`},
		{"no answer", llmtest.Always(llmtest.InternalError), nil, `run again when the server answers at the base_url of provider "model"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, llmtest.Config{Script: c.script}, c.change, func(b *bench) {
				_, err := b.ask(question(0), llm.AskOptions{})
				var p *llm.PauseError
				if !errors.As(err, &p) || !strings.Contains(p.Mend(), c.want) {
					b.t.Errorf("got %v; want a pause, mended by %q", err, c.want)
				}
				if p != nil {
					b.t.Log(p, ";", p.Mend())
				}
			})
		})
	}
}

// Where the daily quota is the file's own, the journal knows when it allows a
// request again. That stands in no published reason, which would differ from run to run.
func TestMendDailyQuota(t *testing.T) {
	bubble(t, llmtest.Config{}, func(c *llm.Config) { c.Limits.RequestsPerDay = 3 }, func(b *bench) {
		began := time.Now()
		var errs []error
		for i := range 6 {
			_, err := b.ask(question(i), llm.AskOptions{})
			if err != nil {
				errs = append(errs, err)
			}
			time.Sleep(time.Hour)
		}
		if len(errs) != 3 {
			b.t.Fatalf("%d of 6 questions ended in %v", len(errs), errs)
		}
		for _, err := range errs {
			var p *llm.PauseError
			if !errors.As(err, &p) || p.Freed.Sub(began) < 24*time.Hour || p.Freed.Sub(began) > 24*time.Hour+time.Minute {
				b.t.Errorf("%v: free at %v, want a day after %v", err, p.Freed, began)
			}
			if when := p.Freed.Local().Format("15:04"); !strings.Contains(p.Mend(), when) || strings.Contains(err.Error(), when) {
				b.t.Errorf("%v; %s", err, p.Mend())
			}
		}
		time.Sleep(time.Until(began.Add(24*time.Hour + time.Minute)))
		b.reopen()
		if _, err := b.ask(question(5), llm.AskOptions{}); err != nil {
			b.t.Errorf("when it said: %v", err)
		}
	})
}
