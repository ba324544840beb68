package llm_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// Faults 11, 12, 15, 22, 25, 26, 27, 31 and 32: a failure that passes is got
// over, and no answer is asked for twice.
func TestFailuresThatPass(t *testing.T) {
	for _, c := range []struct {
		fault llmtest.Fault
		times int
	}{
		{llmtest.InternalError, 5},
		{llmtest.BadGatewayHTML, 5},
		{llmtest.Overloaded, 5},
		{llmtest.ErrorInOK, 5},
		{llmtest.TruncatedBody, 2},
		{llmtest.ResetBeforeHeaders, 2},
		{llmtest.ResetInBody, 2},
		{llmtest.CorruptGzip, 2},
		{llmtest.HugeBody, 2},
		{llmtest.GoAway, 1},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			var faults []llmtest.Fault
			for range c.times {
				faults = append(faults, c.fault)
			}
			bubble(t, llmtest.Config{Script: llmtest.Sequence(faults...)}, nil, func(b *bench) {
				rep, err := b.ask(question(0), llm.AskOptions{})
				if err != nil {
					b.t.Fatal(err)
				}
				want := c.times + 1
				if c.fault == llmtest.GoAway {
					want = 1 // the response before it is whole
				}
				if b.server.Requests() != want || rep.Sent != want {
					b.t.Errorf("the server saw %d requests and the client counts %d, want %d", b.server.Requests(), rep.Sent, want)
				}
				n := b.server.Requests()
				b.reopen()
				if rep, err = b.ask(question(0), llm.AskOptions{}); err != nil || !rep.FromJournal || b.server.Requests() != n {
					b.t.Errorf("the next run asks again: %v", err)
				}
			})
		})
	}
}

// The same failures without end: the question is put off, not lost and not
// rejected, after a bounded number of requests.
func TestFailuresThatStay(t *testing.T) {
	for _, c := range []struct {
		fault llmtest.Fault
		most  int
	}{
		{llmtest.InternalError, 6},
		{llmtest.BadGatewayHTML, 6},
		{llmtest.Overloaded, 6},
		{llmtest.ErrorInOK, 6},
		{llmtest.TruncatedBody, 3},
		{llmtest.ResetBeforeHeaders, 3},
		{llmtest.ResetInBody, 3},
		{llmtest.Hang, 3},
		{llmtest.SlowDrip, 3},
		{llmtest.CorruptGzip, 3},
		{llmtest.HugeBody, 3},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			bubble(t, llmtest.Config{Script: llmtest.Always(c.fault)}, nil, func(b *bench) {
				_, err := b.ask(question(0), llm.AskOptions{})
				var p *llm.PauseError
				if !errors.As(err, &p) || p.Kind != llm.Unreachable {
					b.t.Fatalf("got %v, want a pause: unreachable", err)
				}
				if n := b.server.Requests(); n != c.most {
					b.t.Errorf("%d requests, want %d", n, c.most)
				}
			})
		})
	}
}

// The history of a question names what became of each request, the failures too.
func TestHistory(t *testing.T) {
	bubble(t, llmtest.Config{Script: llmtest.Sequence(llmtest.NoHint, llmtest.InternalError, llmtest.ResetInBody, llmtest.NoJSONSchema)}, nil, func(b *bench) {
		if _, err := b.ask(question(0), llm.AskOptions{}); err != nil {
			b.t.Fatal(err)
		}
		h, err := b.client.History(b.t.Context(), question(0))
		if err != nil {
			b.t.Fatal(err)
		}
		var got []string
		for _, e := range h {
			got = append(got, e.Class)
			if (e.Class == "lost") == e.Complete {
				b.t.Errorf("%s: complete %t", e.Class, e.Complete)
			}
		}
		if s := strings.Join(got, " "); s != "rate_limited server_error lost output_mode answer" {
			b.t.Errorf("the history is %s", s)
		}
	})
}

// Faults 16, 17 and 20: what would fail alike for every question ends the run
// at once, with an error that says what to do.
func TestStops(t *testing.T) {
	for _, c := range []struct {
		fault llmtest.Fault
		says  string
	}{
		{llmtest.KeyEchoed, "api_key_env"},
		{llmtest.UnknownModel, "model"},
		{llmtest.NoTemperature, "temperature"},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			// In the middle of a run: questions before it have their answers.
			script := func(r llmtest.Request) llmtest.Fault {
				if r.N >= 3 {
					return c.fault
				}
				return llmtest.None
			}
			b := newBench(t, llmtest.Config{Script: script}, nil)
			for i := range 3 {
				if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			var wg sync.WaitGroup
			for i := 3; i < 100; i++ {
				wg.Go(func() {
					_, err := b.ask(question(i), llm.AskOptions{})
					var s *llm.StopError
					if !errors.As(err, &s) {
						t.Errorf("got %v, want a StopError", err)
					} else if !strings.Contains(s.Error(), c.says) || strings.Contains(s.Error(), testKey) {
						t.Errorf("the error says %q; it should name %s, and not the key", s, c.says)
					}
				})
			}
			wg.Wait()
			if n := b.server.Requests(); n > 3+b.cfg.Limits.InFlight {
				t.Errorf("%d requests after the first refusal, more than were in flight", n-3)
			}
			if rep, err := b.ask(question(0), llm.AskOptions{}); err != nil || !rep.FromJournal {
				t.Errorf("a recorded answer is not given after the stop: %v", err)
			}
		})
	}
}

// Faults 18 and 19: the output mode steps down once for the server, not once
// for each question, and the next run remembers.
func TestOutputModes(t *testing.T) {
	for _, c := range []struct {
		fault    llmtest.Fault
		mode     string
		refusals int // when asked one after another
	}{
		{llmtest.NoJSONSchema, "json_object", 2},
		{llmtest.NoJSONObject, "text", 3},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			b := newBench(t, llmtest.Config{Script: llmtest.Always(c.fault)}, nil)
			for i := range 5 {
				if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			if n := b.server.Requests(); n != 5+c.refusals {
				t.Errorf("%d requests for 5 questions, want %d refusals", n, c.refusals)
			}
			if m := b.client.Stats().Mode; m != c.mode {
				t.Errorf("the mode is %s, want %s", m, c.mode)
			}
			n := b.server.Requests()
			b.reopen()
			if _, err := b.ask(question(9), llm.AskOptions{}); err != nil {
				t.Fatal(err)
			}
			if b.server.Requests() != n+1 {
				t.Error("the next run probes the server again")
			}
		})
	}
}

// Fault 21: a question that is too long for the model fails, and only it.
func TestContextLength(t *testing.T) {
	script := func(r llmtest.Request) llmtest.Fault {
		if strings.Contains(r.Prompt, question(1).Equation) {
			return llmtest.ContextLength
		}
		return llmtest.None
	}
	b := newBench(t, llmtest.Config{Script: script}, nil)
	for i := range 3 {
		rep, err := b.ask(question(i), llm.AskOptions{})
		var r *llm.RejectedError
		switch {
		case i == 1 && (!errors.As(err, &r) || r.Reply.Verdict != llm.ContextLength):
			t.Errorf("got %v, want a rejection: context_length", err)
		case i != 1 && (err != nil || rep.Verdict != llm.Accepted):
			t.Errorf("question %d: %v", i, err)
		}
	}
	if n := b.server.Requests(); n > 3+5 {
		t.Errorf("%d requests; with the smallest cap, trying again cannot help", n)
	}
}

// A server that counts the token cap into the context: the cap is lowered, not
// the question given up.
func TestCapTooLargeForContext(t *testing.T) {
	script := func(r llmtest.Request) llmtest.Fault {
		if r.MaxTokens > 3000 {
			return llmtest.ContextLength
		}
		return llmtest.None
	}
	b := newBench(t, llmtest.Config{Script: script}, nil)
	for i := range 3 {
		if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.server.Requests(); n != 3+2 {
		t.Errorf("%d requests, want 8192 and 4096 refused once, and 3 answers", n)
	}
}

// A server that never was there: the run pauses soon.
func TestServerNeverThere(t *testing.T) {
	bubble(t, llmtest.Config{}, nil, func(b *bench) {
		b.pipe.Close()
		var err error
		d := took(func() { _, err = b.ask(question(0), llm.AskOptions{}) })
		var p *llm.PauseError
		if !errors.As(err, &p) || p.Kind != llm.Unreachable {
			b.t.Fatalf("got %v, want a pause: unreachable", err)
		}
		if d > 30*time.Second {
			b.t.Errorf("it came after %s", d)
		}
	})
}

// A server that is not there: the run pauses once the breaker has waited long
// enough for it to come back, and few requests were wasted on it.
func TestServerGone(t *testing.T) {
	bubble(t, llmtest.Config{}, nil, func(b *bench) {
		if _, err := b.ask(question(0), llm.AskOptions{}); err != nil {
			b.t.Fatal(err)
		}
		b.pipe.Close()
		b.cfg.Transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
		b.server.Close()
		var wg sync.WaitGroup
		d := took(func() {
			for i := 1; i <= 64; i++ {
				wg.Go(func() {
					_, err := b.ask(question(i), llm.AskOptions{})
					var p *llm.PauseError
					if !errors.As(err, &p) || p.Kind != llm.Unreachable {
						b.t.Errorf("got %v, want a pause: unreachable", err)
					}
				})
			}
			wg.Wait()
		})
		if d < 20*time.Second || d > 3*time.Minute {
			b.t.Errorf("the run paused after %s", d)
		}
		if n := b.client.Stats().Requests; n > 1+16+16 {
			b.t.Errorf("%d requests were tried at a server that is not there", n)
		}
	})
}

// A server that restarts within half a minute costs nothing but time.
func TestServerRestarts(t *testing.T) {
	down := make(chan bool, 1)
	down <- false
	script := func(llmtest.Request) llmtest.Fault {
		d := <-down
		down <- d
		if d {
			return llmtest.InternalError
		}
		return llmtest.None
	}
	bubble(t, llmtest.Config{Script: script, Latency: 50 * time.Millisecond}, nil, func(b *bench) {
		go func() {
			time.Sleep(100 * time.Millisecond)
			<-down
			down <- true
			time.Sleep(25 * time.Second)
			<-down
			down <- false
		}()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
					b.t.Errorf("question %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := b.server.Requests(); n > 200+60 {
			b.t.Errorf("%d requests for 200 questions", n)
		}
	})
}

// A cancelled run records what is there and sends nothing more.
func TestCancel(t *testing.T) {
	bubble(t, llmtest.Config{Latency: time.Second}, nil, func(b *bench) {
		ctx, cancel := context.WithCancel(b.t.Context())
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if _, err := b.client.Ask(ctx, question(i), llm.AskOptions{}); err != nil && !errors.Is(err, context.Canceled) {
					b.t.Error(err)
				}
			})
		}
		time.Sleep(1500 * time.Millisecond)
		cancel()
		wg.Wait()
		n := b.server.Requests()
		time.Sleep(time.Minute)
		if b.server.Requests() != n {
			b.t.Error("requests were sent after the cancellation")
		}
	})
}
