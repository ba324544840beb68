package llm_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// askMany puts n different questions from as many goroutines as there are
// callers.
func askMany(tb testing.TB, c *llm.Client, n, callers int) {
	tb.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range next {
				if _, err := c.Ask(context.Background(), question(i), llm.AskOptions{}); err != nil {
					tb.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

func benchClient(b *testing.B, url string, l llm.Limits) *llm.Client {
	b.Helper()
	// As the program does: with ten megabytes alive and four in stacks the
	// heap may grow by 400 %, and two goroutines more run than there are CPUs.
	percent := debug.SetGCPercent(400)
	procs := runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2)
	b.Cleanup(func() {
		debug.SetGCPercent(percent)
		runtime.GOMAXPROCS(procs)
	})
	j, err := llm.OpenJournal(filepath.Join(b.TempDir(), "journal.db"))
	if err != nil {
		b.Fatal(err)
	}
	c, err := llm.New(llm.Config{Name: "model", BaseURL: url, Model: "m", Limits: l, MaxTokens: 1000}, j)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close(); j.Close() })
	return c
}

// heapPeak samples the heap until stop is called, which returns the peak in MB.
func heapPeak() (stop func() float64) {
	done, out := make(chan struct{}), make(chan float64)
	go func() {
		peak := uint64(0)
		// Unlike runtime.ReadMemStats this does not stop the world.
		heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			metrics.Read(heap)
			peak = max(peak, heap[0].Value.Uint64())
			select {
			case <-done:
				out <- float64(peak) / 1e6
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() float64 { close(done); return <-out }
}

// resident is the most memory that the process ever held, in MB.
func resident(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	if runtime.GOOS == "darwin" {
		return float64(u.Maxrss) / 1e6 // bytes there
	}
	return float64(u.Maxrss) / 1e3 // kilobytes
}

// BenchmarkLatencyBound asks 10,000 questions of a server that takes 200 ms,
// 256 at once: the bound is requests × latency ÷ in flight, 7.8 s. In one half
// every CPU has something else to compute as well, as stages at work have.
func BenchmarkLatencyBound(b *testing.B) {
	b.Run("idle", func(b *testing.B) { latencyBound(b, 0) })
	b.Run("busy", func(b *testing.B) { latencyBound(b, runtime.GOMAXPROCS(0)) })
}

func latencyBound(b *testing.B, computing int) {
	const n, latency, flight = 10000, 200 * time.Millisecond, 256
	var over atomic.Bool
	b.Cleanup(func() { over.Store(true) })
	for range computing {
		go func() {
			for text := make([]byte, 64<<10); !over.Load(); {
				sum := sha256.Sum256(text)
				copy(text, sum[:])
			}
		}()
	}
	for range b.N {
		c := benchClient(b, serveApart(b, serverConfig{Latency: latency}), llm.Limits{InFlight: flight})
		stop := heapPeak()
		start := time.Now()
		askMany(b, c, n, 2*flight)
		took := time.Since(start).Seconds()
		bound := float64(n) * latency.Seconds() / flight
		b.ReportMetric(took, "s/run")
		b.ReportMetric(100*(took/bound-1), "%over-bound")
		b.ReportMetric(stop(), "MB-heap")
		b.ReportMetric(resident(b), "MB-resident")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkRequestLimit keeps to a limit of 6,000 requests a minute and says
// how much of it is used.
func BenchmarkRequestLimit(b *testing.B) {
	const rpm, n = 6000, 3000
	for range b.N {
		server := serveApart(b, serverConfig{Latency: 200 * time.Millisecond, RequestsPerMinute: rpm})
		c := benchClient(b, server, llm.Limits{InFlight: 64, RequestsPerMinute: rpm})
		start := time.Now()
		askMany(b, c, n, 128)
		took := time.Since(start).Minutes()
		b.ReportMetric(100*n/took/rpm, "%used")
		b.ReportMetric(float64(c.Stats().RateLimited), "429s")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkCapacity asks a server that works on 40 requests at once and answers
// 429 beyond: the throughput after 5 s, and the 429s.
func BenchmarkCapacity(b *testing.B) {
	const capacity, latency = 40, 200 * time.Millisecond
	for range b.N {
		c := benchClient(b, serveApart(b, serverConfig{Latency: latency, Capacity: capacity}), llm.Limits{InFlight: 256})
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		next := make(chan int)
		for range 512 {
			wg.Go(func() {
				for i := range next {
					c.Ask(ctx, question(i), llm.AskOptions{})
				}
			})
		}
		go func() {
			defer close(next)
			for i := 0; ; i++ {
				select {
				case next <- i:
				case <-ctx.Done():
					return
				}
			}
		}()
		time.Sleep(5 * time.Second)
		settled := c.Stats()
		time.Sleep(15 * time.Second)
		end := c.Stats()
		cancel()
		wg.Wait()
		full := 15 / latency.Seconds() * capacity
		b.ReportMetric(100*float64(end.Answers-settled.Answers)/full, "%of-capacity")
		b.ReportMetric(float64(settled.RateLimited), "429s-first-5s")
		b.ReportMetric(float64(end.RateLimited-settled.RateLimited), "429s-after")
		b.ReportMetric(0, "ns/op")
	}
}

// BenchmarkReread asks questions that the journal answers.
func BenchmarkReread(b *testing.B) {
	s := llmtest.New(llmtest.Config{})
	defer s.Close()
	c := benchClient(b, s.URL, llm.Limits{InFlight: 64})
	askMany(b, c, 500, 64)
	i := 0
	for b.Loop() {
		if r, err := c.Ask(context.Background(), question(i%500), llm.AskOptions{}); err != nil || !r.FromJournal {
			b.Fatal(fmt.Sprint(r.FromJournal, err))
		}
		i++
	}
}
