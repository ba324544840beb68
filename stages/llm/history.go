package llm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

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

// Digest identifies everything that the journal holds, for provenance: hex
// SHA-256 over the digests of all responses.
func (j *Journal) Digest(ctx context.Context) (string, error) {
	if err := j.flush(ctx); err != nil {
		return "", err
	}
	rows, err := j.r.QueryContext(ctx, `SELECT sum FROM responses ORDER BY attempt`)
	if err != nil {
		return "", j.readError(ctx, err)
	}
	defer rows.Close()
	h := framed{sha256.New()}
	for rows.Next() {
		var sum []byte
		if err := rows.Scan(&sum); err != nil {
			return "", j.readError(ctx, err)
		}
		h.bytes("response", sum)
	}
	if err := rows.Err(); err != nil {
		return "", j.readError(ctx, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
