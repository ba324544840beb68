package llm_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// Once Stop is closed nothing new is sent; what is at the server is waited for,
// kept and returned.
func TestStopSendsNothingNew(t *testing.T) {
	bubble(t, llmtest.Config{Latency: time.Second}, func(c *llm.Config) { c.Limits.InFlight = 1 }, func(b *bench) {
		stop := make(chan struct{})
		var answered, stopped atomic.Int64
		var sentAtStop atomic.Int64
		var wg sync.WaitGroup
		for i := range 35 {
			wg.Go(func() {
				_, err := b.ask(question(i), llm.AskOptions{Stop: stop})
				switch {
				case err == nil:
					if answered.Add(1) == 2 {
						sentAtStop.Store(int64(b.server.Requests()))
						close(stop)
					}
				case errors.Is(err, llm.ErrStopped):
					stopped.Add(1)
				default:
					b.t.Errorf("question %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := int64(b.server.Requests()); n > sentAtStop.Load()+1 {
			b.t.Errorf("%d requests after the stop, want at most one", n-sentAtStop.Load())
		}
		if a := answered.Load(); a < 2 || a != int64(b.server.Requests()) || a+stopped.Load() != 35 {
			b.t.Errorf("%d answers and %d stopped of 35, from %d requests", a, stopped.Load(), b.server.Requests())
		}
		// What was answered is kept, and the client goes on for who asks without Stop.
		n := b.server.Requests()
		for i := range 35 {
			if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
				b.t.Errorf("question %d, later: %v", i, err)
			}
		}
		if got := b.server.Requests() - n; got != 35-n {
			b.t.Errorf("the next run sends %d requests, want %d", got, 35-n)
		}
	})
}

// A stop in the middle of each kind of wait ends it, and a request at the
// server is received first.
func TestStopEndsWaits(t *testing.T) {
	judge := func(llm.Answer) (llm.Verdict, string) { return llm.Trivial, "no" }
	for _, c := range []struct {
		name    string
		server  llmtest.Config
		limits  llm.Limits
		judge   llm.Judge
		after   time.Duration
		stopped bool
		most    time.Duration // until Ask returns
	}{
		{"at the server", llmtest.Config{Latency: 5 * time.Second}, llm.Limits{}, nil, time.Second, false, 6 * time.Second},
		{"before a re-ask", llmtest.Config{Latency: 5 * time.Second}, llm.Limits{}, judge, time.Second, true, 6 * time.Second},
		{"before a retry", llmtest.Config{Script: llmtest.Always(llmtest.GeminiRetryInfo)}, llm.Limits{}, nil, time.Second, true, 2 * time.Second},
		{"before an output mode", llmtest.Config{Latency: 5 * time.Second, Script: llmtest.Always(llmtest.NoJSONSchema)}, llm.Limits{}, nil, 0, true, 6 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, c.server, func(cfg *llm.Config) { cfg.Limits = c.limits }, func(b *bench) {
				stop := make(chan struct{})
				var err error
				done := make(chan struct{})
				start := time.Now()
				go func() {
					defer close(done)
					_, err = b.ask(question(0), llm.AskOptions{Stop: stop, Judge: c.judge})
				}()
				if c.after > 0 {
					time.Sleep(c.after)
				} else {
					synctest.Wait()
				}
				close(stop)
				<-done
				if errors.Is(err, llm.ErrStopped) != c.stopped || !c.stopped && err != nil {
					b.t.Errorf("got %v, stopped is to be %t", err, c.stopped)
				}
				if d := time.Since(start); d > c.most {
					b.t.Errorf("it took %s", d)
				}
				if n := b.server.Requests(); n != 1 {
					b.t.Errorf("%d requests, want one", n)
				}
			})
		})
	}
}

// What is recorded is given after a stop too; what waits at the limiter is not
// sent.
func TestStopBeforeTheFirstRequest(t *testing.T) {
	bubble(t, llmtest.Config{}, func(c *llm.Config) { c.Limits.RequestsPerMinute = 1 }, func(b *bench) {
		if _, err := b.ask(question(0), llm.AskOptions{}); err != nil {
			b.t.Fatal(err)
		}
		stop := make(chan struct{})
		done := make(chan error)
		go func() {
			_, err := b.ask(question(1), llm.AskOptions{Stop: stop})
			done <- err
		}()
		time.Sleep(time.Second)
		close(stop)
		if err := <-done; !errors.Is(err, llm.ErrStopped) {
			b.t.Errorf("waiting at the limiter: %v", err)
		}
		if rep, err := b.ask(question(0), llm.AskOptions{Stop: stop}); err != nil || !rep.FromJournal {
			b.t.Errorf("a recorded question: %v", err)
		}
		if _, err := b.ask(question(2), llm.AskOptions{Stop: stop}); !errors.Is(err, llm.ErrStopped) {
			b.t.Errorf("a new question: %v", err)
		}
		if n := b.server.Requests(); n != 1 {
			b.t.Errorf("%d requests, want one", n)
		}
	})
}
