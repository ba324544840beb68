package llm

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// A Client asks one provider. It is safe for concurrent use: as many calls of
// Ask as one likes may wait; how many requests are at the server at once is the
// limiter's business.
type Client struct {
	cfg    Config
	j      *Journal
	api    func() (*openai.Client, error) // made when the first request is sent
	doer   *doer
	redact *redactor
	lim    *limiter
	retry  retryBudget
	funds  funds
	count  counters
	replay recording // nil unless the answers come from a file
	owner  string    // of claims in the journal

	// ready bounds the requests that are announced in the journal and not yet
	// answered: those at the server and some more, so that a free place is
	// filled without waiting for the disk. See Config.ahead.
	ready chan struct{}

	// preparing bounds the questions that are being looked up and worded for the
	// first time, to what the journal and the processors do at once: of thousands
	// that begin together, the first are at the server while others are being
	// prepared.
	preparing chan struct{}

	mu      sync.Mutex
	ended   error                    // why nothing more is sent; nil while it is
	busy    map[string]chan struct{} // questions being asked, by key; closed when done
	anew    map[string]int           // rounds that this client began, by question
	mode    outputMode
	cap     string  // the server's parameter for the token cap
	most    int     // largest token cap that fits the model's context; 0: not known
	output  float64 // mean tokens of an answer so far
	warned  map[string]bool
	today   int // requests of the last 24 hours, as last counted
	counted time.Time
}

// New returns a client that records in j. It sends nothing. The error names
// every mistake in the configuration. A client that replays needs no journal.
func New(cfg Config, j *Journal) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if j == nil && cfg.Replay == "" {
		return nil, fmt.Errorf("provider %q: a journal is needed", cfg.Name)
	}
	c := &Client{
		cfg:    cfg,
		j:      j,
		redact: newRedactor(cfg.APIKey),
		busy:   map[string]chan struct{}{},
		anew:   map[string]int{},
		warned: map[string]bool{},
		mode:   modeSchema,
		cap:    capName(cfg.Model),
		output: min(1000, float64(cfg.MaxTokens)),
		ready:  make(chan struct{}, cfg.Limits.InFlight+cfg.ahead()),

		preparing: make(chan struct{}, max(readers, runtime.GOMAXPROCS(0))),
	}
	c.count.verdicts = map[Verdict]int64{}
	if cfg.Replay != "" {
		c.replay, err = readRecording(cfg.Replay)
		return c, err
	}
	for _, n := range j.Notes() {
		c.warn("%s", n)
	}
	c.owner = fmt.Sprintf("%s#%d", j.owner, j.clients.Add(1))
	c.doer = newDoer(cfg, c.redact)
	c.api = sync.OnceValues(c.connect)
	c.lim = newLimiter(cfg.Limits, time.Now())
	c.retry = newRetryBudget(cfg.Limits.InFlight, time.Now())
	c.funds = newFunds()
	mode, capName, err := j.server(context.Background(), cfg.serverKey())
	if err != nil {
		return nil, err
	}
	if m := outputMode(mode); m.valid() {
		c.mode = m
	}
	if capName == capMaxTokens || capName == capMaxCompletionTokens {
		c.cap = capName
	}
	return c, nil
}

// connect gets the key and makes the library's client with it.
func (c *Client) connect() (*openai.Client, error) {
	key := c.cfg.APIKey
	if c.cfg.Key != nil {
		var err error
		if key, err = c.cfg.Key(); err == nil {
			err = checkKey(key)
		}
		if err != nil {
			return nil, &StopError{Provider: c.cfg.Name, Err: err}
		}
		c.redact.learn(key)
	}
	return newAPI(c.cfg.BaseURL, key, c.doer), nil
}

// Close waits for what is being recorded and releases connections. Calls of Ask
// must have returned. The journal stays open.
func (c *Client) Close() error {
	if c.doer == nil {
		return nil
	}
	if t, ok := c.doer.http.Transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
	return c.j.flush(context.Background())
}

// over returns why nothing more is sent, nil while it is.
func (c *Client) over() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// end stops all sending. The first reason stays. What is at the server is
// still received and recorded: it is paid for.
func (c *Client) end(err error) error {
	c.mu.Lock()
	if c.ended == nil {
		c.ended = err
	}
	err = c.ended
	c.mu.Unlock()
	c.lim.end(err)
	return err
}

func (c *Client) pause(kind PauseKind, until time.Time, err error) *PauseError {
	return &PauseError{Kind: kind, Provider: c.cfg.Name, Until: until, Err: err}
}

// warn says something once.
func (c *Client) warn(format string, args ...any) {
	s := c.redact.string(fmt.Sprintf("provider %q: ", c.cfg.Name) + fmt.Sprintf(format, args...))
	c.mu.Lock()
	said := c.warned[s]
	c.warned[s] = true
	c.mu.Unlock()
	if !said {
		c.cfg.Warn(s)
	}
}

// lock makes one caller at a time ask a question. Who waited finds the answer
// in the journal.
func (c *Client) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		c.mu.Lock()
		other := c.busy[key]
		if other == nil {
			mine := make(chan struct{})
			c.busy[key] = mine
			c.mu.Unlock()
			return func() {
				c.mu.Lock()
				delete(c.busy, key)
				c.mu.Unlock()
				close(mine)
			}, nil
		}
		c.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// serverWays returns how the server is asked for JSON and for a token cap.
func (c *Client) serverWays() (outputMode, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mode, c.cap
}

// stepMode goes one output mode down from m, unless another request has.
func (c *Client) stepMode(m outputMode, why error) error {
	c.mu.Lock()
	if c.mode != m {
		c.mu.Unlock()
		return nil
	}
	c.mode = m.below()
	mode, name := c.mode, c.cap
	c.mu.Unlock()
	c.warn("the server does not take output mode %s (%v); going on with %s", m, why, mode)
	return <-c.j.putServer(c.cfg.serverKey(), string(mode), name)
}

// otherCap uses the other name of the token cap, unless another request has.
// False when that was tried already.
func (c *Client) otherCap(name string) (bool, error) {
	c.mu.Lock()
	if c.cap != name {
		c.mu.Unlock()
		return true, nil
	}
	if c.warned["cap"] {
		c.mu.Unlock()
		return false, nil
	}
	c.warned["cap"] = true
	c.cap = capMaxCompletionTokens
	if name == capMaxCompletionTokens {
		c.cap = capMaxTokens
	}
	mode, name := c.mode, c.cap
	c.mu.Unlock()
	return true, <-c.j.putServer(c.cfg.serverKey(), string(mode), name)
}

// tokenCap is the token cap of the next request.
func (c *Client) tokenCap(larger bool) int {
	n := c.cfg.MaxTokens
	if larger {
		n *= largerCap
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most > 0 {
		n = min(n, c.most)
	}
	return n
}

// lowerCap halves the token cap after a request that was too long for the
// model's context, where the cap may be what was too long: some servers count
// it. False when the prompt alone must be it.
func (c *Client) lowerCap(r request) bool {
	if r.cap < 2*minCap {
		return false
	}
	c.mu.Lock()
	if c.most == 0 || r.cap/2 < c.most {
		c.most = r.cap / 2
	}
	most := c.most
	c.mu.Unlock()
	c.warn("a cap of %d tokens is more than the model takes with such a prompt; going on with a cap of %d", r.cap, most)
	return true
}

// minCap is the token cap under which an answer does not fit.
const minCap = 512

// counters are the parts of Stats that only grow.
type counters struct {
	requests, answers, fromJournal, retries, reAsks, rateLimited, serverErrors, input, output, cost atomic.Int64

	mu       sync.Mutex
	verdicts map[Verdict]int64
}

func (c *counters) verdict(v Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdicts[v]++
}

// Stats returns how the client stands.
func (c *Client) Stats() Stats {
	n := &c.count
	s := Stats{
		Requests: n.requests.Load(), Answers: n.answers.Load(), FromJournal: n.fromJournal.Load(), Retries: n.retries.Load(),
		ReAsks: n.reAsks.Load(), RateLimited: n.rateLimited.Load(), ServerErrors: n.serverErrors.Load(),
		InputTokens: n.input.Load(), OutputTokens: n.output.Load(), Cost: money(n.cost.Load()).float(), Currency: c.cfg.Price.Currency,
		Verdicts: map[Verdict]int64{},
	}
	n.mu.Lock()
	for v, k := range n.verdicts {
		s.Verdicts[v] = k
	}
	n.mu.Unlock()
	c.mu.Lock()
	s.Mode = string(c.mode)
	if c.ended != nil {
		s.Paused = c.ended.Error()
	}
	c.mu.Unlock()
	if c.lim == nil {
		return s
	}
	c.lim.snapshot(&s)
	if spent, err := c.j.spent(context.Background(), c.cfg.Name); err == nil {
		s.Spent = spent.float()
	}
	return s
}

// prepare takes a place among the questions that are being looked up and worded.
// prepared gives it back, and may be called more than once. ctx is the caller's,
// not one that Stop ends: what is recorded is returned then too.
func (c *Client) prepare(ctx context.Context) (prepared func(), err error) {
	select {
	case c.preparing <- struct{}{}:
		return sync.OnceFunc(func() { <-c.preparing }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readyFor takes a place among the announced requests.
func (c *Client) readyFor(ctx context.Context) error {
	select {
	case c.ready <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
