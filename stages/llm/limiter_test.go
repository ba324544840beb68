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
