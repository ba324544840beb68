package llm

import "time"

// A breaker keeps requests from a server that fails: after some failures in a
// row only one request at a time goes out, a probe, at growing intervals, until
// one succeeds.
//
//	closed --- failures in a row ---> open --- pause over ---> probing
//	   ^                               ^                         |   |
//	   |                               +------- it failed -------+   |
//	   +------------------------ it was answered -------------------+
type breaker struct {
	failures int  // in a row
	dials    int  // … of them refused connections
	reached  bool // the server ever answered
	open     bool
	probing  bool
	probes   int // that failed
	next     time.Time
}

const (
	breakAfter      = 10 // failures in a row
	breakAfterDials = 3  // a connection that is refused leaves less doubt
	// Probes follow after 1, 2, 4, 8, 16 and 30 s: a server that restarts is
	// back by then. One that never answered is most likely not there at all.
	maxProbes        = 6
	maxProbesAtStart = 3
	maxProbePause    = 30 * time.Second
)

// wait returns how long until a probe may go out.
func (b *breaker) wait(now time.Time) time.Duration {
	if !b.open || b.probing {
		return 0
	}
	return b.next.Sub(now)
}

// blocked reports that a probe is out and everything else waits for it.
func (b *breaker) blocked() bool { return b.open && b.probing }

// enter reports whether the request that is let out is a probe.
func (b *breaker) enter() bool {
	if b.open {
		b.probing = true
	}
	return b.open
}

// success is a response that a working server gives.
func (b *breaker) success(probe bool) {
	b.failures, b.dials, b.reached = 0, 0, true
	// While it is open only the probe counts: the others were sent before.
	if probe {
		*b = breaker{reached: true}
	}
}

// failure counts a failure; it returns errDown when probing was in vain.
func (b *breaker) failure(now time.Time, probe, dial bool) error {
	b.failures++
	if dial {
		b.dials++
	}
	switch {
	case probe:
		b.probing = false
		b.probes++
		if b.probes >= maxProbes || !b.reached && b.probes >= maxProbesAtStart {
			return errDown
		}
		b.next = now.Add(min(time.Second<<b.probes, maxProbePause))
	case !b.open && (b.failures >= breakAfter || b.dials >= breakAfterDials):
		b.open = true
		b.next = now.Add(time.Second)
	}
	return nil
}
