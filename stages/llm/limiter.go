package llm

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A limiter decides when the next request may be sent. Calls of acquire stand
// in line, first come first served; one goroutine at a time lets out as many as
// the gate, both buckets, a hold and the breaker allow. What waits for a later
// time, such as a retry, waits elsewhere and holds no place.
type limiter struct {
	mu    sync.Mutex
	line  []*waiter // first in, first out; nil where a waiter left
	timer *time.Timer
	gate  gate
	reqs  bucket
	toks  bucket

	unkept int // answers that are here, whose places are free, and that are not recorded yet

	held  time.Time // nothing is sent before
	ended error     // nothing is sent any more

	breaker breaker
	recent  [60]int   // requests sent in each of the last 60 seconds
	second  int64     // of the last one
	refused time.Time // since when the server has refused everything; zero when it does not
}

type waiter struct {
	tokens float64
	grant  chan error // gets one value
	ticket ticket
}

// A ticket is leave to send one request. It must be given back.
type ticket struct {
	no     int64
	sent   time.Time
	served int64   // of the gate, at that time
	tokens float64 // reserved
	probe  bool

	arrived time.Time // when its place was freed before it was recorded; else zero
}

func newLimiter(l Limits, now time.Time) *limiter {
	lim := &limiter{gate: newGate(l.InFlight)}
	// 50 ms worth may go at once: timers wake late, and what is late would
	// otherwise be lost.
	burst := func(n int) float64 { return max(1, float64(int(float64(n)/60*0.05))) }
	lim.reqs = newBucket(l.RequestsPerMinute, burst(l.RequestsPerMinute), now)
	// Tokens come in lumps of a request, so that a larger burst is needed.
	lim.toks = newBucket(l.TokensPerMinute, max(1, float64(l.TokensPerMinute)/12), now)
	return lim
}

// acquire waits for leave to send a request of about so many tokens.
func (l *limiter) acquire(ctx context.Context, tokens int) (ticket, error) {
	w := &waiter{tokens: float64(tokens), grant: make(chan error, 1)}
	l.mu.Lock()
	if l.ended != nil {
		defer l.mu.Unlock()
		return ticket{}, l.ended
	}
	l.line = append(l.line, w)
	l.dispatch(time.Now())
	l.mu.Unlock()
	select {
	case err := <-w.grant:
		return w.ticket, err
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case err := <-w.grant: // granted at the same moment: give it back
		if err == nil {
			l.giveBack(w.ticket)
		}
	default:
		for i, x := range l.line {
			if x == w {
				l.line = append(l.line[:i], l.line[i+1:]...)
				break
			}
		}
	}
	return ticket{}, ctx.Err()
}

// unused gives back a ticket that nothing was sent with.
func (l *limiter) unused(t ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.giveBack(t)
}

// giveBack undoes a ticket that was not used. l.mu is held.
func (l *limiter) giveBack(t ticket) {
	now := time.Now()
	l.gate.now--
	l.gate.forget(t.no, now)
	l.reqs.take(-1)
	l.toks.take(-t.tokens)
	if t.probe {
		l.breaker.probing = false
	}
	l.dispatch(now)
}

// dispatch lets out whoever may go, and sets a timer for the next. l.mu is held.
func (l *limiter) dispatch(now time.Time) {
	for len(l.line) > 0 {
		w := l.line[0]
		if !l.gate.open() {
			return // the next release comes here again
		}
		wait := max(l.held.Sub(now), l.breaker.wait(now), l.reqs.wait(now, 1), l.toks.wait(now, w.tokens))
		if wait > 0 {
			l.wake(wait)
			return
		}
		if l.breaker.blocked() {
			return // a probe is out; its release comes here again
		}
		l.reqs.take(1)
		l.toks.take(w.tokens)
		w.ticket = ticket{no: l.gate.enter(), sent: now, served: l.gate.served, tokens: w.tokens, probe: l.breaker.enter()}
		l.count(now)
		l.line[0] = nil
		l.line = l.line[1:]
		w.grant <- nil
	}
}

func (l *limiter) wake(d time.Duration) {
	if l.timer == nil {
		l.timer = time.AfterFunc(d, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.dispatch(time.Now())
		})
		return
	}
	l.timer.Reset(d)
}

// arrived frees the place of a request whose answer is here, before it is
// recorded and read; release must still follow. When the disk is slow no more
// are freed than a quarter of the places: what is not recorded when the process
// is killed was paid for in vain.
func (l *limiter) arrived(t *ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if float64(l.unkept) >= l.gate.limit/4 {
		return
	}
	t.arrived = time.Now()
	l.unkept++
	l.gate.now--
	l.dispatch(t.arrived)
}

// A result tells the limiter how a request went.
type result struct {
	class  class
	tokens int           // that it really took; negative when unknown
	wait   time.Duration // rate_limited, busy
	hinted bool
	late   bool // lost to the timeout
}

// release gives a ticket back. The error says that the server is out of reach
// for good, or refuses for too long.
func (l *limiter) release(t ticket, r result, maxWait time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	took := now.Sub(t.sent)
	if t.arrived.IsZero() {
		l.gate.now--
	} else {
		l.unkept--
		took = t.arrived.Sub(t.sent) // the rest was our disk
	}
	if r.tokens >= 0 {
		l.toks.take(float64(r.tokens) - t.tokens)
	}
	var err error
	switch r.class {
	case classAnswer, classQuestion, classMode, classCap, classStop, classPause:
		work := 1.0
		if r.tokens > 0 {
			work = float64(r.tokens)
		}
		l.gate.leave(t.no, now, took, work)
		l.breaker.success(t.probe)
		l.refused = time.Time{}
	case classRateLimited, classBusy:
		l.gate.refused(t.no, now, r.wait)
		l.breaker.success(t.probe)
		if r.hinted {
			if until := now.Add(r.wait); until.After(l.held) {
				l.held = until
			}
		}
		if l.refused.IsZero() {
			l.refused = now
		} else if now.Sub(l.refused) > maxWait {
			err = errRefusing
		}
	case classServerError, classLost, classNoConnection:
		if r.late {
			l.gate.late(t.no, now, l.gate.served-t.served)
		} else {
			l.gate.leave(t.no, now, took, 0)
		}
		err = l.breaker.failure(now, t.probe, r.class == classNoConnection)
	default: // not sent, cancelled: says nothing about the server
		l.gate.forget(t.no, now)
		if t.probe {
			l.breaker.probing = false
		}
	}
	l.dispatch(now)
	return err
}

var (
	errRefusing = errors.New("the server has refused every request for too long")
	errDown     = errors.New("the server is out of reach")
)

// end makes every call of acquire, also those in line, return err.
func (l *limiter) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended == nil {
		l.ended = err
	}
	for _, w := range l.line {
		w.grant <- l.ended
	}
	l.line = nil
	if l.timer != nil {
		l.timer.Stop()
	}
}

// count keeps the number of requests of the last minute.
func (l *limiter) count(now time.Time) {
	l.advance(now)
	l.recent[l.second%60]++
}

func (l *limiter) advance(now time.Time) {
	s := now.Unix()
	if l.second == 0 || s-l.second >= 60 || s < l.second {
		l.recent, l.second = [60]int{}, s
	}
	for l.second < s {
		l.second++
		l.recent[l.second%60] = 0
	}
}

func (l *limiter) snapshot(s *Stats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.advance(now)
	for _, n := range l.recent {
		s.PerMinute += float64(n)
	}
	s.InFlight, s.Concurrency, s.Waiting = l.gate.now, int(l.gate.limit), len(l.line)
	if l.held.After(now) {
		s.HeldUntil = l.held
	}
}
