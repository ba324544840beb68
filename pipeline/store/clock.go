package store

import (
	"os"
	"sync"
	"time"
)

// A clock reads the clock with which the kernel stamps files, by writing one:
// it is coarser than time.Now and may lag behind it.
type clock struct {
	path string // "" to guess from time.Now

	mu      sync.Mutex
	f       *os.File
	last    int64     // nanoseconds since 1970, as the file system says
	lastAt  time.Time // with a monotonic reading
	margins map[uint64]time.Duration

	tried bool   // whether the clock is exact
	exact uint64 // the device whose files get a new time stamp with each change, 0 when none is known
}

// probeEvery bounds how often the clock is read. An old reading is safe: a
// file that changed after it is distrusted.
const probeEvery = 50 * time.Millisecond

// now returns a moment that no change made from here on can be stamped
// before.
func (c *clock) now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.lastAt.IsZero() && time.Since(c.lastAt) < probeEvery {
		return c.last
	}
	t, ok := c.probe()
	if !ok {
		t = time.Now().Add(-marginRemote).UnixNano()
	}
	c.last, c.lastAt = t, time.Now()
	return t
}

func (c *clock) probe() (int64, bool) {
	if c.path == "" {
		return 0, false
	}
	if c.f == nil {
		f, err := os.OpenFile(c.path, os.O_WRONLY|os.O_CREATE, 0o666)
		if err != nil {
			c.path = "" // a read-only place: guess from now on
			return 0, false
		}
		c.f = f
	}
	if _, err := c.f.WriteAt([]byte{'\n'}, 0); err != nil {
		return 0, false
	}
	st, err := statOpen(c.f)
	return st.Mtime, err == nil
}

// exactTries is how many changes in a row must get time stamps of their own.
const exactTries = 16

// coarseTick is the shortest tick of a kernel's coarse clock.
const coarseTick = time.Millisecond

// isExact reports whether every change of a file on a device that comes after
// its stat was taken gives it another stat, however soon: then a stat needs no
// time to settle. Linux does so since 6.13 where the file system takes part
// (multigrain time stamps); here it is tried out, on the clock's own device.
// Another machine's clock is never exact, since stats may come from a cache.
func (c *clock) isExact(dev uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.tried {
		c.tried = true
		c.exact = c.tryExact()
	}
	return dev != 0 && dev == c.exact
}

func (c *clock) tryExact() uint64 {
	if _, ok := c.probe(); !ok || margin(c.path) != marginLocal {
		return 0
	}
	began := time.Now()
	var stats []Stat
	for range exactTries + 1 {
		_, ok := c.probe()
		st, err := statOpen(c.f)
		if err != nil || !ok {
			return 0
		}
		stats = append(stats, st)
	}
	if !tooFastToTick(stats, time.Since(began)) {
		return 0
	}
	return stats[0].Dev
}

// tooFastToTick reports whether the stats of changes that were made one after
// another tell of a clock that does not tick: all differ, and in so short a time
// that one which ticks would have given two of them the same. On a disk that
// takes a tick for each change, or a machine that is busy, nobody can tell.
func tooFastToTick(stats []Stat, took time.Duration) bool {
	for i, st := range stats[1:] {
		if st.Mtime <= stats[i].Mtime || st.Ctime <= stats[i].Ctime {
			return false
		}
	}
	return took < time.Duration(len(stats)-1)*coarseTick
}

// margin says how long before a moment of the clock a file must have changed
// for a later change to be seen. Any file of the device will do as path.
func (c *clock) margin(dev uint64, path string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.margins[dev]
	if !ok {
		m = margin(path)
		if c.margins == nil {
			c.margins = map[uint64]time.Duration{}
		}
		c.margins[dev] = m
	}
	return int64(m)
}

func (c *clock) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.f != nil {
		c.f.Close()
		c.f = nil
	}
}

// Settled reports whether a file or folder that had this stat at or after a
// moment cannot change any more without another stat. Where time stamps are
// another machine's nobody knows.
func Settled(path string, st Stat, at time.Time) bool {
	return st.Ino != 0 && margin(path) == marginLocal && st.changed() < at.Add(-marginRemote).UnixNano()
}
