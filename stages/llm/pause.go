package llm

import (
	"context"
	"fmt"
	"time"
)

// Mend says what has to happen before another run gets further, as the end of a
// sentence that people read after Error: "…; raise budget in …, then run again".
// Times are local.
func (e *PauseError) Mend() string {
	block := fmt.Sprintf("provider %q", e.Provider)
	const day = "Jan 2, 15:04"
	switch e.Kind {
	case BudgetSpent:
		if e.Beyond {
			return fmt.Sprintf("raise budget or lower max_tokens in %s, since one request may cost more than all of it, then run again to go on from here", block)
		}
		return fmt.Sprintf("raise budget in %s, then run again to go on from here", block)
	case DailyQuota:
		if !e.Freed.IsZero() {
			return fmt.Sprintf("run again after %s, when the first of those is a day old, or raise requests_per_day in the limits of %s", e.Freed.Local().Format(day), block)
		}
		return "run again when the server counts a new day, to go on from here"
	case InsufficientQuota:
		return fmt.Sprintf("add credit to the account of %s, then run again to go on from here", block)
	case LongWait:
		if !e.Until.IsZero() {
			return fmt.Sprintf("run again after %s, or raise max_wait in %s", e.Until.Local().Format(day), block)
		}
		return fmt.Sprintf("run again later, or raise max_wait in %s", block)
	case NoRecord:
		return fmt.Sprintf("take replay out of %s to ask the model, or name a recording that has the answers", block)
	case Unreachable:
		return fmt.Sprintf("run again when the server answers at the base_url of %s, to go on from here", block)
	}
	return "run again to go on from here"
}

// freed is when the oldest request of a provider that counts for its daily
// quota is a day old; zero where that cannot be told.
func (j *Journal) freed(ctx context.Context, provider string, now time.Time) time.Time {
	const window = 24 * time.Hour
	var sent int64
	err := j.r.QueryRowContext(ctx, `SELECT a.sent FROM attempts a LEFT JOIN outcomes o ON o.attempt = a.id
WHERE a.provider = ? AND a.sent BETWEEN ? AND ? AND COALESCE(o.class, '') NOT IN ('not_sent', 'no_connection') ORDER BY a.sent LIMIT 1`,
		provider, now.Add(-window).UnixMilli(), now.Add(window).UnixMilli()).Scan(&sent)
	if err != nil {
		return time.Time{} // it is only for people
	}
	return time.UnixMilli(sent).Add(window)
}
