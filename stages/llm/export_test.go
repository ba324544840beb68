package llm

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"
)

// AtStep calls f at each step of persisting, by name. It must be set before the
// journal is used.
func (j *Journal) AtStep(f func(string)) { j.step = f }

// LimitPages makes the disk look full once the file has n pages more than now;
// n < 0 lifts the limit.
func (j *Journal) LimitPages(n int) error {
	return j.onWriter(func(ctx context.Context, c *sql.Conn) error {
		var now int
		if err := c.QueryRowContext(ctx, "PRAGMA page_count").Scan(&now); err != nil {
			return err
		}
		limit := now + n
		if n < 0 {
			limit = 1 << 30
		}
		_, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", limit))
		return err
	})
}

// onWriter runs f on the connection that writes, in a transaction.
func (j *Journal) onWriter(f func(context.Context, *sql.Conn) error) error {
	return <-j.put(func(w *writer) error { return f(context.Background(), w.conn) })
}

// Exec changes the tables behind the journal's back.
func (j *Journal) Exec(query string, args ...any) error {
	return j.onWriter(func(ctx context.Context, c *sql.Conn) error {
		_, err := c.ExecContext(ctx, query, args...)
		return err
	})
}

// Prepare takes one of the places for questions that are being prepared, of
// which there are MostPrepared.
func (c *Client) Prepare(ctx context.Context) (prepared func(), err error) { return c.prepare(ctx) }

func (c *Client) MostPrepared() int { return cap(c.preparing) }

// Gate is the adaptive limit, without a server.
type Gate struct {
	g    gate
	sent map[int64]time.Time
}

func NewGate(most int) *Gate { return &Gate{newGate(most), map[int64]time.Time{}} }
func (g *Gate) Limit() int   { return int(g.g.limit) }
func (g *Gate) Open() bool   { return g.g.open() }
func (g *Gate) Enter(now time.Time) int64 {
	no := g.g.enter()
	g.sent[no] = now
	return no
}
func (g *Gate) Done(no int64, now time.Time) {
	g.g.now--
	g.g.leave(no, now, now.Sub(g.sent[no]), 1)
}
func (g *Gate) Refused(no int64, now time.Time) {
	g.g.now--
	g.g.refused(no, now, 0)
}

// Limiter decides when requests go, without a server or a journal.
type Limiter struct{ l *limiter }

// NewLimiter takes limits as a Client's are, with their defaults.
func NewLimiter(l Limits) *Limiter { return &Limiter{newLimiter(l, time.Now())} }

// Acquire waits for leave to send; release says what came of it.
func (l *Limiter) Acquire(ctx context.Context, tokens int) (release func(what string, tokens int) error, err error) {
	t, err := l.l.acquire(ctx, tokens)
	return func(what string, tokens int) error {
		return l.l.release(t, result{class: class(what), tokens: tokens}, defaultMaxWait)
	}, err
}

// Bodies counts the kept answers and the announced requests without a response,
// by the SHA-256 of the request's body in hex.
func (j *Journal) Bodies(ctx context.Context) (kept, open map[string]int, err error) {
	rows, err := j.r.QueryContext(ctx, `SELECT a.prompt, COALESCE(r.complete, 0) = 1 AND r.status = 200 FROM attempts a LEFT JOIN responses r ON r.attempt = a.id`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	kept, open = map[string]int{}, map[string]int{}
	for rows.Next() {
		var body []byte
		var whole bool
		if err := rows.Scan(&body, &whole); err != nil {
			return nil, nil, err
		}
		sum := sha256.Sum256(body)
		if whole {
			kept[hex.EncodeToString(sum[:])]++
		} else {
			open[hex.EncodeToString(sum[:])]++
		}
	}
	return kept, open, rows.Err()
}

// MoveInTime changes when an attempt was sent, with its digest.
func (j *Journal) MoveInTime(id int64, d time.Duration) error {
	var a intent
	var sent, reserved int64
	if err := j.r.QueryRow(`SELECT question, request, round, step, kind, provider, model, program, sent, prompt, reserved FROM attempts WHERE id = ?`, id).
		Scan(&a.question, &a.request, &a.round, &a.step, &a.kind, &a.provider, &a.model, &a.program, &sent, &a.prompt, &reserved); err != nil {
		return err
	}
	a.sent, a.reserved = time.UnixMilli(sent).Add(d), money(reserved)
	return j.Exec(`UPDATE attempts SET sent = ?, sum = ? WHERE id = ?`, a.sent.UnixMilli(), a.sum(), id)
}

// An Exchange is one request about a question and what became of it, answers
// and failures alike.
type Exchange struct {
	ID       int64
	Sent     time.Time
	Received time.Time // zero when nothing came
	Round    int       // counts the times the question was asked anew
	Step     int
	Kind     string
	Class    string // answer, rate_limited, server_error, …; "" when the process died before it was known
	Status   int    // HTTP status; 0 when there was none
	Complete bool   // the body is whole
	Error    string // of the transport
	Body     []byte // secrets redacted
}

// History returns every request about a question, oldest first.
func (c *Client) History(ctx context.Context, q Question) ([]Exchange, error) {
	if c.replay != nil {
		return nil, nil
	}
	if err := c.j.flush(ctx); err != nil {
		return nil, err
	}
	rows, err := c.j.r.QueryContext(ctx, `SELECT a.id, a.sent, COALESCE(r.received, 0), a.round, a.step, a.kind, COALESCE(o.class, ''), COALESCE(r.status, 0), COALESCE(r.complete, 0), COALESCE(r.error, ''), r.body
FROM attempts a LEFT JOIN responses r ON r.attempt = a.id LEFT JOIN outcomes o ON o.attempt = a.id WHERE a.question = ? ORDER BY a.id`, c.cfg.QuestionKey(q))
	if err != nil {
		return nil, c.j.readError(ctx, err)
	}
	defer rows.Close()
	var out []Exchange
	for rows.Next() {
		var e Exchange
		var sent, received int64
		if err := rows.Scan(&e.ID, &sent, &received, &e.Round, &e.Step, &e.Kind, &e.Class, &e.Status, &e.Complete, &e.Error, &e.Body); err != nil {
			return nil, c.j.readError(ctx, err)
		}
		e.Sent = time.UnixMilli(sent)
		if received > 0 {
			e.Received = time.UnixMilli(received)
		}
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, c.j.readError(ctx, err)
	}
	return out, nil
}
