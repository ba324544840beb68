package pipeline

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// defaultWaiting is how many nodes may wait on the network at once where
// Options.MaxWaiting does not say.
const defaultWaiting = 64

// slots are what nodes at work hold: one of max_workers CPU slots, or while
// they wait on the network a place of MaxWaiting instead.
type slots struct {
	cpu    *semaphore.Weighted
	places chan struct{}
	idles  []atomic.Bool // by stage: a node of it was idle, so that others will be
	wake   chan struct{} // holds one element when a slot or a place came free
	lanes  lanes
}

func newSlots(workers, waiting, stages int) *slots {
	if waiting <= 0 {
		waiting = defaultWaiting
	}
	return &slots{
		cpu:    semaphore.NewWeighted(int64(workers)),
		places: make(chan struct{}, waiting),
		idles:  make([]atomic.Bool, stages),
		wake:   make(chan struct{}, 1),
	}
}

// full reports that a node of the stage would only wait for a place, with a
// CPU slot in its hands that others could use.
func (s *slots) full(stage int) bool {
	return s.idles[stage].Load() && len(s.places) == cap(s.places)
}

func (s *slots) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// A holder is a task's hold on the slots.
type holder struct {
	slots *slots
	stage int
	turn  turn

	mu    sync.Mutex
	holds bool // a CPU slot
	away  int  // goroutines in Idle
	took  []Span
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
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away == 0 {
		h.slots.idles[h.stage].Store(true)
		select {
		case h.slots.places <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		h.release()
		h.begin(true)
	}
	h.away++
	return nil
}

func (h *holder) back(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.away--
	if h.away > 0 {
		return nil
	}
	h.over()
	<-h.slots.places
	h.slots.wakeUp()
	if err := h.slots.cpu.Acquire(ctx, 1); err != nil {
		return err
	}
	h.holds = true
	h.begin(false)
	return nil
}

// release gives the CPU slot up, if there is one.
func (h *holder) release() {
	if h.holds {
		h.holds = false
		h.over()
		h.slots.cpu.Release(1)
		h.slots.wakeUp()
	}
}

func (h *holder) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.release()
}
