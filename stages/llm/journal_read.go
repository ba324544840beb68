package llm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// A recorded answer: a complete response with a 2xx status, and its attempt.
type recorded struct {
	id       int64
	round    int
	step     int
	kind     string
	sent     time.Time
	prompt   []byte
	reserved money
	settled  bool    // an outcome is recorded
	verdict  Verdict // of this reader, as recorded; "" when it has none
	resp     response
	opened   *opened // resp's envelope; nil until it is read
}

const selectRecorded = `SELECT a.id, a.question, a.request, a.round, a.step, a.kind, a.provider, a.model, a.program, a.sent, a.prompt, a.reserved, a.sum,
  r.received, r.status, r.header, r.body, r.complete, r.error, r.sum, o.attempt IS NOT NULL, COALESCE(v.verdict, '')
FROM attempts a JOIN responses r ON r.attempt = a.id LEFT JOIN outcomes o ON o.attempt = a.id
  LEFT JOIN verdicts v ON v.attempt = a.id AND v.reader = ?
WHERE a.question = ? AND r.complete = 1 AND r.status BETWEEN 200 AND 299
ORDER BY a.id`

// answers returns the recorded answers to a question, oldest first, and the
// newest answered attempt. A row whose digest does not fit is left out and named
// in warnings: what is damaged is asked again, never believed.
func (j *Journal) answers(ctx context.Context, question string) (got []recorded, newest int64, warnings []string, err error) {
	rows, err := j.find.QueryContext(ctx, ReaderVersion, question)
	if err != nil {
		return nil, 0, nil, j.readError(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			a                intent
			c                recorded
			sent, recv       int64
			reserved         int64
			sumA, sumR       []byte
			header           string
			complete, settle bool
		)
		err := rows.Scan(&c.id, &a.question, &a.request, &a.round, &a.step, &a.kind, &a.provider, &a.model, &a.program, &sent, &a.prompt, &reserved, &sumA,
			&recv, &c.resp.status, &header, &c.resp.body, &complete, &c.resp.err, &sumR, &settle, &c.verdict)
		newest = max(newest, c.id)
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("journal %s: a row of question %.12s cannot be read, and is taken for absent: %v", j.path, question, err))
			continue
		}
		a.sent, a.reserved = time.UnixMilli(sent), money(reserved)
		c.resp.attempt, c.resp.received, c.resp.complete = c.id, time.UnixMilli(recv), complete
		if !bytes.Equal(sumA, a.sum()) || !bytes.Equal(sumR, c.resp.sum(question, header)) {
			warnings = append(warnings, fmt.Sprintf("journal %s: answer %d does not have the digest it was written with, and is taken for absent", j.path, c.id))
			continue
		}
		if err := json.Unmarshal([]byte(header), &c.resp.header); err != nil {
			warnings = append(warnings, fmt.Sprintf("journal %s: headers of answer %d: %v", j.path, c.id, err))
		}
		c.round, c.step, c.kind, c.prompt, c.sent, c.reserved, c.settled = a.round, a.step, a.kind, a.prompt, a.sent, a.reserved, settle
		got = append(got, c)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, warnings, j.readError(ctx, err)
	}
	return got, newest, warnings, nil
}

// lastRound returns the highest round in which a question was asked, 0 when it
// never was.
func (j *Journal) lastRound(ctx context.Context, question string) (int, error) {
	var n int
	if err := j.r.QueryRowContext(ctx, `SELECT COALESCE(MAX(round), 0) FROM attempts WHERE question = ?`, question).Scan(&n); err != nil {
		return 0, j.readError(ctx, err)
	}
	return n, nil
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
