package llm

import (
	"testing"
	"time"
)

// Times that go back, as those of a clock without a monotonic part do, add
// nothing to a bucket and break no count (fault 49).
func TestTimesGoBack(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newBucket(60, 1, now)
	b.take(1)
	full := b.wait(now, 1)
	if full <= 0 {
		t.Fatal("an empty bucket lets something out")
	}
	for range 10 {
		b.wait(now.Add(-time.Hour), 1)
		if w := b.wait(now, 1); w != full {
			t.Fatalf("after a look at an earlier time the wait is %s, and was %s", w, full)
		}
	}
	l := newLimiter(Limits{InFlight: 10}, now)
	for _, at := range []time.Duration{0, 0, time.Second, -time.Hour, -time.Hour, 1000 * time.Hour} {
		l.count(now.Add(at))
	}
	sum := 0
	for _, n := range l.recent {
		sum += n
	}
	if sum != 1 {
		t.Errorf("%d requests count for the last minute, want the one of it", sum)
	}
	g := newGate(64)
	for range 200 {
		no := g.enter()
		g.now--
		now = now.Add(-time.Second)
		g.leave(no, now, -time.Second, 1)
	}
	if g.limit < 1 || g.limit > 64 {
		t.Errorf("the limit is %g", g.limit)
	}
}
