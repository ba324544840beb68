package pipeline

import (
	"sync"
	"time"
)

// A Span is a stretch of the time in which a node was at work: on one of
// max_workers CPU slots, or waiting on the network. Lanes are numbered from 0,
// and spans of one kind on one lane do not overlap.
type Span struct {
	Network  bool
	Lane     int
	From, To time.Time
}

// lanes hands out the numbers of lanes, the lowest that is free.
type lanes struct {
	mu   sync.Mutex
	busy [2][]bool // CPU, network
}

func (l *lanes) of(network bool) *[]bool {
	if network {
		return &l.busy[1]
	}
	return &l.busy[0]
}

func (l *lanes) take(network bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	busy := l.of(network)
	for i, b := range *busy {
		if !b {
			(*busy)[i] = true
			return i
		}
	}
	*busy = append(*busy, true)
	return len(*busy) - 1
}

func (l *lanes) give(network bool, lane int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	(*l.of(network))[lane] = false
}

// begin begins a span. The caller holds h.mu, or nobody else knows h yet; the
// same goes for over.
func (h *holder) begin(network bool) {
	h.took = append(h.took, Span{Network: network, Lane: h.slots.lanes.take(network), From: time.Now()})
}

// over ends the last span.
func (h *holder) over() {
	s := &h.took[len(h.took)-1]
	s.To = time.Now()
	h.slots.lanes.give(s.Network, s.Lane)
}

// beginPhase starts a phase with its scan.
func (r *run) beginPhase(p int) {
	r.phases[p].began = time.Now()
	r.startPhase(p)
}

// endScan says so when a phase was scanned to its end.
func (r *run) endScan(p int) {
	if ph := &r.phases[p]; ph.taken == ph.chunks {
		r.emit(Event{Event: EventScanned, Seconds: time.Since(ph.began).Seconds()})
	}
}
