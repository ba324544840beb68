package llm

import (
	"math"
	"time"
)

// A gate adapts how many requests are at the server at once. It doubles after
// each clean round until the server refuses or stops getting faster; after a
// refusal it falls once for the whole episode, rests, and then creeps up.
//
// A round is as many requests as the limit was when it began: the next ones that
// are sent. It ends when nearly all of them have come back, so that slow answers
// count in it as quick ones do, and one that hangs does not hold it up. An
// episode is all the requests that were sent before the cut: their refusals say
// nothing new.
type gate struct {
	most  float64 // the declared upper limit
	limit float64
	now   int // requests at the server

	doubling bool
	rest     time.Time     // no growth until then
	restFor  time.Duration // of the last cut; doubles while cuts end at the same limit
	lastCut  float64       // limit that the last cut ended at

	sent    int64   // requests so far, the number of the last one
	served  int64   // requests that the server did something for
	cutAt   int64   // requests up to this one belong to the last episode
	cutFrom float64 // limit before that episode's cut
	factor  float64 // of that episode

	round struct {
		after  int64   // its requests come after this one,
		last   int64   // up to this one
		want   int     // as many of them count
		done   int     // have come back
		work   float64 // done in it: tokens, or requests where no tokens are counted
		took   float64 // seconds that its requests were at the server, summed
		peak   int     // most at once
		before float64 // work a second in the round before, at a lower limit; 0: not known
		grew   float64 // factor by which the limit grew before this round
		flat   int     // rounds at this limit so far that got no more done
	}
}

const (
	firstShare  = 0.75
	cooldown    = 15 * time.Second
	maxCooldown = 5 * time.Minute
	cutFactor   = 0.8
	firstCut    = 0.5 // undoes the last doubling
	creep       = 1.05
	nearlyAll   = 0.95 // of a round's requests end it
	wellUsed    = 0.8  // share of the limit that must have been used for it to grow
	flatRounds  = 3    // in a row say that more requests get no more done: one may have met a pause of anything
)

func newGate(most int) gate {
	// Near enough to the declared limit for one clean round to reach it, and
	// far enough to see in the next whether the last of it gets more done: by
	// how much chance alone makes rounds of n answers differ falls as 1/√n, so
	// that of many places a smaller share has to be left.
	m := float64(most)
	g := gate{most: m, limit: math.Ceil(max(firstShare*m, m-2*math.Sqrt(m))), doubling: true}
	g.startRound(0, 1)
	return g
}

func (g *gate) open() bool { return g.now < int(g.limit) }

// enter counts a request that is being sent and returns its number.
func (g *gate) enter() int64 {
	g.now++
	g.sent++
	g.round.peak = max(g.round.peak, g.now)
	return g.sent
}

// leave judges a request that came back and whose place is free: how long it
// was at the server, and what that did for it, 0 for nothing.
func (g *gate) leave(no int64, now time.Time, took time.Duration, work float64) {
	if work > 0 {
		g.served++
	}
	if !g.inRound(no) {
		return
	}
	g.round.done++
	g.round.work += work
	g.round.took += max(0, took.Seconds())
	g.mayEndRound(now)
}

// forget takes a request out of its round of which nothing is known.
func (g *gate) forget(no int64, now time.Time) {
	if g.inRound(no) {
		g.round.want--
		g.mayEndRound(now)
	}
}

func (g *gate) inRound(no int64) bool { return no > g.round.after && no <= g.round.last }

func (g *gate) mayEndRound(now time.Time) {
	switch r := &g.round; {
	case r.want == 0:
		g.startRound(r.before, r.grew)
	case float64(r.done) >= nearlyAll*float64(r.want):
		g.endRound(now)
	}
}

// refused judges a request that came back with a 429, and the wait that came
// with it. What the server is at work on now, it did accept: there is no reason
// to fall below that.
func (g *gate) refused(no int64, now time.Time, wait time.Duration) {
	g.cut(no, now, wait, cutFactor, float64(g.now))
}

// late judges a request that ran into its timeout: a server that queues more
// than it can do in that time wastes all of it. It did so much while this one
// waited, and no more than that may wait. Unlike a refusal this says nothing good
// about the requests that are still out.
func (g *gate) late(no int64, now time.Time, did int64) {
	g.cut(no, now, 0, firstCut, 0)
	if can := cutFactor * float64(did); did > 0 && can < g.limit {
		g.limit = math.Max(1, can)
		g.lastCut = g.limit
		g.startRound(0, 1)
	}
}

// cut lowers the limit by a factor, once for an episode, but not under floor.
func (g *gate) cut(no int64, now time.Time, wait time.Duration, factor, floor float64) {
	if no > g.cutAt { // a new episode
		g.cutAt, g.cutFrom = g.sent, g.limit
		g.factor = factor
		if g.doubling {
			g.factor = firstCut
		}
		g.doubling = false
		if g.restFor == 0 || math.Abs(g.lastCut-g.limit) > 0.1*g.limit+1 {
			g.restFor = cooldown
		} else {
			g.restFor = min(2*g.restFor, maxCooldown)
		}
		g.limit = g.cutFrom
	}
	g.limit = math.Max(1, math.Max(g.factor*g.cutFrom, math.Min(g.limit, floor)))
	g.lastCut = g.limit
	if t := now.Add(max(g.restFor, wait)); t.After(g.rest) {
		g.rest = t
	}
	g.startRound(0, 1)
}

func (g *gate) endRound(now time.Time) {
	r := &g.round
	// By Little's law (1961): what is done in a second is what is at the server
	// over how long it is there. Counting what is done in the time of the round
	// would not do: where requests left together, they come back together.
	rate := 0.0
	if r.took > 0 {
		rate = float64(r.peak) * r.work / r.took
	}
	full := float64(r.peak) >= wellUsed*math.Floor(g.limit)
	if !full || rate == 0 {
		g.startRound(0, 1)
		return
	}
	// A server that queues what it cannot do at once never refuses; it shows
	// in that more requests get no more done.
	if r.before > 0 && r.grew > 1 && rate < r.before*(1+(r.grew-1)/4) {
		if flat := r.flat + 1; flat < flatRounds {
			g.startRound(r.before, r.grew)
			r.flat = flat
			return
		}
		g.limit = math.Max(1, g.limit/r.grew)
		g.doubling = false
		g.restFor = min(max(cooldown, 2*g.restFor), maxCooldown)
		g.rest = now.Add(g.restFor)
		g.startRound(0, 1)
		return
	}
	if g.limit >= g.most || now.Before(g.rest) {
		g.startRound(0, 1)
		return
	}
	was := g.limit
	if g.doubling {
		g.limit *= 2
	} else {
		g.limit = math.Max(g.limit*creep, g.limit+1)
	}
	g.limit = math.Min(g.limit, g.most)
	g.startRound(rate, g.limit/was)
}

func (g *gate) startRound(before, grew float64) {
	r := &g.round
	r.want = max(1, int(g.limit))
	r.after, r.last = g.sent, g.sent+int64(r.want)
	r.done, r.work, r.took, r.peak = 0, 0, 0, g.now
	r.before, r.grew, r.flat = before, grew, 0
}
