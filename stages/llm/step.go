package llm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

var zeroTime time.Time

// A step asks for one answer.
type step struct {
	key     string
	round   int
	seen    int64 // newest answered attempt at the question
	no      int   // answers before it
	kind    string
	history []Attempt

	prepared func() // to be called when its request is worded; see Client.prepare
}

// attemptAnswer is an attempt with what was read from it.
type attemptAnswer struct {
	Attempt
	answer Answer
}

const (
	maxFailures = 5 // retries after responses that a broken server gives
	maxLost     = 2 // retries where the answer may have cost something
	firstPause  = 500 * time.Millisecond
	maxPause    = 30 * time.Second
)

// step sends requests until one is answered, and reads the answer. It returns
// how many it sent. An attempt without an ID is a refusal of this question.
func (c *Client) step(ctx context.Context, w *waits, q Question, s step, judge Judge) (*attemptAnswer, int, error) {
	larger := s.kind == kindLargerCap
	if larger && c.tokenCap(true) <= c.tokenCap(false) { // the model's context is full
		s.kind = kindReAsk
	}
	for _, a := range s.history {
		larger = larger || a.Kind == kindLargerCap
	}
	messages := conversation(q, s.kind, s.history)
	sent, dials, failures, lost, refused := 0, 0, 0, 0, 0
	for {
		mode, name := c.serverWays()
		req, err := c.cfg.request(messages, mode, name, c.tokenCap(larger))
		if err != nil {
			return nil, sent, err
		}
		s.prepared()
		done, err := c.once(ctx, w, s, req)
		if done.sent {
			sent++
		}
		if err != nil {
			return nil, sent, err
		}
		f := done.finding
		var wait time.Duration
		switch f.class {
		case classAnswer:
			a := c.readLive(q, s, req, done, judge)
			return &a, sent, nil
		case classQuestion:
			if f.verdict == ContextLength && c.lowerCap(req) {
				continue
			}
			a := attemptAnswer{Attempt: Attempt{Step: s.no, Kind: s.kind, Sent: done.at, Request: req.body, Body: done.resp.body, Verdict: f.verdict, Detail: f.err.Error()}}
			return &a, sent, nil
		case classPause:
			until := zeroTime
			if f.hinted && f.pause != DailyQuota { // a daily quota's hint is for its minutes
				until = time.Now().Add(f.wait)
			}
			return nil, sent, c.end(c.pause(f.pause, until, f.err))
		case classStop:
			// The larger cap for a cut answer is this client's own idea.
			if f.cap && req.cap > c.cfg.MaxTokens && c.lowerCap(req) {
				continue
			}
			return nil, sent, c.end(&StopError{Provider: c.cfg.Name, Status: done.resp.status, Err: f.err})
		case classMode:
			if err := c.stepMode(mode, f.err); err != nil {
				return nil, sent, err
			}
			continue
		case classCap:
			if ok, err := c.otherCap(name); err != nil {
				return nil, sent, err
			} else if !ok {
				return nil, sent, c.end(&StopError{Provider: c.cfg.Name, Status: done.resp.status, Err: f.err})
			}
			continue
		case classRateLimited, classBusy:
			refused++
			wait = backoff(refused)
			if f.hinted {
				// Jitter on top: all that wait were told the same time.
				wait = f.wait + time.Duration(rand.Int64N(int64(firstPause)))
			}
			if f.wait > c.cfg.MaxWait {
				return nil, sent, c.end(c.pause(LongWait, time.Now().Add(f.wait), fmt.Errorf("the server asks to wait %s, longer than %s: %w", f.wait.Round(time.Second), c.cfg.MaxWait, f.err)))
			}
		case classNoConnection: // free, and the breaker knows when it is enough
			dials++
			wait = backoff(min(dials, 3))
		case classServerError:
			if !done.probe { // the breaker counts those
				failures++
			}
			if failures > maxFailures {
				return nil, sent, c.pause(Unreachable, zeroTime, fmt.Errorf("%s failed %d times in a row: %w", hostOf(c.cfg.BaseURL), failures, f.err))
			}
			wait = backoff(max(failures, 1))
			if f.hinted && f.wait <= c.cfg.MaxWait {
				wait = max(wait, f.wait)
			}
		case classLost:
			lost++
			if lost > maxLost {
				return nil, sent, c.pause(Unreachable, zeroTime, fmt.Errorf("%s did not answer %d times: %w", hostOf(c.cfg.BaseURL), lost, f.err))
			}
			wait = backoff(lost)
		default: // cancelled
			return nil, sent, ctx.Err()
		}
		if f.class == classServerError || f.class == classLost {
			wait = max(wait, c.retry.spend(time.Now()))
		}
		c.count.retries.Add(1)
		if err := c.sleep(w.ctx, wait); err != nil {
			return nil, sent, err
		}
	}
}

// sleep waits without holding a place in any line.
func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return c.over()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backoff is exponential with full jitter (Brooker, "Exponential Backoff And
// Jitter", 2015): what failed together must not come back together.
func backoff(n int) time.Duration {
	d := maxPause
	if n < 7 {
		d = min(maxPause, firstPause<<n)
	}
	return time.Duration(rand.Int64N(int64(d))) + time.Millisecond
}

// A done is a request, sent or not, and what came of it.
type done struct {
	id      int64
	at      time.Time
	sent    bool
	probe   bool // of the breaker
	resp    response
	finding finding
	opened  *opened // of a complete 2xx response
}

// once performs one request: reserves its worst cost and announces it in the
// journal, waits for its turn, sends it, records whatever came, and only then
// looks at it. An error means that nothing came, or that it could not be kept.
func (c *Client) once(ctx context.Context, w *waits, s step, req request) (done, error) {
	var d done
	if err := c.readyFor(w.ctx); err != nil {
		return d, err
	}
	inLine := true
	leave := func() {
		if inLine {
			inLine = false
			<-c.ready
		}
	}
	defer leave()
	if err := c.over(); err != nil {
		return d, err
	}
	if err := w.over(); err != nil {
		return d, err
	}
	if err := c.daily(ctx); err != nil {
		return d, err
	}
	in := &intent{
		question: s.key, request: req.key, round: s.round, step: s.no, kind: s.kind,
		provider: c.cfg.Name, model: c.cfg.Model, program: c.cfg.Program, prompt: req.body,
		sent: time.Now(), reserved: c.cfg.worst(req), owner: c.owner, seen: s.seen,
	}
	in.until = in.sent.Add(min(c.cfg.Timeout+c.cfg.MaxWait, maxClaim))
	id, err := c.reserve(w.ctx, in)
	if err != nil {
		return d, err
	}
	d.id, d.at = id, in.sent
	t, err := c.lim.acquire(w.ctx, req.likely()+c.meanOutput())
	var api *openai.Client
	if err == nil {
		if err = w.over(); err == nil {
			if api, err = c.api(); err != nil {
				err = c.end(err)
			}
		}
		if err != nil {
			c.lim.unused(t)
		}
	}
	if err != nil {
		c.settle(in, outcome{attempt: id, class: string(classNotSent)})
		return d, err
	}
	d.probe = t.probe
	c.j.at("send")
	ex := &exchange{body: req.body, resp: response{attempt: id}}
	sctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	send(sctx, api, ex)
	cancel()
	c.j.at("received")
	d.sent = ex.sent || ex.resp.status != 0
	c.count.requests.Add(1)
	c.retry.earn(time.Now())
	leave()
	if ex.resp.status/100 == 2 && ex.resp.complete {
		c.lim.arrived(&t)
	}
	d.resp = ex.resp
	// From here on the context does not matter: what came is paid for.
	if err := c.keep(s.key, &ex.resp); err != nil {
		c.lim.release(t, result{class: classCanceled, tokens: -1}, c.cfg.MaxWait)
		return d, c.end(err)
	}
	if ex.err == nil && ex.resp.status/100 == 2 {
		o := openBody(ex.resp.header, ex.resp.body)
		d.opened = &o
	}
	d.finding = c.find(ctx, ex, req, d.opened)
	o, tokens := c.outcomeOf(in, req, &d)
	lerr := c.lim.release(t, result{class: d.finding.class, tokens: tokens, wait: d.finding.wait, hinted: d.finding.hinted, late: d.finding.class == classLost && errors.Is(ex.err, context.DeadlineExceeded)}, c.cfg.MaxWait)
	c.settle(in, o)
	switch {
	case lerr == nil:
	case errors.Is(lerr, errRefusing):
		return d, c.end(c.pause(LongWait, zeroTime, fmt.Errorf("%s: %w", lerr, d.finding.err)))
	default:
		return d, c.end(c.pause(Unreachable, zeroTime, fmt.Errorf("%w: %w", lerr, d.finding.err)))
	}
	return d, nil
}

// keep records a response. A disk that is full for a moment must not cost an
// answer, so it is tried again; an error means that the answer is lost.
func (c *Client) keep(question string, r *response) error {
	var err error
	for _, pause := range []time.Duration{0, 100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second} {
		time.Sleep(pause)
		if err = <-c.j.record(question, r); err == nil {
			return nil
		}
	}
	return fmt.Errorf("an answer cannot be kept: %w", err)
}

// find classes what came back; o is nil unless that is a complete 2xx response.
func (c *Client) find(ctx context.Context, ex *exchange, req request, o *opened) finding {
	r := &ex.resp
	switch {
	case ex.err != nil:
		f := finding{class: transportClass(ctx, ex), err: fmt.Errorf("%s", r.err)}
		if f.class == classNoConnection && tooManyFiles(ex.err) {
			f.class = classBusy // as with a server that takes no more: fewer at once
			c.warn("%s: fewer requests are sent at once; with a higher limit of open files, `ulimit -n`, it could be more", r.err)
			return f
		}
		if f.class != classCanceled {
			c.count.serverErrors.Add(1)
		}
		return f
	case o != nil && o.answers(r.body):
		c.count.answers.Add(1)
		return finding{class: classAnswer}
	}
	f := classify(r.status, r.header, r.body, req.mode, r.received)
	switch f.class {
	case classRateLimited, classPause:
		if r.status == http.StatusTooManyRequests {
			c.count.rateLimited.Add(1)
		}
	case classServerError, classBusy:
		c.count.serverErrors.Add(1)
	}
	return f
}

// outcomeOf counts the tokens and the cost of a request. What cannot be known
// is booked at the most that it can be.
func (c *Client) outcomeOf(in *intent, req request, d *done) (outcome, int) {
	o := outcome{attempt: d.id, class: string(d.finding.class)}
	switch d.finding.class {
	case classAnswer:
		o.usage = usageOf(d.opened.envelope, len(in.prompt))
		if o.usage.Estimated {
			o.cost = in.reserved
		} else {
			o.cost = c.cfg.Price.cost(o.usage.Input, o.usage.Output)
		}
		c.count.input.Add(int64(o.usage.Input))
		c.count.output.Add(int64(o.usage.Output))
		c.learnOutput(o.usage.Output)
	case classLost, classCanceled:
		o.usage = Usage{Input: req.likely(), Output: c.meanOutput(), Estimated: true}
		if d.sent {
			o.cost = in.reserved
		}
	default:
		return o, 0
	}
	c.count.cost.Add(int64(o.cost))
	return o, o.usage.Input + o.usage.Output
}

// usageOf is the usage that the server states, or an estimate from sizes.
func usageOf(e envelope, prompt int) Usage {
	if e.hasUsage {
		return e.usage
	}
	return Usage{Input: prompt/3 + 1, Output: (len(e.text)+len(e.reasoning))/3 + 1, Estimated: true}
}

func (c *Client) meanOutput() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int(c.output)
}

func (c *Client) learnOutput(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.output += (float64(n) - c.output) / 16
}
