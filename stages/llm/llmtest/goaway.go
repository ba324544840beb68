package llmtest

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A goAwayListener ends the first connections with a GOAWAY frame, as a server
// does that is shut down behind a load balancer, and lets the others through.
type goAwayListener struct {
	net.Listener
	left   atomic.Int64
	config func() *tls.Config // of the server, known once it has started
}

func (l *goAwayListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || l.left.Add(-1) < 0 {
			return c, err
		}
		go goAway(tls.Server(c, l.config()))
	}
}

const (
	frameHeaders  = 1
	frameSettings = 4
	frameGoAway   = 7
	prefaceSize   = 24
)

// goAway waits for the first request on an HTTP/2 connection and answers that
// no stream was worked on (RFC 9113, section 6.8).
func goAway(c *tls.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.CopyN(io.Discard, c, prefaceSize); err != nil {
		return
	}
	if _, err := c.Write([]byte{0, 0, 0, frameSettings, 0, 0, 0, 0, 0}); err != nil {
		return
	}
	for {
		var h [9]byte
		if _, err := io.ReadFull(c, h[:]); err != nil {
			return
		}
		size := int64(binary.BigEndian.Uint32(h[:4]) >> 8)
		if _, err := io.CopyN(io.Discard, c, size); err != nil {
			return
		}
		if h[3] == frameHeaders {
			break
		}
	}
	// Eight bytes: the last stream that was worked on, 0, and no error.
	c.Write([]byte{0, 0, 8, frameGoAway, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	io.Copy(io.Discard, c) // until the client has gone
}
