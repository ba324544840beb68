package llm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// Faults 1 to 4, 7, 10, 13, 14: the client waits as long as it is told, not
// less, and not much more; a wait is not an attempt.
func TestWaits(t *testing.T) {
	for _, c := range []struct {
		fault    llmtest.Fault
		times    int
		min, max time.Duration
	}{
		{llmtest.RetryAfterSeconds, 1, 2 * time.Second, 3 * time.Second},
		{llmtest.RetryAfterSeconds, 20, 40 * time.Second, 60 * time.Second}, // far more than the attempts at a failing server
		{llmtest.RetryAfterDate, 1, 2 * time.Second, 4 * time.Second},       // dates have whole seconds
		{llmtest.RetryAfterMs, 1, 1500 * time.Millisecond, 2500 * time.Millisecond},
		{llmtest.NoHint, 1, 0, 2 * time.Second},
		{llmtest.NoHint, 8, 0, 3 * time.Minute},
		{llmtest.GeminiRetryInfo, 1, 4500 * time.Millisecond, 6 * time.Second},
		{llmtest.RetryAfterOnOK, 1, 0, time.Second}, // an answer is an answer
		{llmtest.Loading, 8, 0, 3 * time.Minute},
		{llmtest.Busy, 8, 0, 3 * time.Minute},
		{llmtest.BadRateHeaders, 1, 0, time.Second},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			var faults []llmtest.Fault
			for range c.times {
				faults = append(faults, c.fault)
			}
			bubble(t, llmtest.Config{Script: llmtest.Sequence(faults...)}, nil, func(b *bench) {
				var err error
				var rep llm.Reply
				d := took(func() { rep, err = b.ask(question(0), llm.AskOptions{}) })
				if err != nil {
					b.t.Fatal(err)
				}
				if d < c.min || d > c.max {
					b.t.Errorf("answered after %s, want from %s to %s", d, c.min, c.max)
				}
				if len(rep.Attempts) != 1 || rep.Verdict != llm.Accepted {
					b.t.Errorf("%d answers, the last %s; want one, accepted", len(rep.Attempts), rep.Verdict)
				}
			})
		})
	}
}

// Faults 5, 6 and 8: what does not pass within the run pauses it at once, and
// nothing more is sent; a later run goes on.
func TestPauses(t *testing.T) {
	for _, c := range []struct {
		fault llmtest.Fault
		kind  llm.PauseKind
		until time.Duration
	}{
		{llmtest.LongWait, llm.LongWait, 114 * time.Hour},
		{llmtest.InsufficientQuota, llm.InsufficientQuota, 0},
		{llmtest.DailyQuota, llm.DailyQuota, 0},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			bubble(t, llmtest.Config{Script: llmtest.Sequence(llmtest.None, c.fault)}, nil, func(b *bench) {
				if _, err := b.ask(question(0), llm.AskOptions{}); err != nil {
					b.t.Fatal(err)
				}
				start := time.Now()
				var p *llm.PauseError
				_, err := b.ask(question(1), llm.AskOptions{})
				if !errors.As(err, &p) || p.Kind != c.kind {
					b.t.Fatalf("got %v, want a pause by %s", err, c.kind)
				}
				if d := time.Since(start); d > time.Second {
					b.t.Errorf("the pause came after %s", d)
				}
				if got := p.Until.Sub(start).Round(time.Minute); c.until > 0 && got != c.until || c.until == 0 && !p.Until.IsZero() {
					b.t.Errorf("it lasts %s, want %s", got, c.until)
				}
				n := b.server.Requests()
				if _, err := b.ask(question(2), llm.AskOptions{}); !errors.As(err, &p) {
					b.t.Errorf("after the pause: %v", err)
				}
				if b.server.Requests() != n {
					b.t.Error("a request was sent after the pause")
				}
				if rep, err := b.ask(question(0), llm.AskOptions{}); err != nil || !rep.FromJournal {
					b.t.Errorf("an answer that is recorded is not given during a pause: %v", err)
				}
				b.reopen()
				if _, err := b.ask(question(1), llm.AskOptions{}); err != nil {
					b.t.Errorf("the next run: %v", err)
				}
			})
		})
	}
}

// A server that answers 429 for ever pauses the run instead of hanging it.
func TestEndlessRefusalPauses(t *testing.T) {
	bubble(t, llmtest.Config{Script: llmtest.Always(llmtest.NoHint)}, nil, func(b *bench) {
		ctx := b.t.Context()
		var err error
		d := took(func() { _, err = b.client.Ask(ctx, question(0), llm.AskOptions{}) })
		var p *llm.PauseError
		if !errors.As(err, &p) || p.Kind != llm.LongWait {
			b.t.Fatalf("got %v, want a pause", err)
		}
		if d < 5*time.Minute || d > 7*time.Minute {
			b.t.Errorf("it came after %s, want a little over MaxWait", d)
		}
	})
}
