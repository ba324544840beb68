package llm_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// The forecast of the time goes by the server's latency, not by how long
// requests stood in line for a place: with many callers as with few. Some more
// than the bound is right, as the limit climbs at first.
func TestForecastOfTime(t *testing.T) {
	for _, callers := range []int{1, 4, 40} {
		for _, budget := range []float64{0, 100} {
			bubble(t, llmtest.Config{Latency: 2 * time.Second}, func(c *llm.Config) {
				c.Limits.InFlight, c.Budget, c.Price = 4, budget, llm.Price{Input: 1, Output: 1}
			}, func(b *bench) {
				askMany(b.t, b.client, 60, callers)
				var qs []llm.Question
				for i := 60; i < 100; i++ {
					qs = append(qs, question(i))
				}
				f, err := b.client.Forecast(b.t.Context(), qs, false)
				if want := 20 * time.Second; err != nil || f.Answers == 0 || f.Duration < want || f.Duration > want*3/2 {
					b.t.Errorf("%d callers, budget %g: forty answers of 2 s, four at a time, are said to take %s, %v; want a little over %s", callers, budget, f.Duration, err, want)
				}
			})
		}
	}
}

// From the first answers on, tokens and cost are those of this provider and
// model: they are held against what the other questions then take.
func TestForecastOfTokens(t *testing.T) {
	for _, c := range []struct {
		name   string
		script func(llmtest.Request) llmtest.Fault
		asked  int
	}{
		{"one answer", nil, 1},
		{"three answers", nil, 3},
		{"many answers", nil, 30},
		{"every other answer refused", func(r llmtest.Request) llmtest.Fault {
			if r.N%2 == 0 {
				return llmtest.Refusal
			}
			return llmtest.None
		}, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, llmtest.Config{Script: c.script}, func(c *llm.Config) { c.Price = llm.Price{Input: 1, Output: 10} }, func(b *bench) {
				ask := func(from, to int) {
					for i := from; i < to; i++ {
						if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
							b.t.Fatal(err)
						}
					}
				}
				ask(0, c.asked)
				var rest []llm.Question
				for i := c.asked; i < c.asked+40; i++ {
					rest = append(rest, question(i))
				}
				f, err := b.client.Forecast(b.t.Context(), rest, false)
				if err != nil {
					b.t.Fatal(err)
				}
				before := b.client.Stats()
				ask(c.asked, c.asked+40)
				after := b.client.Stats()
				if f.Answers == 0 || int64(f.Answers) != before.Answers {
					b.t.Errorf("it goes by %d answers of %d", f.Answers, before.Answers)
				}
				for _, x := range []struct {
					what      string
					said, was float64
				}{
					{"requests", float64(f.Requests), float64(after.Requests - before.Requests)},
					{"input tokens", float64(f.InputTokens), float64(after.InputTokens - before.InputTokens)},
					{"output tokens", float64(f.OutputTokens), float64(after.OutputTokens - before.OutputTokens)},
					{"cost", f.Cost, after.Cost - before.Cost},
				} {
					if x.said < 0.8*x.was || x.said > 1.25*x.was {
						b.t.Errorf("%s: said %g, was %g", x.what, x.said, x.was)
					}
				}

				// Asked anew they take the same, and a model of which nothing is
				// known is guessed.
				again, err := b.client.Forecast(b.t.Context(), rest, true)
				if err != nil || again.Recorded != 0 || float64(again.Requests) < 0.8*float64(f.Requests) || float64(again.Requests) > 1.25*float64(f.Requests) {
					b.t.Errorf("anew: %+v, %v; before %+v", again, err, f)
				}
				b.cfg.Model = "another"
				b.reopen()
				if other, err := b.client.Forecast(b.t.Context(), rest, false); err != nil || other.Answers != 0 || other.Requests != len(rest) {
					b.t.Errorf("another model: %+v, %v", other, err)
				}
			})
		})
	}
}

// Under a recording nothing is sent, and what it has no answer to is told.
func TestForecastOfReplay(t *testing.T) {
	bubble(t, llmtest.Config{}, nil, func(b *bench) {
		for i := range 3 {
			if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
				b.t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if _, err := b.journal.Export(b.t.Context(), &out); err != nil {
			b.t.Fatal(err)
		}
		cfg := b.cfg
		cfg.Replay = filepath.Join(b.t.TempDir(), "answers.jsonl")
		if err := os.WriteFile(cfg.Replay, out.Bytes(), 0o666); err != nil {
			b.t.Fatal(err)
		}
		c, err := llm.New(cfg, nil)
		if err != nil {
			b.t.Fatal(err)
		}
		defer c.Close()
		qs := []llm.Question{question(0), question(0), question(2), question(7), question(7)}
		f, err := c.Forecast(b.t.Context(), qs, false)
		if err != nil || f.Replay != cfg.Replay || f.Questions != 3 || f.Recorded != 2 || f.Requests != 0 || f.Cost != 0 {
			b.t.Errorf("got %+v, %v; want 3 questions, 2 of them recorded", f, err)
		}
	})
}
