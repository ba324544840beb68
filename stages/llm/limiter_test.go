package llm

import (
	"math/rand/v2"
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

// A server that works on all its requests at once, each as much more slowly as
// there are more, gets no more done with more, and no more places than at the
// start. One that is as fast with any number gets all. So it is where answers
// take from 0.7 to 1.3 of their mean: the more they vary, the more often chance
// hides that more requests get no more done.
func TestSharedServerGetsNoMorePlaces(t *testing.T) {
	const seeds = 20
	end := func(most int, seed uint64, shared bool) int {
		type request struct {
			no   int64
			came time.Time
			left float64 // seconds of work
		}
		r := rand.New(rand.NewPCG(seed, 1))
		g, now := newGate(most), time.Now()
		var at []request
		for done := 0; done < 8*most; done++ {
			for g.open() {
				at = append(at, request{g.enter(), now, 0.7 + 0.6*r.Float64()})
			}
			first := 0
			for i := range at {
				if at[i].left < at[first].left {
					first = i
				}
			}
			work := at[first].left
			took := work
			if shared {
				took *= float64(len(at)) / 16
			}
			now = now.Add(time.Duration(took * float64(time.Second)))
			for i := range at {
				at[i].left -= work
			}
			q := at[first]
			at = append(at[:first], at[first+1:]...)
			g.now--
			g.leave(q.no, now, now.Sub(q.came), 1)
		}
		return int(g.limit)
	}
	for _, most := range []int{64, 256} {
		more := 0
		for seed := range uint64(seeds) {
			if n := end(most, seed, false); n != most {
				t.Errorf("seed %d: a server as fast with any number gets %d at once, want %d", seed, n, most)
			}
			if g := newGate(most); end(most, seed, true) > int(g.limit) {
				more++
			}
		}
		if more > 1 { // chance may let one pass
			t.Errorf("in %d of %d runs a server that gets no more done with more gets more places than at the start, of %d", more, seeds, most)
		}
	}
}
