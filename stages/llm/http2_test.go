package llm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

func http2Bench(t *testing.T, sc llmtest.Config) *bench {
	sc.HTTP2 = true
	b := newBench(t, sc, nil)
	b.cfg.Transport = b.server.Client().Transport
	b.reopen()
	return b
}

// The failures of a connection, over HTTP/2, where one connection carries all
// requests (fault 30 and those that look different there).
func TestHTTP2(t *testing.T) {
	for _, f := range []llmtest.Fault{
		llmtest.None, llmtest.GoAway, llmtest.TruncatedBody, llmtest.ResetBeforeHeaders, llmtest.ResetInBody, llmtest.CorruptGzip,
		llmtest.HugeBody, llmtest.Hang, llmtest.SlowDrip, llmtest.InternalError, llmtest.NoJSONSchema,
	} {
		t.Run(f.String(), func(t *testing.T) {
			b := http2Bench(t, llmtest.Config{Script: llmtest.Sequence(f)})
			if f == llmtest.Hang || f == llmtest.SlowDrip {
				// Real time: longer than any other answer takes on a busy machine.
				b.cfg.Timeout = 3 * time.Second
				b.reopen()
			}
			askMany(t, b.client, 20, 8)
			if log := b.server.Log(); log[0].Proto != "HTTP/2.0" {
				t.Errorf("the server was asked over %s", log[0].Proto)
			}
			if d := b.server.Doubles(); len(d) > 0 {
				t.Errorf("%d requests were answered twice", len(d))
			}
		})
	}
}

// Fault 30 in its hard form: the connection ends with a GOAWAY that says that
// no request on it was worked on. They go out again, and none fails.
func TestGoAwayUnprocessed(t *testing.T) {
	b := http2Bench(t, llmtest.Config{GoAways: 2})
	askMany(t, b.client, 20, 8)
	if n := b.server.Requests(); n != 20 {
		t.Errorf("%d requests were worked on for 20 questions", n)
	}
}

// A redirect is not followed: it would carry the question, and perhaps the key,
// to an address that nobody named.
func TestRedirectStops(t *testing.T) {
	b := newBench(t, llmtest.Config{Script: llmtest.Always(llmtest.Redirect)}, nil)
	_, err := b.ask(question(0), llm.AskOptions{})
	var s *llm.StopError
	if !errors.As(err, &s) || !strings.Contains(s.Error(), "base_url") {
		t.Errorf("got %v, want a stop that names base_url", err)
	}
	if n := b.server.Requests(); n != 1 {
		t.Errorf("%d requests", n)
	}
}
