package llm

import (
	"fmt"
	"time"
)

// AtStep calls f at each step of persisting, by name. It must be set before the
// journal is used.
func (j *Journal) AtStep(f func(string)) { j.step = f }

// LimitPages makes the disk look full once the file has n pages more than now;
// n < 0 lifts the limit.
func (j *Journal) LimitPages(n int) error {
	var now int
	if err := j.w.QueryRow("PRAGMA page_count").Scan(&now); err != nil {
		return err
	}
	limit := now + n
	if n < 0 {
		limit = 1 << 30
	}
	_, err := j.w.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", limit))
	return err
}

// Exec changes the tables behind the journal's back.
func (j *Journal) Exec(query string, args ...any) error {
	_, err := j.w.Exec(query, args...)
	return err
}

// Gate is the adaptive limit, without a server.
type Gate struct{ g gate }

func NewGate(most int, now time.Time) *Gate { return &Gate{newGate(most, now)} }
func (g *Gate) Limit() int                  { return int(g.g.limit) }
func (g *Gate) Open() bool                  { return g.g.open() }
func (g *Gate) Enter() int64                { return g.g.enter() }
func (g *Gate) Done(no int64, now time.Time) {
	g.g.now--
	g.g.leave(no, now, 1, false, 0)
}
func (g *Gate) Refused(no int64, now time.Time) {
	g.g.now--
	g.g.leave(no, now, 0, true, 0)
}
