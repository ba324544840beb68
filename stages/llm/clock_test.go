package llm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// Fault 49, the wall clock jumps, in what follows: whatever was written under a
// clock that was wrong, or before it was set, neither decides what counts as
// newest nor stops or delays a run. Waits go by the monotonic clock, and dates
// of a server by its own Date header: see TestWaits.

// The newest answer is the one that was written last, whatever the clock said.
func TestClockJump(t *testing.T) {
	for _, d := range []time.Duration{1000 * time.Hour, -1000 * time.Hour} {
		b := newBench(t, llmtest.Config{}, nil)
		for range 2 {
			if _, err := b.ask(question(0), llm.AskOptions{Anew: true}); err != nil {
				t.Fatal(err)
			}
			b.reopen()
		}
		// Its digest is made to fit.
		if err := b.journal.MoveInTime(1, d); err != nil {
			t.Fatal(err)
		}
		if err := b.journal.MoveInTime(2, -d); err != nil {
			t.Fatal(err)
		}
		n := b.server.Requests()
		b.reopen()
		rep, err := b.ask(question(0), llm.AskOptions{})
		if n != 2 || err != nil || b.server.Requests() != n || rep.Attempts[0].ID != 2 {
			t.Errorf("moved by %s: the newest answer is not the last that was written: %+v, %v", d, rep.Attempts, err)
		}
	}
}

// A daily quota counts what was sent in the last day, also where the clock was
// set back since; what is from a clock that was far ahead does not use the
// quota up for as long as it was.
func TestClockJumpDailyQuota(t *testing.T) {
	for _, c := range []struct {
		moved time.Duration
		left  int
	}{
		{0, 5}, {-23 * time.Hour, 5}, {-25 * time.Hour, 10}, {12 * time.Hour, 5}, {5 * 365 * 24 * time.Hour, 10},
	} {
		bubble(t, llmtest.Config{}, func(c *llm.Config) { c.Limits.RequestsPerDay = 10 }, func(b *bench) {
			for i := range 5 {
				if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
					b.t.Fatal(err)
				}
				if err := b.journal.MoveInTime(int64(i+1), c.moved); err != nil {
					b.t.Fatal(err)
				}
			}
			b.reopen()
			for i := 5; i < 20; i++ {
				if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
					var p *llm.PauseError
					if !errors.As(err, &p) || p.Kind != llm.DailyQuota {
						b.t.Errorf("got %v, want a pause: daily_quota", err)
					}
					break
				}
			}
			if n := b.server.Requests() - 5; n != c.left {
				b.t.Errorf("with requests from %s ahead, %d more of 10 are sent, want %d", c.moved, n, c.left)
			}
		})
	}
}

// A claim of another machine holds until its time; one until a time that no
// claim reaches is from a clock that was wrong, and is not waited for.
func TestClockJumpClaim(t *testing.T) {
	for _, c := range []struct {
		left     time.Duration // of the claim
		min, max time.Duration // that asking takes
	}{
		{time.Minute, time.Minute, time.Minute + 2*time.Second},
		{-time.Minute, 0, 0},
		{1000 * time.Hour, 0, 0},
	} {
		bubble(t, llmtest.Config{}, nil, func(b *bench) {
			q := question(0)
			if err := b.journal.Exec(`INSERT INTO claims (question, owner, until) VALUES (?, ?, ?)`,
				b.cfg.QuestionKey(q), "elsewhere|pid:[1]|1|1#1", time.Now().Add(c.left).UnixMilli()); err != nil {
				b.t.Fatal(err)
			}
			var err error
			d := took(func() { _, err = b.ask(q, llm.AskOptions{}) })
			if err != nil || d < c.min || d > c.max {
				b.t.Errorf("with a claim for %s the answer came after %s, %v; want from %s to %s", c.left, d, err, c.min, c.max)
			}
		})
	}
}

// A clock that was set between a request and its answer says nothing about how
// long an answer takes.
func TestClockJumpForecast(t *testing.T) {
	for _, moved := range []time.Duration{1000 * time.Hour, -1000 * time.Hour} {
		bubble(t, llmtest.Config{Latency: 2 * time.Second}, func(c *llm.Config) { c.Limits.InFlight = 4 }, func(b *bench) {
			askMany(b.t, b.client, 20, 4)
			var qs []llm.Question
			for i := 20; i < 30; i++ {
				qs = append(qs, question(i))
			}
			for _, rows := range []string{"id <= 5", "id > 0"} { // a few of them, then all
				if err := b.journal.Exec(`UPDATE attempts SET sent = sent + ? WHERE `+rows, moved.Milliseconds()); err != nil {
					b.t.Fatal(err)
				}
				f, err := b.client.Forecast(b.t.Context(), qs, false)
				if err != nil || f.Duration < 4*time.Second || f.Duration > 15*time.Second {
					b.t.Errorf("%s moved by %s: ten answers of 2 s, four at a time, are said to take %s, %v", rows, moved, f.Duration, err)
				}
			}
		})
	}
}
