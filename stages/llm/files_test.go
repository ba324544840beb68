package llm_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// fewFiles lets at most so many connections be open at once, as the limit of
// open files does.
func fewFiles(tr *http.Transport, most int32) {
	var open atomic.Int32
	dial := tr.DialContext
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if open.Add(1) > most {
			open.Add(-1)
			return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("socket", syscall.EMFILE)}
		}
		c, err := dial(ctx, network, addr)
		if err != nil {
			open.Add(-1)
			return nil, err
		}
		return &countedConn{Conn: c, open: &open}, nil
	}
}

type countedConn struct {
	net.Conn
	open *atomic.Int32
	once sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// Sockets are files: where no more may be open, fewer requests are sent at
// once. It says nothing about the server.
func TestTooManyOpenFiles(t *testing.T) {
	bubble(t, llmtest.Config{Latency: time.Second}, func(c *llm.Config) {
		c.Limits.InFlight = 64
		fewFiles(c.Transport.(*http.Transport), 8)
	}, func(b *bench) {
		askMany(b.t, b.client, 200, 64)
		if l := b.client.Stats().Concurrency; l > 16 {
			b.t.Errorf("the limit is %d where 8 connections can be open", l)
		}
		if !b.warned("ulimit -n") {
			b.t.Errorf("nobody was told to raise the limit: %q", b.warnings)
		}
	})
}
