package llm

import (
	"context"
	"math"
	"slices"
	"time"
)

// A Forecast is what asking some questions would take, at the declared limits
// and prices. It is an estimate but for WorstCost.
type Forecast struct {
	Questions int    // different ones
	Recorded  int    // … with a recorded answer, which cost nothing
	Requests  int    // that would be sent, re-asks as often as so far
	Replay    string // the file that answers instead, so that none is sent: what it has no answer to pauses the run; "" for none

	InputTokens, OutputTokens int
	Cost                      float64 // expected, in Currency
	WorstCost                 float64 // what is reserved when all are sent once: a token for every byte, and the whole cap
	WorstRequest              float64 // the least of what is reserved for one of them; 0 where none is sent
	Currency                  string

	Duration time.Duration // at the declared limits, a daily quota left aside
	Days     int           // that a daily quota makes it take; 0 without one
	Answers  int           // of this provider and model so far, by which tokens, latency and re-asks are estimated; 0: by a guess
}

const (
	guessedOutput  = 400 // tokens of an answer: the contract asks for 80 words and a formula
	guessedLatency = 5 * time.Second

	// longest is how long a request may have taken to count: beyond that, and
	// below 0, the clock was set meanwhile.
	longest = time.Hour
)

// Forecast estimates what asking the questions would take. It sends nothing.
// With anew no recorded answer is given to a question; but it still tells how
// the provider does.
func (c *Client) Forecast(ctx context.Context, qs []Question, anew bool) (Forecast, error) {
	f := Forecast{Currency: c.cfg.Price.Currency}
	if c.replay != nil {
		return c.forecastReplay(qs), nil
	}
	if err := c.j.flush(ctx); err != nil { // what was just answered counts too
		return f, err
	}
	past, err := c.j.past(ctx, c.cfg.Name, c.cfg.Model, c.cfg.Limits.InFlight)
	if err != nil {
		return f, err
	}
	f.Answers = past.answers
	perQuestion := 1.0
	output, latency := float64(guessedOutput), guessedLatency.Seconds()
	if past.answers > 0 {
		output, perQuestion = past.output, past.perQuestion
	}
	if past.latency >= 0 {
		latency = past.latency
	}
	mode, name := c.serverWays()
	seen := map[string]bool{}
	open := 0
	var input float64
	var worst, least money
	for _, q := range qs {
		key := c.cfg.QuestionKey(q)
		if seen[key] {
			continue
		}
		seen[key] = true
		f.Questions++
		if !anew {
			got, _, _, err := c.j.answers(ctx, key)
			if err != nil {
				return f, err
			}
			if slices.ContainsFunc(got, func(r recorded) bool { return r.isAnswer() }) {
				f.Recorded++
				continue
			}
		}
		req, err := c.cfg.request(conversation(q, kindFirst, nil), mode, name, c.cfg.MaxTokens)
		if err != nil {
			return f, err
		}
		open++
		if past.input > 0 {
			input += past.input * float64(len(req.body))
		} else {
			input += float64(req.likely()) * perQuestion
		}
		w := c.cfg.worst(req)
		worst += w
		if open == 1 || w < least {
			least = w
		}
	}
	e := float64(open) * perQuestion
	f.Requests = int(math.Ceil(e))
	f.InputTokens, f.OutputTokens = int(input), int(e*output)
	f.Cost = c.cfg.Price.cost(f.InputTokens, f.OutputTokens).float()
	f.WorstCost, f.WorstRequest = worst.float(), least.float()
	// Nothing can be faster than the slowest of these.
	l := c.cfg.Limits
	secs := e * latency / math.Max(1, math.Min(float64(l.InFlight), e))
	if l.RequestsPerMinute > 0 {
		secs = math.Max(secs, 60*e/float64(l.RequestsPerMinute))
	}
	if l.TokensPerMinute > 0 {
		secs = math.Max(secs, 60*float64(f.InputTokens+f.OutputTokens)/float64(l.TokensPerMinute))
	}
	if open > 0 {
		secs = math.Max(secs, latency)
	}
	f.Duration = time.Duration(secs * float64(time.Second))
	if l.RequestsPerDay > 0 {
		f.Days = int(math.Ceil(e / float64(l.RequestsPerDay)))
	}
	return f, nil
}

// forecastReplay counts what the recording has an answer to.
func (c *Client) forecastReplay(qs []Question) Forecast {
	f := Forecast{Currency: c.cfg.Price.Currency, Replay: c.cfg.Replay}
	seen := map[string]bool{}
	for _, q := range qs {
		key := c.cfg.QuestionKey(q)
		if seen[key] {
			continue
		}
		seen[key] = true
		f.Questions++
		if len(c.replay[key]) > 0 {
			f.Recorded++
		}
	}
	return f
}

// Recorded reads what the journal holds about a question, as Ask would, and
// sends nothing. complete reports whether Ask would send nothing either.
func (c *Client) Recorded(ctx context.Context, q Question, judge Judge) (rep Reply, complete bool, err error) {
	_, _, recs, err := c.recorded(ctx, c.cfg.QuestionKey(q), false)
	if err != nil {
		return rep, false, err
	}
	rep.FromJournal = true
	for _, r := range recs {
		rep.add(c.readRecorded(q, r, judge))
		if rep.Verdict == Accepted {
			return rep, true, nil
		}
	}
	_, more := nextStep(rep.Attempts, c.cfg.ReAsks)
	return rep, !more, nil
}

// past is how a provider did so far.
type past struct {
	answers     int
	input       float64 // tokens that all requests of a question took, for each byte of the first one; 0: not known
	output      float64 // tokens an answer
	latency     float64 // seconds; negative where no time can be believed
	perQuestion float64 // answers a question, each time that it was asked anew
}

// past reads how a provider did with a model. A request is announced before it is sent, and
// may wait for its place: where more were announced at once than may be at the
// server, the latency is that of the throughput, by Little's law (Operations
// Research 9, 1961): in flight = throughput × latency.
func (j *Journal) past(ctx context.Context, provider, model string, inFlight int) (past, error) {
	p := past{latency: -1}
	rows, err := j.r.QueryContext(ctx, `SELECT a.step, LENGTH(a.prompt), o.input, o.output, a.sent, r.received
FROM outcomes o JOIN attempts a ON a.id = o.attempt JOIN responses r ON r.attempt = a.id
WHERE o.class = 'answer' AND a.provider = ? AND a.model = ? ORDER BY a.sent`, provider, model)
	if err != nil {
		return p, j.readError(ctx, err)
	}
	defer rows.Close()
	var firsts, firstBytes, input, output int64
	var timed, waits, busy, until int64 // the last three in milliseconds
	for rows.Next() {
		var step, size, in, out, sent, received int64
		if err := rows.Scan(&step, &size, &in, &out, &sent, &received); err != nil {
			return p, j.readError(ctx, err)
		}
		if step == 0 {
			firsts++
			firstBytes += size
		}
		input += in
		output += out
		p.answers++
		if took := received - sent; took >= 0 && took <= longest.Milliseconds() {
			timed++
			waits += took
			if received > until {
				busy += received - max(sent, until)
				until = received
			}
		}
	}
	if err := rows.Err(); err != nil {
		return p, j.readError(ctx, err)
	}
	if p.answers > 0 {
		p.output = float64(output) / float64(p.answers)
		p.perQuestion = float64(p.answers) / float64(max(firsts, 1))
	}
	if firstBytes > 0 {
		p.input = float64(input) / float64(firstBytes)
	}
	if timed > 0 {
		p.latency = float64(min(waits, busy*int64(inFlight))) / float64(timed) / 1000
	}
	return p, nil
}
