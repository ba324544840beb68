package llm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// funds counts the reservations of this process that are not settled. A request
// that the budget refuses waits while there are any, because answers cost less
// than was reserved for them; it fails once there is none left.
type funds struct {
	mu      *sync.Mutex
	granted int
	changed chan struct{} // closed at every settlement
}

func newFunds() funds { return funds{mu: new(sync.Mutex), changed: make(chan struct{})} }

// reserve announces a request in the journal and books its worst-case cost.
func (c *Client) reserve(ctx context.Context, in *intent) (int64, error) {
	budget := money(-1)
	if c.cfg.Budget > 0 {
		budget = toMoney(c.cfg.Budget)
	}
	f := &c.funds
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		var id int64
		err := <-c.j.begin(in, budget, &id, func() {
			// In the writer's goroutine, so that who is refused after this
			// one sees it.
			f.mu.Lock()
			f.granted++
			f.mu.Unlock()
		})
		if err == nil {
			return id, nil
		}
		switch {
		case errors.Is(err, errClaimed):
			return 0, err
		case !errors.Is(err, errBudget):
			return 0, c.end(err)
		}
		f.mu.Lock()
		again, none := changed != f.changed, f.granted == 0
		f.mu.Unlock()
		if again {
			continue
		}
		if none {
			spent, err := c.j.spent(ctx, in.provider)
			if err != nil {
				return 0, err
			}
			p := c.pause(BudgetSpent, zeroTime, fmt.Errorf(
				"the budget of %.4g %s does not allow the next request: %.4g is spent or reserved, and it may cost %.4g",
				c.cfg.Budget, c.cfg.Price.Currency, spent.float(), in.reserved.float()))
			p.Beyond = in.reserved > budget
			return 0, c.end(p)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if err := c.over(); err != nil {
			return 0, err
		}
	}
}

// settle books what a request cost. A failure leaves the reservation booked,
// which is safe, so it is not an error of the question.
func (c *Client) settle(in *intent, o outcome) {
	settled := c.j.settle(in.provider, in.reserved, o)
	free := func() {
		f := &c.funds
		f.mu.Lock()
		f.granted--
		close(f.changed)
		f.changed = make(chan struct{})
		f.mu.Unlock()
	}
	if c.cfg.Budget <= 0 {
		free()
		return
	}
	if err := <-settled; err != nil {
		c.warn("the cost of a request could not be booked, its reservation stays: %v", err)
	}
	free()
}

// daily pauses the client once as many requests were sent in the last 24 hours
// as the provider allows in a day.
func (c *Client) daily(ctx context.Context) error {
	limit := c.cfg.Limits.RequestsPerDay
	if limit <= 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	// The journal is counted at the start, and again where the count would
	// end the run: some may be older than a day by now.
	if c.counted.IsZero() || c.today >= limit && now.Sub(c.counted) > time.Minute {
		n, err := c.j.sentIn(ctx, c.cfg.Name, 24*time.Hour, now)
		if err != nil {
			return err
		}
		c.today, c.counted = n, now
	}
	if c.today >= limit {
		err := c.pause(DailyQuota, zeroTime, fmt.Errorf("requests_per_day is %d, and so many were sent in the last 24 hours", limit))
		err.Freed = c.j.freed(ctx, c.cfg.Name, now)
		return err
	}
	c.today++
	return nil
}

// A retryBudget keeps retries to a tenth of the requests over a whole run, so
// that a broken server is not beaten by retries. What is over budget waits.
type retryBudget struct {
	mu    *sync.Mutex
	level float64
	size  float64
	at    time.Time
}

const (
	retryShare   = 0.1
	retrySeconds = 1.0 // one more a second, so that a waiting retry gets through
)

// newRetryBudget starts with enough for all that is in flight to fail once, as
// when the server restarts.
func newRetryBudget(inFlight int, now time.Time) retryBudget {
	size := float64(max(20, 2*inFlight))
	return retryBudget{mu: new(sync.Mutex), level: size / 2, size: size, at: now}
}

func (b *retryBudget) earn(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill(now)
	b.level = min(b.size, b.level+retryShare)
}

func (b *retryBudget) refill(now time.Time) {
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.level, b.at = min(b.size, b.level+d*retrySeconds), now
	}
}

// spend takes one retry and returns how long to wait for it.
func (b *retryBudget) spend(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill(now)
	b.level--
	if b.level >= 0 {
		return 0
	}
	return time.Duration(-b.level / retrySeconds * float64(time.Second))
}
