package llm

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Ask puts a question to the provider and returns an accepted answer, from the
// journal where it holds one. It waits as long as the limits demand. Errors:
// *RejectedError, *PauseError, *StopError, *JournalError, ErrStopped, or ctx's. With an
// error the Reply holds the answers there were.
//
// The recorded answers are read and judged first, in the order in which they
// came; only what they leave open is sent. So a rerun sends no request that the
// journal answers, whether the run before was killed, paused, or made with
// another reader or another judge.
func (c *Client) Ask(ctx context.Context, q Question, o AskOptions) (Reply, error) {
	if len(q.X) != len(q.Y) {
		return Reply{}, fmt.Errorf("a question with %d x and %d y", len(q.X), len(q.Y))
	}
	key := c.cfg.QuestionKey(q)
	w, end := newWaits(ctx, o.Stop)
	defer end()
	unlock, err := c.lock(w.ctx, key)
	if err != nil {
		return Reply{}, w.reason(err, c.cfg.Name)
	}
	defer unlock()
	rep, err := c.ask(ctx, w, q, key, o)
	for pause := 50 * time.Millisecond; errors.Is(err, errClaimed); pause = min(2*pause, time.Second) {
		// Another process is at it: wait for its answer.
		if err = c.sleep(w.ctx, pause); err == nil {
			rep, err = c.ask(ctx, w, q, key, o)
		}
	}
	err = w.reason(err, c.cfg.Name)
	if c.replay == nil && (rep.Sent > 0 || err != nil) {
		c.j.release(key, c.owner)
	}
	if rep.Sent == 0 && len(rep.Attempts) > 0 {
		rep.FromJournal = true
		c.count.fromJournal.Add(1)
	}
	if n := len(rep.Attempts); n > 0 {
		c.count.verdict(rep.Verdict)
	}
	return rep, err
}

func (c *Client) ask(ctx context.Context, w *waits, q Question, key string, o AskOptions) (Reply, error) {
	var rep Reply
	prepared := func() {}
	if c.replay == nil {
		var err error
		if prepared, err = c.prepare(ctx); err != nil {
			return rep, err
		}
		defer prepared()
	}
	round, seen, recs, err := c.recorded(ctx, key, o.Anew)
	if err != nil {
		return rep, err
	}
	if len(recs) > 0 {
		prepared()
	}
	for _, r := range recs {
		a := c.readRecorded(q, r, o.Judge)
		rep.add(a)
		if a.Verdict == Accepted {
			return rep, nil
		}
	}
	for {
		kind, more := nextStep(rep.Attempts, c.cfg.ReAsks)
		if !more {
			return rep, &RejectedError{Provider: c.cfg.Name, Reply: rep}
		}
		if c.replay != nil {
			return rep, c.pause(NoRecord, zeroTime, fmt.Errorf("%s holds no answer to this question", c.cfg.Replay))
		}
		if err := c.over(); err != nil {
			return rep, err
		}
		if err := w.over(); err != nil {
			return rep, err
		}
		if kind != kindFirst && kind != kindLargerCap {
			c.count.reAsks.Add(1)
		}
		a, sent, err := c.step(ctx, w, q, step{key: key, round: round, seen: seen, no: len(rep.Attempts), kind: kind, history: rep.Attempts, prepared: prepared}, o.Judge)
		rep.Sent += sent
		if err != nil {
			return rep, err
		}
		rep.add(*a)
		switch {
		case a.Verdict == Accepted:
			return rep, nil
		case a.ID == 0 || a.Verdict == ContextLength || a.Verdict == BadRequest:
			return rep, &RejectedError{Provider: c.cfg.Name, Reply: rep}
		}
	}
}

// add appends an answer, which decides until another follows.
func (rep *Reply) add(a attemptAnswer) {
	rep.Attempts = append(rep.Attempts, a.Attempt)
	rep.Answer, rep.Verdict, rep.Detail = a.answer, a.Verdict, a.Detail
	rep.Model, rep.Fingerprint = a.Model, a.Fingerprint
	rep.Usage.Input += a.Usage.Input
	rep.Usage.Output += a.Usage.Output
	rep.Usage.Estimated = rep.Usage.Estimated || a.Usage.Estimated
	rep.Cost += a.Cost
}

// nextStep says why to ask once more, given the answers so far, none of them
// acceptable; false when that would not help or was done often enough.
func nextStep(got []Attempt, reAsks int) (kind string, more bool) {
	if len(got) == 0 {
		return kindFirst, true
	}
	used, larger, reworded := 0, false, false
	for _, a := range got {
		switch a.Kind {
		case kindFirst:
		case kindLargerCap:
			larger = true
		default:
			used++
			reworded = reworded || a.Kind == kindReworded
		}
	}
	last := got[len(got)-1]
	if last.Verdict == Truncated && !larger {
		return kindLargerCap, true
	}
	if used >= reAsks {
		return "", false
	}
	// A model that gives the same answer word for word after being told what
	// is wrong with it will do so again.
	if n := len(got); n > 1 && last.Text != "" && last.Text == got[n-2].Text && last.Kind != kindLargerCap {
		return "", false
	}
	switch last.Verdict {
	case Refusal, ContentFilter:
		if reworded {
			return "", false
		}
		return kindReworded, true
	case ContextLength, BadRequest, PromptCut:
		return "", false
	}
	return kindReAsk, true
}

// recorded returns the round that a question stands in, the newest answered
// attempt at it, and its recorded answers in that round, one for each step.
// Where the question was asked anew, the newest round with an answer counts.
func (c *Client) recorded(ctx context.Context, key string, anew bool) (round int, seen int64, in []recorded, err error) {
	if c.replay != nil {
		return 1, 0, onePerStep(c.replay[key]), nil
	}
	got, seen, warnings, err := c.j.answers(ctx, key)
	if err != nil {
		return 0, 0, nil, err
	}
	for _, w := range warnings {
		c.warn("%s", w)
	}
	c.mu.Lock()
	round, begun := c.anew[key]
	c.mu.Unlock()
	if anew && !begun {
		last, err := c.j.lastRound(ctx, key)
		if err != nil {
			return 0, 0, nil, err
		}
		round, begun = last+1, true
		c.mu.Lock()
		c.anew[key] = round
		c.mu.Unlock()
	}
	if !begun {
		round = 1
		for i := range got {
			if got[i].isAnswer() {
				round = max(round, got[i].round)
			}
		}
	}
	for i := range got {
		if got[i].round == round && got[i].isAnswer() {
			in = append(in, got[i])
		}
	}
	return round, seen, onePerStep(in), nil
}

// onePerStep keeps the first answer of each step: two processes that asked at
// the same moment may both have one.
func onePerStep(in []recorded) []recorded {
	var out []recorded
	seen := map[int]bool{}
	for _, r := range in {
		if !seen[r.step] {
			seen[r.step] = true
			out = append(out, r)
		}
	}
	return out
}

// open reads the envelope, once.
func (r *recorded) open() *opened {
	if r.opened == nil {
		o := openBody(r.resp.header, r.resp.body)
		r.opened = &o
	}
	return r.opened
}

// isAnswer reports whether a complete 2xx response is an answer of the model,
// as opposed to a failure of the server that came as a 200.
func (r *recorded) isAnswer() bool { return r.open().answers(r.resp.body) }
