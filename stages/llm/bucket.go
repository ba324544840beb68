package llm

import "time"

// A bucket allows so many units a second, and some at once. Unlike
// golang.org/x/time/rate it can be settled: what an answer really took replaces
// what was reserved for it, so its level may be negative.
type bucket struct {
	rate  float64 // a second; 0 allows all
	size  float64
	level float64
	at    time.Time
}

// margin is left under a declared limit, for clocks that differ.
const margin = 0.995

// newBucket returns a bucket that passes at most n units in any 60 seconds: the
// burst is taken off the rate.
func newBucket(n int, burst float64, now time.Time) bucket {
	if n <= 0 {
		return bucket{}
	}
	return bucket{rate: margin * (float64(n) - (burst - 1)) / 60, size: burst, level: burst, at: now}
}

func (b *bucket) refill(now time.Time) {
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.level = min(b.size, b.level+d*b.rate)
		b.at = now
	}
}

// wait returns how long until n units can be taken; 0 means now. More than the
// bucket holds can be taken from a full one.
func (b *bucket) wait(now time.Time, n float64) time.Duration {
	if b.rate == 0 {
		return 0
	}
	b.refill(now)
	need := min(n, b.size) - b.level
	if need <= 1e-9 {
		return 0
	}
	return time.Duration(need/b.rate*float64(time.Second)) + time.Microsecond
}

func (b *bucket) take(n float64) {
	if b.rate > 0 {
		b.level -= n
	}
}
