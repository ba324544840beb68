package llmtest

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Config says how a server behaves. The zero Config answers every question at
// once by itself.
type Config struct {
	Model   string        // the name it answers under; "" for the one that was asked for
	Latency time.Duration // of every answer, from the moment that the request is there
	Spread  time.Duration // up to so much more, by the digest of the request
	APIKey  string        // when set, another key is refused with 401

	// Script says what goes wrong with a request, None for nothing. It may be
	// called from several goroutines.
	Script func(Request) Fault

	// Recording is answered from where a record's equation stands in the
	// prompt word for word. Questions outside it get an answer of the
	// server's own.
	Recording []Record

	Capacity          int // requests at once, 429 beyond; 0 for any number
	RequestsPerMinute int // in any 60 seconds, 429 beyond; 0 for any number
	Queue             int // requests worked on at once, others wait their turn without a 429; 0 for all

	HTTP2   bool // over TLS; use Client for its certificate
	GoAways int  // with HTTP2: the first connections end at once, with a GOAWAY that none of their requests was worked on

	// Listener replaces the loopback, such as one of pipes under testing/synctest.
	Listener net.Listener
}

// A Request is one call as the server saw it.
type Request struct {
	N         int    // counts all requests, from 0
	Nth       int    // counts the requests about this question, from 0
	Digest    string // of the body: equal requests have equal digests
	Question  string // the record's equation, or the one that the prompt quotes
	Prompt    string // all messages
	MaxTokens int    // token cap that it asks for
	Body      []byte
	Header    http.Header
	Proto     string // HTTP/1.1 or HTTP/2.0
	Sent      string // what came of it: "answer", or the fault
	Status    int
}

// A Server is running until it is closed.
type Server struct {
	URL string // base URL, up to and with /v1

	cfg  Config
	http *httptest.Server

	mu        sync.Mutex
	log       []Request
	seen      map[string]int // requests by question
	now, peak int
	recent    []time.Time // for RequestsPerMinute
	quota     bool        // quota errors of the recording are over
	queue     chan struct{}
	closing   chan struct{} // ends hanging handlers
	handlers  sync.WaitGroup
	once      sync.Once
}

// New starts a server.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, seen: map[string]int{}, closing: make(chan struct{})}
	if cfg.Queue > 0 {
		s.queue = make(chan struct{}, cfg.Queue)
	}
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.http.Config.ErrorLog = quiet()
	if cfg.Listener != nil {
		s.http.Listener.Close()
		s.http.Listener = cfg.Listener
	}
	if cfg.GoAways > 0 {
		l := &goAwayListener{Listener: s.http.Listener, config: func() *tls.Config { return s.http.TLS }}
		l.left.Store(int64(cfg.GoAways))
		s.http.Listener = l
	}
	if cfg.HTTP2 {
		s.http.EnableHTTP2 = true
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	s.URL = s.http.URL + "/v1"
	return s
}

// Client returns an HTTP client that trusts the server's certificate.
func (s *Server) Client() *http.Client { return s.http.Client() }

// Close ends the server, and what hangs in it. After it the log is complete: a
// client may have seen the end of a response that was broken off before the log
// had it.
func (s *Server) Close() {
	s.once.Do(func() { close(s.closing) })
	s.http.CloseClientConnections()
	s.http.Close()
	s.handlers.Wait()
}

// EndQuota makes the questions whose record is a quota error answerable, as on
// the next day.
func (s *Server) EndQuota() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota = true
}

// Log returns every request so far, in the order of their ends.
func (s *Server) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.log...)
}

// Requests counts the requests so far.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.log)
}

// Peak returns the most requests that were there at once.
func (s *Server) Peak() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// Doubles returns the digests of requests that were answered more than once.
func (s *Server) Doubles() []string {
	n := map[string]int{}
	var out []string
	for _, r := range s.Log() {
		if r.Sent == "answer" {
			if n[r.Digest]++; n[r.Digest] == 2 {
				out = append(out, r.Digest)
			}
		}
	}
	return out
}

type chatRequest struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
	Temperature         *float64        `json:"temperature"`
	MaxTokens           int             `json:"max_tokens"`
	MaxCompletionTokens int             `json:"max_completion_tokens"`
	ResponseFormat      json.RawMessage `json:"response_format"`
}

func (c chatRequest) prompt() string {
	var b strings.Builder
	for _, m := range c.Messages {
		b.WriteString(m.Content)
		b.WriteString("\n\n")
	}
	return b.String()
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.handlers.Add(1)
	defer s.handlers.Done()
	came := time.Now()
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/chat/completions") {
		writeError(w, http.StatusNotFound, errorBody{Message: fmt.Sprintf("no such address: %s %s", r.Method, r.URL.Path), Type: "invalid_request_error"})
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return
	}
	req := Request{Body: body, Header: r.Header.Clone(), Proto: r.Proto}
	sum := sha256.Sum256(body)
	req.Digest = hex.EncodeToString(sum[:])
	var chat chatRequest
	if err := json.Unmarshal(body, &chat); err != nil || len(chat.Messages) == 0 {
		writeError(w, http.StatusBadRequest, errorBody{Message: "the body is not a chat completion request", Type: "invalid_request_error"})
		return
	}
	req.Prompt = chat.prompt()
	req.MaxTokens = max(chat.MaxTokens, chat.MaxCompletionTokens)
	rec := match(s.cfg.Recording, req.Prompt)
	req.Question = quoted(req.Prompt)
	if rec != nil {
		req.Question = rec.Equation
	}

	s.mu.Lock()
	req.N = len(s.log)
	req.Nth = s.seen[req.Question]
	s.seen[req.Question]++
	s.log = append(s.log, req)
	s.now++
	s.peak = max(s.peak, s.now)
	busy := s.cfg.Capacity > 0 && s.now > s.cfg.Capacity
	fast := s.tooFast(time.Now())
	s.mu.Unlock()
	sw := &statusWriter{ResponseWriter: w}
	what := "broken off" // by a panic, which is how HTTP/2 resets a stream
	defer func() {
		s.mu.Lock()
		s.now--
		s.log[req.N].Sent, s.log[req.N].Status = what, sw.status
		s.mu.Unlock()
	}()
	what = s.answer(sw, r, came, req, chat, rec, busy, fast)
}

// tooFast reports whether the request is beyond the limit of a minute. s.mu is held.
func (s *Server) tooFast(now time.Time) bool {
	if s.cfg.RequestsPerMinute <= 0 {
		return false
	}
	for len(s.recent) > 0 && now.Sub(s.recent[0]) >= time.Minute {
		s.recent = s.recent[1:]
	}
	if len(s.recent) >= s.cfg.RequestsPerMinute {
		return true
	}
	s.recent = append(s.recent, now)
	return false
}

// answer writes a response and says what it was.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, came time.Time, req Request, chat chatRequest, rec *Record, busy, fast bool) string {
	if s.cfg.APIKey != "" && r.Header.Get("Authorization") != "Bearer "+s.cfg.APIKey {
		writeError(w, http.StatusUnauthorized, errorBody{Message: "Incorrect API key provided", Type: "invalid_request_error", Code: "invalid_api_key"})
		return "refused key"
	}
	switch {
	case busy:
		writeError(w, http.StatusTooManyRequests, errorBody{Message: "too many concurrent requests", Type: "rate_limit_error"})
		return "over capacity"
	case fast:
		w.Header().Set("Retry-After", "1")
		writeError(w, http.StatusTooManyRequests, errorBody{Message: "Rate limit reached for requests per minute", Type: "requests"})
		return "over rate"
	}
	if s.queue != nil {
		select {
		case s.queue <- struct{}{}:
			came = time.Now() // what waits is not worked on
			defer func() { <-s.queue }()
		case <-r.Context().Done():
			return "left"
		}
	}
	latency := s.cfg.Latency
	if s.cfg.Spread > 0 {
		var n int64
		for _, c := range req.Digest[:8] {
			n = n*16 + int64(strings.IndexRune("0123456789abcdef", c))
		}
		latency += time.Duration(n % int64(s.cfg.Spread))
	}
	// The answer is made before the wait, so that what making it takes is part
	// of the latency.
	c := s.completion(chat, rec, req)
	body := c.encode()
	if latency > 0 {
		t := time.NewTimer(latency - time.Since(came))
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return "left"
		case <-s.closing:
			return "left"
		}
	}
	if s.cfg.Script != nil {
		if f := s.cfg.Script(req); f != None {
			if s.misbehave(f, w, r, req, chat, &c) {
				return f.String()
			}
			body = c.encode()
		}
	}
	if rec != nil && rec.Error != nil {
		s.mu.Lock()
		over := s.quota
		s.mu.Unlock()
		if !over {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(rec.Error.Status)
			// Gemini wraps its errors in a list.
			json.NewEncoder(w).Encode([]any{map[string]any{"error": map[string]any{"code": rec.Error.Status, "message": rec.Error.Message, "status": "RESOURCE_EXHAUSTED"}}})
			return "quota"
		}
	}
	if err := c.write(w, body); err != nil {
		return "broken"
	}
	return "answer"
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
