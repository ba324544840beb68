package llm_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// Fault 9: refusals of requests that were sent together are one episode and cut
// the limit once.
func TestGateCutsOncePerEpisode(t *testing.T) {
	now := time.Unix(1e9, 0)
	g := llm.NewGate(100) // starts at 80
	fill := func(now time.Time) (nos []int64) {
		for g.Open() {
			nos = append(nos, g.Enter(now))
		}
		return nos
	}
	for _, no := range fill(now) {
		g.Refused(no, now)
	}
	if g.Limit() != 40 {
		t.Errorf("after the first episode the limit is %d, want half of 80, once", g.Limit())
	}
	for _, no := range fill(now) {
		g.Refused(no, now.Add(time.Second))
	}
	if g.Limit() != 32 {
		t.Errorf("after the second episode the limit is %d, want 0.8 of 40, once", g.Limit())
	}
	// What the server is at work on, it did accept: refusals beyond that do
	// not push the limit below.
	nos := fill(now.Add(time.Second))
	g.Refused(nos[0], now.Add(2*time.Second))
	if g.Limit() != 31 {
		t.Errorf("with 31 of 32 accepted the limit is %d, want 31", g.Limit())
	}
	// No growth while it rests, growth after.
	for _, no := range nos[1:] {
		g.Done(no, now.Add(3*time.Second))
	}
	round := func(at time.Time) {
		for _, no := range fill(at.Add(-200 * time.Millisecond)) {
			g.Done(no, at)
		}
	}
	for s := range 10 {
		round(now.Add(time.Duration(4+s) * time.Second))
	}
	if g.Limit() != 31 {
		t.Errorf("while it rests the limit becomes %d", g.Limit())
	}
	for s := range 10 {
		round(now.Add(time.Duration(60+s) * time.Second))
	}
	if g.Limit() <= 31 {
		t.Error("the limit does not grow after the rest")
	}
}

// The gate grows up to its upper limit as long as that gets more done, and no
// further than is used.
func TestGateGrows(t *testing.T) {
	now := time.Unix(1e9, 0)
	g := llm.NewGate(64)
	start := g.Limit()
	for range 5 {
		var nos []int64
		for g.Open() {
			nos = append(nos, g.Enter(now))
		}
		now = now.Add(200 * time.Millisecond)
		for _, no := range nos {
			g.Done(no, now)
		}
	}
	if start != 48 || g.Limit() != 64 {
		t.Errorf("from %d it grows to %d, want 48 to 64", start, g.Limit())
	}
	g = llm.NewGate(64)
	for range 200 {
		no := g.Enter(now) // one at a time
		now = now.Add(200 * time.Millisecond)
		g.Done(no, now)
	}
	if g.Limit() != 48 {
		t.Errorf("with one request at a time the limit becomes %d", g.Limit())
	}
	for _, most := range []int{1, 2, 3} {
		if l := llm.NewGate(most).Limit(); l < 1 || l > most {
			t.Errorf("of %d at most it starts with %d", most, l)
		}
	}
}

// What was sent together comes back together, and what was not does not: the
// limit goes by what the server gets done, not by how its answers bunch.
func TestGateOfBunchedAnswers(t *testing.T) {
	const most, latency = 256, 200 * time.Millisecond
	for _, spread := range []time.Duration{0, 20 * time.Millisecond, latency} {
		now := time.Unix(1e9, 0)
		g := llm.NewGate(most)
		type out struct {
			no   int64
			back time.Time
		}
		var at []out // by time of coming back
		for i := 0; g.Open(); i++ {
			at = append(at, out{g.Enter(now), now.Add(latency)})
			now = now.Add(spread / most)
		}
		for range 20 * most {
			now = at[0].back
			g.Done(at[0].no, now)
			for at = at[1:]; g.Open(); {
				at = append(at, out{g.Enter(now), now.Add(latency)})
			}
		}
		if g.Limit() != most {
			t.Errorf("sent over %v at first: the limit is %d, want %d", spread, g.Limit(), most)
		}
	}
}

// The first round is judged as the others are: what is sent into an empty server
// comes back the shortest first. Latencies that vary are no queue.
func TestGateOfVaryingLatencies(t *testing.T) {
	const most = 256
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 0))
		now := time.Unix(1e9, 0)
		g := llm.NewGate(most)
		type out struct {
			no   int64
			back time.Time
		}
		var at []out // by time of coming back
		fill := func() {
			for g.Open() {
				o := out{g.Enter(now), now.Add(time.Duration(rng.ExpFloat64() * float64(time.Second)))}
				i, _ := slices.BinarySearchFunc(at, o, func(a, b out) int { return a.back.Compare(b.back) })
				at = slices.Insert(at, i, o)
			}
		}
		for range 20 * most {
			fill()
			now = at[0].back
			g.Done(at[0].no, now)
			at = at[1:]
		}
		if g.Limit() != most {
			t.Errorf("seed %d: the limit is %d, want %d", seed, g.Limit(), most)
		}
	}
}

// A pause of anything, the disk or the machine, makes one round slow. That is
// not a server that queues: the limit stays.
func TestGateGetsOverAPause(t *testing.T) {
	now := time.Unix(1e9, 0)
	g := llm.NewGate(256)
	for round := range 20 {
		var nos []int64
		for g.Open() {
			nos = append(nos, g.Enter(now))
		}
		took := 200 * time.Millisecond
		if round == 1 || round == 2 || round == 7 {
			took = 700 * time.Millisecond
		}
		now = now.Add(took)
		for _, no := range nos {
			g.Done(no, now)
		}
	}
	if g.Limit() != 256 {
		t.Errorf("the limit is %d, want 256", g.Limit())
	}
}

// A server that queues does not refuse: the limit stops growing where more
// requests at once get no more done.
func TestQueueingServer(t *testing.T) {
	bubble(t, llmtest.Config{Queue: 4, Latency: 200 * time.Millisecond}, func(c *llm.Config) {
		c.Limits.InFlight = 64
	}, func(b *bench) {
		askMany(b.t, b.client, 600, 128)
		if l := b.client.Stats().Concurrency; l > 48 {
			b.t.Errorf("the limit is %d at a server that works on 4; it started with 48, and 64 got no more done", l)
		}
	})
}

// A server that queues more than it can do before the timeout: the limit falls,
// and every question is answered.
func TestQueueLongerThanTimeout(t *testing.T) {
	bubble(t, llmtest.Config{Queue: 1, Latency: time.Second}, func(c *llm.Config) {
		c.Limits.InFlight, c.Timeout = 64, 20*time.Second
	}, func(b *bench) {
		askMany(b.t, b.client, 200, 64)
		s := b.client.Stats()
		if s.Concurrency > 20 {
			b.t.Errorf("the limit is %d where 20 requests take the whole timeout", s.Concurrency)
		}
		if s.Requests > 200+64 {
			b.t.Errorf("%d requests for 200 questions", s.Requests)
		}
	})
}

// A limit of requests a minute is never passed, as the server counts.
func TestRequestsPerMinuteIsKept(t *testing.T) {
	for _, rpm := range []int{10, 60, 600} {
		bubble(t, llmtest.Config{RequestsPerMinute: rpm, Latency: 200 * time.Millisecond}, func(c *llm.Config) {
			c.Limits = llm.Limits{InFlight: 64, RequestsPerMinute: rpm}
		}, func(b *bench) {
			askMany(b.t, b.client, min(4*rpm, 1000), 128)
			if s := b.client.Stats(); s.RateLimited > 0 {
				b.t.Errorf("%d a minute: %d refusals", rpm, s.RateLimited)
			}
		})
	}
}

// The shares of a limit that are used are those of the limiter alone, in a
// bubble without disk or network: whatever else the machine does, its clock is
// not late.

// workers has n requests sent by so many callers, each of which is served by
// serve; it returns how long that took.
func workers(n, callers int, serve func(i int)) time.Duration {
	return took(func() {
		next := make(chan int)
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for i := range next {
					serve(i)
				}
			})
		}
		for i := range n {
			next <- i
		}
		close(next)
		wg.Wait()
	})
}

// A limit of requests a minute is used to 98 % and never passed.
func TestRequestsPerMinute(t *testing.T) {
	for _, rpm := range []int{10, 60, 600, 6000} {
		synctest.Test(t, func(t *testing.T) {
			l := llm.NewLimiter(llm.Limits{InFlight: 64, RequestsPerMinute: rpm})
			n := min(4*rpm, 1000)
			var mu sync.Mutex
			var sent []time.Time
			const latency = 200 * time.Millisecond
			d := workers(n, 128, func(int) {
				release, err := l.Acquire(t.Context(), 1)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				sent = append(sent, time.Now())
				mu.Unlock()
				time.Sleep(latency)
				release("answer", 1)
			}) - latency // from the first request sent to the last
			if used := float64(n-1) / d.Minutes() / float64(rpm); used < 0.98 {
				t.Errorf("%d a minute: %.1f %% of it used", rpm, 100*used)
			}
			for i := rpm; i < len(sent); i++ {
				if w := sent[i].Sub(sent[i-rpm]); w < 59*time.Second {
					t.Errorf("%d a minute: %d requests in %s", rpm, rpm+1, w)
					break
				}
			}
		})
	}
}

// A limit of tokens a minute is kept by what answers really take.
func TestTokensPerMinute(t *testing.T) {
	const tpm, guess, real, n = 60000, 1000, 700, 600
	synctest.Test(t, func(t *testing.T) {
		l := llm.NewLimiter(llm.Limits{InFlight: 64, TokensPerMinute: tpm})
		d := workers(n, 128, func(int) {
			release, err := l.Acquire(t.Context(), guess)
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(100 * time.Millisecond)
			release("answer", real)
		})
		if rate := n * real / d.Minutes(); rate > tpm*1.02 || rate < tpm*0.9 {
			t.Errorf("%.0f tokens a minute over %s, want %d", rate, d.Round(time.Second), tpm)
		}
	})
}

// A server with a capacity that nobody declared: the limit settles within 5 s,
// and stays.
func TestSettlesAtCapacity(t *testing.T) {
	const capacity, latency = 40, 200 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		l := llm.NewLimiter(llm.Limits{InFlight: 256})
		var mu sync.Mutex
		busy, answers := 0, 0
		start := time.Now()
		workers(3200, 512, func(int) {
			for {
				release, err := l.Acquire(t.Context(), 1)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				full := busy >= capacity
				if !full {
					busy++
				}
				mu.Unlock()
				if full {
					release("rate_limited", 0)
					time.Sleep(500 * time.Millisecond)
					continue
				}
				time.Sleep(latency)
				mu.Lock()
				busy--
				if at := time.Since(start); at > 5*time.Second && at <= 15*time.Second {
					answers++
				}
				mu.Unlock()
				release("answer", 1)
				return
			}
		})
		all := 10 / latency.Seconds() * capacity
		if got := float64(answers) / all; got < 0.9 {
			t.Errorf("after 5 s, %.0f %% of the capacity is used", 100*got)
		}
	})
}

// Fault 60: of 500 requests that want to go at once against a budget for 100,
// so many go as it allows, and not one more.
func TestBudgetRace(t *testing.T) {
	bubble(t, llmtest.Config{Latency: 100 * time.Millisecond}, func(c *llm.Config) {
		c.Limits.InFlight = 500
		c.MaxTokens = 100
		c.Price = llm.Price{Input: 1, Output: 2}
		c.Budget = 0.09 // about 100 answers of 0.0009, reserved at 0.0045
	}, func(b *bench) {
		run := func() (ok int) {
			var mu sync.Mutex
			var wg sync.WaitGroup
			for i := range 500 {
				wg.Go(func() {
					_, err := b.ask(question(i), llm.AskOptions{})
					var p *llm.PauseError
					switch {
					case err == nil:
						mu.Lock()
						ok++
						mu.Unlock()
					case !errors.As(err, &p) || p.Kind != llm.BudgetSpent:
						b.t.Errorf("got %v, want a pause by the budget", err)
					}
				})
			}
			wg.Wait()
			if s := b.client.Stats(); s.Spent > b.cfg.Budget {
				b.t.Errorf("%.6f of %.6f is spent", s.Spent, b.cfg.Budget)
			}
			return ok
		}
		first := run()
		s := b.client.Stats()
		if s.Spent < 0.9*b.cfg.Budget {
			b.t.Errorf("only %.6f of %.6f is spent, after %d answers", s.Spent, b.cfg.Budget, first)
		}
		b.t.Logf("%d answers for %.6f of %.6f", first, s.Spent, b.cfg.Budget)
		// The budget holds over all runs; raising it goes on where it ended.
		n := b.server.Requests()
		b.reopen()
		if again := run(); again != first || b.server.Requests() != n {
			b.t.Errorf("a second run has %d answers after %d, with %d more requests", again, first, b.server.Requests()-n)
		}
		b.cfg.Budget *= 2
		b.reopen()
		if more := run(); more <= first {
			b.t.Errorf("with twice the budget, %d answers after %d", more, first)
		}
	})
}

// As many requests a day as the provider allows.
func TestRequestsPerDay(t *testing.T) {
	bubble(t, llmtest.Config{}, func(c *llm.Config) { c.Limits.RequestsPerDay = 10 }, func(b *bench) {
		run := func() (ok int) {
			for i := range 25 {
				if _, err := b.ask(question(i), llm.AskOptions{}); err == nil {
					ok++
				}
			}
			return ok
		}
		for day, want := range []int{10, 20, 25} {
			if ok := run(); ok != want {
				b.t.Errorf("day %d: %d answers, want %d", day, ok, want)
			}
			b.reopen()
			if ok := run(); ok != want {
				b.t.Errorf("day %d, once more: %d answers, want %d", day, ok, want)
			}
			time.Sleep(25 * time.Hour)
			b.reopen()
		}
	})
}

// Requests are announced ahead, so that a place that falls free is taken at
// once; under a budget or a daily quota fewer, as each takes its part of it.
func TestAnnouncedAhead(t *testing.T) {
	for _, c := range []struct {
		budget float64
		daily  int
		want   int
	}{{0, 0, 32}, {100, 0, 20}, {0, 1000, 20}} {
		bubble(t, llmtest.Config{Latency: time.Second}, func(cfg *llm.Config) {
			cfg.Limits.InFlight, cfg.Limits.RequestsPerDay, cfg.Budget, cfg.Price = 16, c.daily, c.budget, llm.Price{Input: 1, Output: 1}
		}, func(b *bench) {
			var wg sync.WaitGroup
			for i := range 60 {
				wg.Go(func() {
					if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
						b.t.Error(err)
					}
				})
			}
			time.Sleep(500 * time.Millisecond)
			if _, open, err := b.journal.Bodies(b.t.Context()); err != nil || len(open) != c.want {
				b.t.Errorf("with a budget of %g and %d a day, %d requests are announced with 16 in flight, %v; want %d", c.budget, c.daily, len(open), err, c.want)
			}
			wg.Wait()
		})
	}
}

// What the journal answers comes back at once, however many questions wait in
// line for a place at the server.
func TestRecordedAnswersPassTheLine(t *testing.T) {
	bubble(t, llmtest.Config{Latency: 10 * time.Second}, func(c *llm.Config) {
		c.Limits.InFlight, c.Timeout = 1, time.Minute
	}, func(b *bench) {
		b.ask(question(0), llm.AskOptions{})
		var wg sync.WaitGroup
		for i := range 2*b.client.MostPrepared() + b.cfg.Limits.InFlight {
			wg.Go(func() { b.ask(question(1+i), llm.AskOptions{}) })
		}
		synctest.Wait()
		if d := took(func() {
			if rep, err := b.ask(question(0), llm.AskOptions{}); err != nil || !rep.FromJournal {
				t.Errorf("from the journal: %v, error %v", rep.FromJournal, err)
			}
		}); d > 0 {
			t.Errorf("a recorded answer came after %s", d)
		}
		wg.Wait()
	})
}

// Questions are prepared a few at a time: one more waits until another is done.
func TestFewArePrepared(t *testing.T) {
	bubble(t, llmtest.Config{}, nil, func(b *bench) {
		ctx, cancel := context.WithCancel(context.Background())
		var done []func()
		for range b.client.MostPrepared() {
			prepared, err := b.client.Prepare(ctx)
			if err != nil {
				t.Fatal(err)
			}
			done = append(done, prepared)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := b.ask(question(0), llm.AskOptions{})
			ended <- err
		}()
		synctest.Wait()
		if n := b.server.Requests(); n > 0 || len(ended) > 0 {
			t.Errorf("%d requests were sent, and %d answers are there", n, len(ended))
		}
		cancel()
		if _, err := b.client.Prepare(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting ended with %v", err)
		}
		done[0]()
		done[0]() // once is enough
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for _, prepared := range done[1:] {
			prepared()
		}
	})
}
