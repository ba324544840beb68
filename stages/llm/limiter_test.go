package llm

import (
	"testing"
	"time"
)

// A slow disk keeps places taken: of the answers that are here and not recorded
// no more than a quarter of the places may be ahead of it.
func TestArrivedWaitsForASlowDisk(t *testing.T) {
	l := newLimiter(Limits{InFlight: 64}, time.Now())
	l.gate.limit = 64
	var out []ticket
	for range 64 {
		tk, err := l.acquire(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tk)
	}
	for i := range out {
		l.arrived(&out[i])
	}
	if l.gate.now != 64-16 || l.unkept != 16 {
		t.Errorf("%d places are taken and %d answers not recorded, want 48 and 16", l.gate.now, l.unkept)
	}
	for _, tk := range out {
		l.release(tk, result{class: classAnswer, tokens: 1}, time.Minute)
	}
	if l.gate.now != 0 || l.unkept != 0 {
		t.Errorf("in the end %d places are taken and %d answers not recorded", l.gate.now, l.unkept)
	}
}

// In the first round each answer opens a place more; a failure, and an answer
// while the places are not used, open none. The next round tells whether the
// server gets more done with them, and no place opens before that is known.
func TestFirstRoundOpensPlaces(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name          string
		sent          int // at once, of the 12 places that there are at first
		work          float64
		answered, len int // so many of them answered, and the limit then
	}{
		{"nothing answered", 12, 1, 0, 12},
		{"each answer opens one", 12, 1, 3, 15},
		{"up to the declared limit", 12, 1, 11, 16},
		{"failures open none", 12, 0, 3, 12},
		{"half of the places used", 6, 1, 6, 12},
	} {
		g := newGate(16)
		var sent []int64
		for range c.sent {
			sent = append(sent, g.enter())
		}
		for i := range c.answered {
			g.now--
			g.leave(sent[i], now, time.Second, c.work)
		}
		if int(g.limit) != c.len {
			t.Errorf("%s: the limit is %v, want %d", c.name, g.limit, c.len)
		}
	}

	g := newGate(64) // 48 at first
	flight := func(n int) (sent []int64) {
		for range n {
			sent = append(sent, g.enter())
		}
		return sent
	}
	back := func(sent []int64, took time.Duration) {
		for _, no := range sent {
			g.now--
			g.leave(no, now, took, 1)
		}
	}
	back(flight(48), time.Second)
	if g.limit != 64 {
		t.Fatalf("after a clean round the limit is %v, want 64", g.limit)
	}
	// A server that queues takes as much longer as there are more.
	for range flatRounds {
		back(flight(64), time.Second*64/48)
	}
	if g.limit != 48 {
		t.Errorf("where 64 at once get no more done than 48 the limit is %v, want 48", g.limit)
	}
}
