package llm_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

const testKey = "sk-test/0123456789+abcdefghij=XYZ"

// A bench is a server, a journal and a client against them.
type bench struct {
	t       *testing.T
	server  *llmtest.Server
	path    string
	journal *llm.Journal
	cfg     llm.Config
	client  *llm.Client
	pipe    *llmtest.Pipe // nil outside a bubble

	mu       sync.Mutex
	warnings []string
}

func newBench(t *testing.T, sc llmtest.Config, change func(*llm.Config)) *bench {
	t.Helper()
	b := &bench{t: t, path: filepath.Join(t.TempDir(), "journal.db")}
	b.server = llmtest.New(sc)
	t.Cleanup(b.server.Close)
	zero := 0.0
	b.cfg = llm.Config{
		Name: "model", BaseURL: b.server.URL, Model: "test-model", APIKey: testKey, Temperature: &zero,
		Timeout: 10 * time.Second, Limits: llm.Limits{InFlight: 16}, Warn: b.warn,
	}
	if change != nil {
		change(&b.cfg)
	}
	b.open()
	t.Cleanup(b.close)
	return b
}

func (b *bench) warn(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.warnings = append(b.warnings, s)
}

func (b *bench) warned(part string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(strings.Join(b.warnings, "\n"), part)
}

func (b *bench) open() {
	b.t.Helper()
	var err error
	if b.journal, err = llm.OpenJournal(b.path); err != nil {
		b.t.Fatal(err)
	}
	if b.client, err = llm.New(b.cfg, b.journal); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) close() {
	if b.client != nil {
		b.client.Close()
		b.journal.Close()
		b.client = nil
	}
}

// reopen is a new process on the same journal.
func (b *bench) reopen() {
	b.t.Helper()
	b.close()
	b.open()
}

func (b *bench) ask(q llm.Question, o llm.AskOptions) (llm.Reply, error) {
	limit := time.Minute
	if b.pipe != nil {
		limit = 24 * time.Hour
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return b.client.Ask(ctx, q, o)
}

// question is the i-th of any number of different questions.
func question(i int) llm.Question {
	q := llm.Question{Equation: fmt.Sprintf("x0**2*%d.5e-7", i+1), XName: "size", YName: "time"}
	for k := 1; k <= 30; k++ {
		x := float64(100 * k)
		q.X, q.Y = append(q.X, x), append(q.Y, float64(i+1)*x*x*1e-7)
	}
	return q
}

// bubble runs f with a server in memory, on a clock of its own: what waits for
// hours takes no time.
func bubble(t *testing.T, sc llmtest.Config, change func(*llm.Config), f func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.NewPipe()
		sc.Listener = p
		b := &bench{t: t, path: filepath.Join(t.TempDir(), "journal.db"), pipe: p}
		b.server = llmtest.New(sc)
		zero := 0.0
		tr := p.Transport()
		b.cfg = llm.Config{
			Name: "model", BaseURL: b.server.URL, Model: "test-model", APIKey: testKey, Temperature: &zero,
			Timeout: 10 * time.Second, Limits: llm.Limits{InFlight: 16}, Warn: b.warn, Transport: tr,
		}
		if change != nil {
			change(&b.cfg)
		}
		b.open()
		defer func() { // also after a Fatal: nothing may outlive the bubble
			b.close()
			tr.CloseIdleConnections()
			b.server.Close()
		}()
		f(b)
	})
}

// took returns how long f took on the clock of the bubble.
func took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
