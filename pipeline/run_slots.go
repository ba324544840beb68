package pipeline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// defaultWaiting is how many nodes may wait on the network at once where
// Options.MaxWaiting does not say.
const defaultWaiting = 64

// slots are what nodes at work hold: one of max_workers CPU slots while code of
// their kinds runs, or a place of MaxWaiting while that waits on the network.
// What the engine does before and after needs no slot, though a node that finds
// one free takes it when it begins. Quick nodes begin ahead, without one, so that
// the next is ready when a slot comes free; others do not, since what follows on
// the node that ends there is to go before them.
type slots struct {
	cpu    *semaphore.Weighted
	most   int32        // up to so many have begun when another begins ahead
	begun  atomic.Int32 // nodes at work, but for those that are or were on the network
	wanted atomic.Bool  // somebody looked for a free slot: tell when there is one
	places chan struct{}
	idles  []atomic.Bool // by stage: a node of it was idle, so that others will be
	asking atomic.Int32  // nodes of such stages that have begun and had no place yet
	wake   chan struct{} // holds one element when another node may begin, or a place came free
	lanes  lanes
}

func newSlots(workers, waiting, stages int) *slots {
	if waiting <= 0 {
		waiting = defaultWaiting
	}
	return &slots{
		cpu:    semaphore.NewWeighted(int64(workers)),
		most:   2 * int32(workers),
		places: make(chan struct{}, waiting),
		idles:  make([]atomic.Bool, stages),
		wake:   make(chan struct{}, 1),
	}
}

// full reports that a node of the stage would only wait for a place, while
// others could use a CPU slot.
func (s *slots) full(stage int) bool {
	return s.idles[stage].Load() && len(s.places)+int(s.asking.Load()) >= cap(s.places)
}

func (s *slots) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// A holder is a node at work, and its hold on the slots.
type holder struct {
	slots    *slots
	stage    int
	instance int
	attempt  int  // 1 is the first
	probe    bool // nothing is to be executed
	turn     turn
	quick    bool // its stage's nodes are
	at       int  // its place among the holders

	chain []int       // stages whose nodes the worker may go on to: see run.chain
	seen  []endedNode // those that it comes from
	next  *holder     // of the node that it went on to

	ending ending // how the node was left

	call atomic.Pointer[call] // at work for the node; whoever takes it away says how the node ends

	idling sync.Mutex // held to go to the network and to come back, waits included
	away   int        // goroutines in Idle

	mu    sync.Mutex // held for no wait of a goroutine that may outlive the node
	begun bool
	asks  bool // counted in slots.asking
	holds bool // a CPU slot
	ended bool
	took  []Span
	first [1]Span // of took, as a rule the only one
}

// holders are those of the nodes at work, in no order.
type holders []*holder

func (hs *holders) add(h *holder) {
	h.at = len(*hs)
	*hs = append(*hs, h)
}

func (hs *holders) remove(h *holder) {
	all := *hs
	last := len(all) - 1
	all[h.at], all[last].at = all[last], h.at
	all[last] = nil
	*hs = all[:last]
}

// free takes a CPU slot if one is free; else wake tells when one may be.
func (s *slots) free() bool {
	s.wanted.Store(true)
	return s.cpu.TryAcquire(1)
}

// ahead reports whether a quick node may begin without a slot.
func (s *slots) ahead() bool { return s.begun.Load() < s.most }

// start begins a node of a stage, with a slot that free took or without one.
func (s *slots) start(stage int, slot, quick bool, t turn) *holder {
	h := &holder{slots: s, stage: stage, quick: quick, begun: true, asks: s.idles[stage].Load(), turn: t}
	h.took = h.first[:0]
	s.begun.Add(1)
	if h.asks {
		s.asking.Add(1)
	}
	if slot {
		h.got()
	}
	return h
}

func (h *holder) asksNoMore() {
	if h.asks {
		h.asks = false
		h.slots.asking.Add(-1)
	}
}

// take waits for a CPU slot, where the node has none, and tells how long. The
// error is the context's.
func (h *holder) take(ctx context.Context) (waited time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.holds {
		return 0, nil
	}
	if h.slots.cpu.TryAcquire(1) {
		h.got()
		return 0, nil
	}
	from := time.Now()
	if err := h.slots.cpu.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	h.got()
	return time.Since(from), nil
}

// got notes that the node has a CPU slot.
func (h *holder) got() {
	h.holds = true
	h.begin(false)
}

// idle does what Task.Idle says.
func (h *holder) idle(ctx context.Context, _ *Task, f func(context.Context) error) (err error) {
	if err := h.leave(ctx); err != nil {
		return err
	}
	defer func() {
		if e := h.back(ctx); err == nil {
			err = e
		}
	}()
	return f(ctx)
}

func (h *holder) leave(ctx context.Context) error {
	h.idling.Lock()
	defer h.idling.Unlock()
	if h.away == 0 {
		h.slots.idles[h.stage].Store(true)
		h.mu.Lock()
		h.release() // for others, while it waits for a place
		h.mu.Unlock()
		select {
		case h.slots.places <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.asksNoMore()
		h.unbegin()
		h.begin(true)
	}
	h.away++
	return nil
}

// errEnded is what a goroutine gets that comes back from Idle to a node that
// has ended without it, because its kind has panicked.
var errEnded = errors.New("its node has ended")

func (h *holder) back(ctx context.Context) error {
	h.idling.Lock()
	defer h.idling.Unlock()
	h.away--
	if h.away > 0 {
		return nil
	}
	h.mu.Lock()
	h.over()
	ended := h.ended
	h.mu.Unlock()
	<-h.slots.places
	h.slots.wakeUp()
	if ended {
		return errEnded
	}
	// It does not begin again: that bounds how far ahead others are.
	if err := h.slots.cpu.Acquire(ctx, 1); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got()
	if h.ended {
		h.release()
		return errEnded
	}
	return nil
}

// release gives the CPU slot up, if there is one.
func (h *holder) release() {
	if h.holds {
		h.holds = false
		h.over()
		h.slots.cpu.Release(1)
		if h.slots.wanted.Load() {
			h.slots.wakeUp()
		}
	}
}

// unbegin lets another node begin.
func (h *holder) unbegin() {
	if h.begun {
		h.begun = false
		h.slots.begun.Add(-1)
		h.slots.wakeUp()
	}
}

// passOn passes what the node has on to another that begins in its place, and
// that nobody else knows yet.
func (h *holder) passOn(to *holder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.begun {
		h.begun = false
		h.slots.begun.Add(-1)
	}
	if h.holds {
		h.holds = false
		h.over()
		to.got()
	}
}

// giveCPU gives the CPU slot of a quick node up when no more code of its kind is
// to run; a long one keeps it to its end, for what follows on it, and so does one
// whose worker may go on to that by itself.
func (h *holder) giveCPU() {
	if h.quick && len(h.chain) == 0 {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.release()
	}
}

// end gives everything up, and returns where the node was at work.
func (h *holder) end() []Span {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	h.release()
	h.asksNoMore()
	h.unbegin()
	return slices.Clone(h.took) // a goroutine that comes back later ends its own
}
