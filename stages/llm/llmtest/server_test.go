package llmtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/concluder/concluder/stages/llm/llmtest"
)

// inMemory runs f with a server on a clock of its own.
func inMemory(t *testing.T, cfg llmtest.Config, f func(t *testing.T, s *llmtest.Server, c *http.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.NewPipe()
		cfg.Listener = p
		s := llmtest.New(cfg)
		tr := p.Transport()
		defer func() {
			tr.CloseIdleConnections()
			s.Close()
		}()
		f(t, s, &http.Client{Transport: tr})
	})
}

// together sends n requests at once and counts the responses by status.
func together(c *http.Client, s *llmtest.Server, n int) map[int]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[int]int{}
	for i := range n {
		wg.Go(func() {
			w := post(c, s.URL, strings.Replace(ask, "x0**2", fmt.Sprintf("x0**%d", i), 1))
			mu.Lock()
			defer mu.Unlock()
			got[w.status]++
		})
	}
	wg.Wait()
	return got
}

// What making an answer takes is part of its latency.
func TestLatency(t *testing.T) {
	inMemory(t, llmtest.Config{Latency: 200 * time.Millisecond}, func(t *testing.T, s *llmtest.Server, c *http.Client) {
		start := time.Now()
		post(c, s.URL, ask).text(t)
		if d := time.Since(start); d != 200*time.Millisecond {
			t.Errorf("it took %s", d)
		}
	})
	// The spread goes by the request: the same takes as long every time.
	inMemory(t, llmtest.Config{Spread: time.Hour}, func(t *testing.T, s *llmtest.Server, c *http.Client) {
		took := map[time.Duration]bool{}
		for _, eq := range []string{"x0**2", "x0**2", "x0**3"} {
			start := time.Now()
			post(c, s.URL, strings.Replace(ask, "x0**2", eq, 1))
			took[time.Since(start)] = true
		}
		if len(took) != 2 {
			t.Errorf("two different requests took %v", took)
		}
	})
}

// Beyond its capacity the server refuses, and counts the most that were there.
func TestCapacity(t *testing.T) {
	inMemory(t, llmtest.Config{Latency: time.Second, Capacity: 3}, func(t *testing.T, s *llmtest.Server, c *http.Client) {
		if got := together(c, s, 10); got[200] != 3 || got[429] != 7 {
			t.Errorf("statuses %v, want three 200 and seven 429", got)
		}
		if got := together(c, s, 3); got[200] != 3 {
			t.Errorf("afterwards %v, want three 200", got)
		}
		if s.Peak() > 10 || s.Peak() < 4 {
			t.Errorf("the peak is %d", s.Peak())
		}
	})
}

// A queue makes requests wait and refuses none.
func TestQueue(t *testing.T) {
	inMemory(t, llmtest.Config{Latency: time.Second, Queue: 2}, func(t *testing.T, s *llmtest.Server, c *http.Client) {
		start := time.Now()
		if got := together(c, s, 6); got[200] != 6 {
			t.Errorf("statuses %v", got)
		}
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("six requests, two at a time, took %s", d)
		}
	})
}

// The limit of a minute holds in any 60 seconds.
func TestRequestsPerMinute(t *testing.T) {
	inMemory(t, llmtest.Config{RequestsPerMinute: 5}, func(t *testing.T, s *llmtest.Server, c *http.Client) {
		if got := together(c, s, 4); got[200] != 4 {
			t.Errorf("statuses %v", got)
		}
		time.Sleep(50 * time.Second)
		if got := together(c, s, 3); got[200] != 1 || got[429] != 2 {
			t.Errorf("50 s later: %v, want one more", got)
		}
		time.Sleep(10 * time.Second)
		if got := together(c, s, 5); got[200] != 4 || got[429] != 1 {
			t.Errorf("when the first are a minute old: %v, want four", got)
		}
	})
}

func TestKeyIsDemanded(t *testing.T) {
	s := llmtest.New(llmtest.Config{APIKey: "another"})
	defer s.Close()
	w := post(plain(time.Minute), s.URL, ask)
	status(t, w, 401)
	if e := w.openAIError(t); strings.Contains(e.Message, key) || e.Code != "invalid_api_key" {
		t.Errorf("%+v", e)
	}
}

// What is no request for a completion is refused as one, and not counted.
func TestWrongRequests(t *testing.T) {
	s := llmtest.New(llmtest.Config{})
	defer s.Close()
	for _, body := range []string{"", "[]", "{", `{"model":"m","messages":[]}`} {
		status(t, post(plain(time.Minute), s.URL, body), 400)
	}
	for _, send := range []func() (*http.Response, error){
		func() (*http.Response, error) { return http.Get(s.URL + "/chat/completions") },
		func() (*http.Response, error) {
			return http.Post(s.URL+"/completions", "application/json", strings.NewReader(ask))
		},
	} {
		resp, err := send()
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 404 {
			t.Errorf("%s %s: status %d", resp.Request.Method, resp.Request.URL, resp.StatusCode)
		}
	}
	if n := s.Requests(); n != 0 {
		t.Errorf("%d requests are counted", n)
	}
}

// The server's own answers go by the points: its classes, against functions of
// which they are known.
func TestOwnAnswers(t *testing.T) {
	s := llmtest.New(llmtest.Config{})
	defer s.Close()
	for _, c := range []struct {
		want string
		f    func(float64) float64
	}{
		{"linear", func(x float64) float64 { return 3 * x }},
		{"polynomial", func(x float64) float64 { return x * x / 7 }},
		{"exponential", func(x float64) float64 { return math.Exp(x / 5) }},
		{"unknown", func(x float64) float64 { return 4 }},
	} {
		var points strings.Builder
		for x := 1.0; x <= 40; x++ {
			fmt.Fprintf(&points, "%g %g\n", x, c.f(x))
		}
		b, err := json.Marshal(map[string]any{"model": "m", "messages": []any{map[string]string{"role": "user", "content": points.String()}}})
		if err != nil {
			t.Fatal(err)
		}
		first, _ := post(plain(time.Minute), s.URL, string(b)).text(t)
		again, _ := post(plain(time.Minute), s.URL, string(b)).text(t)
		var a struct {
			Type string `json:"type_of_equation"`
		}
		if err := json.Unmarshal([]byte(first), &a); err != nil || a.Type != c.want {
			t.Errorf("%v: %q, want %s", err, a.Type, c.want)
		}
		if first != again {
			t.Errorf("the same question is answered by %q and by %q", first, again)
		}
	}
	if d := s.Doubles(); len(d) != 4 {
		t.Errorf("%d requests count as answered twice, want 4", len(d))
	}
}

// A recording answers where its equation stands in the prompt, the longest
// first; its refusals end with the quota.
func TestRecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "answers.jsonl")
	lines := `{"instance":"a","equation":"x0","text":"short","finish_reason":"stop","usage":{"prompt_tokens":7,"completion_tokens":1},"model":"old"}

{"instance":"b","equation":"x0**2","text":"long","finish_reason":"length"}
{"instance":"c","equation":"x0**9","error":{"http_status":429,"message":"quota"}}
`
	if err := os.WriteFile(path, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	recs, err := llmtest.ReadRecording(path)
	if err != nil || len(recs) != 3 {
		t.Fatalf("%d records, %v", len(recs), err)
	}
	s := llmtest.New(llmtest.Config{Recording: recs})
	defer s.Close()
	put := func(equation string) wire {
		return post(plain(time.Minute), s.URL, strings.Replace(ask, "x0**2", equation, 1))
	}
	if text, finish := put("x0**2").text(t); text != "long" || finish != "length" {
		t.Errorf("%q, %q", text, finish)
	}
	w := put("3*x0")
	if text, _ := w.text(t); text != "short" || w.completion(t).Model != "old" || w.completion(t).Usage.Prompt != 7 {
		t.Errorf("%s", w.body)
	}
	status(t, put("x0**9"), 429)
	s.EndQuota()
	if text, _ := put("x0**9").text(t); !json.Valid([]byte(text)) {
		t.Errorf("once the quota is over: %q", text)
	}
	if text, _ := put("log(z)").text(t); !json.Valid([]byte(text)) {
		t.Errorf("outside the recording: %q", text)
	}
	if log := s.Log(); log[2].Sent != "quota" || log[3].Nth != 1 || log[3].Question != "x0**9" {
		t.Errorf("the log has %+v", log[2:4])
	}
	for name, bad := range map[string]string{"no JSON": "{", "no equation": `{"instance":"a","text":"t"}`} {
		if err := os.WriteFile(path, []byte(lines+bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := llmtest.ReadRecording(path); err == nil || !strings.Contains(err.Error(), path+":5") {
			t.Errorf("%s: %v, want the line", name, err)
		}
	}
}

// Over HTTP/2 the faults that break a response off reset its stream, and a
// GOAWAY ends a connection on which nothing was worked on.
func TestHTTP2(t *testing.T) {
	s := llmtest.New(llmtest.Config{HTTP2: true, GoAways: 2, Script: llmtest.Sequence(llmtest.ResetInBody)})
	defer s.Close()
	c := s.Client()
	var dials atomic.Int64
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	if w := post(c, s.URL, ask); w.err == nil || !strings.Contains(w.err.Error(), "INTERNAL_ERROR") {
		t.Errorf("got %v, want a stream that was reset", w.err)
	}
	post(c, s.URL, ask).text(t)
	log := s.Log()
	if len(log) != 2 || log[0].Proto != "HTTP/2.0" || log[0].Sent != "broken off" || log[1].Sent != "answer" {
		t.Errorf("the log has %d requests: %+v", len(log), log)
	}
	if n := dials.Load(); n != 3 {
		t.Errorf("%d connections for two requests, want 3: two ended by a GOAWAY", n)
	}
}
