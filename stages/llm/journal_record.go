package llm

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

const (
	insertAttempt = `INSERT INTO attempts (question, request, round, step, kind, provider, model, program, sent, prompt, reserved, sum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertResponse = `INSERT OR REPLACE INTO responses (attempt, received, status, header, body, complete, error, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	upsertVerdict  = `INSERT OR REPLACE INTO verdicts (attempt, reader, verdict, detail) VALUES (?, ?, ?, ?)`
	upsertServer   = `INSERT OR REPLACE INTO servers (server, mode, cap) VALUES (?, ?, ?)`

	// insertOutcome keeps the first outcome: money is settled once.
	insertOutcome = `INSERT INTO outcomes (attempt, class, input, output, estimated, cost) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (attempt) DO NOTHING`
	ensureSpend   = `INSERT INTO spend (provider, amount) VALUES (?, 0) ON CONFLICT (provider) DO NOTHING`
	addSpend      = `UPDATE spend SET amount = amount + ?2 WHERE provider = ?1`
	// reserveSpend changes nothing where the budget would be passed. It is one
	// statement inside a write transaction, so neither another goroutine nor
	// another process can come between the check and the booking.
	reserveSpend = `UPDATE spend SET amount = amount + ?2 WHERE provider = ?1 AND amount + ?2 <= ?3`
)

var writeStatements = []string{
	insertAttempt, insertResponse, upsertVerdict, upsertServer, insertOutcome, ensureSpend, addSpend, reserveSpend,
	selectClaim, upsertClaim, deleteClaim,
}

// An intent is a request about to be sent.
type intent struct {
	question, request string
	round, step       int
	kind              string
	provider, model   string
	program           string
	prompt            []byte
	sent              time.Time
	reserved          money

	owner string    // of the claim on the question
	until time.Time // when that ends by itself
	seen  int64     // newest attempt at the question that the owner knows of
}

func (a *intent) sum() []byte {
	h := framed{sha256.New()}
	h.str("question", a.question)
	h.str("request", a.request)
	h.int("round", int64(a.round))
	h.int("step", int64(a.step))
	h.str("kind", a.kind)
	h.str("provider", a.provider)
	h.str("model", a.model)
	h.str("program", a.program)
	h.int("sent", a.sent.UnixMilli())
	h.bytes("prompt", a.prompt)
	h.int("reserved", int64(a.reserved))
	return h.Sum(nil)
}

// errBudget says that a reservation would pass the budget.
var errBudget = errors.New("the budget does not allow it")

// begin records that a request is about to be sent and reserves its worst-case
// cost; budget < 0 means none. The attempt's id is valid once the channel gave
// nil; it gives errClaimed where another process is asking the question, and
// errBudget, with nothing announced, where the budget is too small.
// granted is called by the writer when the money is reserved.
func (j *Journal) begin(a *intent, budget money, id *int64, granted func()) <-chan error {
	sum := a.sum()
	return j.put(func(w *writer) error {
		if err := w.claim(a.question, a.owner, a.until, a.seen); err != nil {
			return err
		}
		if a.reserved > 0 {
			if _, err := w.exec(ensureSpend, a.provider); err != nil {
				return err
			}
			if budget < 0 {
				if _, err := w.exec(addSpend, a.provider, int64(a.reserved)); err != nil {
					return err
				}
			} else {
				res, err := w.exec(reserveSpend, a.provider, int64(a.reserved), int64(budget))
				if err != nil {
					return err
				}
				if n, err := res.RowsAffected(); err != nil {
					return err
				} else if n == 0 {
					return errBudget
				}
			}
		}
		res, err := w.exec(insertAttempt, a.question, a.request, a.round, a.step, a.kind, a.provider, a.model, a.program,
			a.sent.UnixMilli(), a.prompt, int64(a.reserved), sum)
		if err != nil {
			return err
		}
		if *id, err = res.LastInsertId(); err != nil {
			return err
		}
		granted()
		j.at("intent")
		return nil
	})
}

// A response is what came back for an attempt, whatever it was.
type response struct {
	attempt  int64
	received time.Time
	status   int         // 0 when there was none
	header   http.Header // those on the allow list
	body     []byte      // redacted
	complete bool
	err      string // of the transport
}

func (r *response) sum(question, header string) []byte {
	h := framed{sha256.New()}
	h.str("question", question)
	h.int("attempt", r.attempt)
	h.int("received", r.received.UnixMilli())
	h.int("status", int64(r.status))
	h.str("header", header)
	h.bytes("body", r.body)
	h.int("complete", boolInt(r.complete))
	h.str("error", r.err)
	return h.Sum(nil)
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// record stores a response; it is on disk when the channel gave nil.
func (j *Journal) record(question string, r *response) <-chan error {
	header, err := json.Marshal(r.header) // keys sorted
	if err != nil || r.header == nil {
		header = []byte("{}")
	}
	sum := r.sum(question, string(header))
	return j.put(func(w *writer) error {
		_, err := w.exec(insertResponse, r.attempt, r.received.UnixMilli(), r.status, string(header), nonNil(r.body), boolInt(r.complete), r.err, sum)
		j.at("response")
		return err
	})
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// An outcome is what an attempt came to.
type outcome struct {
	attempt int64
	class   string
	usage   Usage
	cost    money
}

// settle books the cost of an attempt in place of its reservation. A second
// outcome of the same attempt changes nothing.
func (j *Journal) settle(provider string, reserved money, o outcome) <-chan error {
	return j.put(func(w *writer) error {
		res, err := w.exec(insertOutcome, o.attempt, o.class, o.usage.Input, o.usage.Output, boolInt(o.usage.Estimated), int64(o.cost))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		if d := o.cost - reserved; d != 0 {
			if _, err := w.exec(ensureSpend, provider); err != nil {
				return err
			}
			if _, err := w.exec(addSpend, provider, int64(d)); err != nil {
				return err
			}
		}
		j.at("outcome")
		return nil
	})
}

// judge records a verdict of this reader.
func (j *Journal) judge(attempt int64, v Verdict, detail string) <-chan error {
	return j.put(func(w *writer) error {
		_, err := w.exec(upsertVerdict, attempt, ReaderVersion, string(v), detail)
		j.at("verdict")
		return err
	})
}

// spent returns what a provider has cost over all runs, reservations included.
func (j *Journal) spent(ctx context.Context, provider string) (money, error) {
	var n int64
	err := j.r.QueryRowContext(ctx, `SELECT amount FROM spend WHERE provider = ?`, provider).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, j.readError(ctx, err)
	}
	return money(n), nil
}

// sentIn counts the requests that a provider was sent and that reached it, as
// far as is known, within d of now. Those of the past day may have times in the
// next one, where the clock was set back since; what lies further ahead is from
// a clock that was wrong, and would count for as long as it was.
func (j *Journal) sentIn(ctx context.Context, provider string, d time.Duration, now time.Time) (int, error) {
	var n int
	err := j.r.QueryRowContext(ctx, `SELECT COUNT(*) FROM attempts a LEFT JOIN outcomes o ON o.attempt = a.id
WHERE a.provider = ? AND a.sent BETWEEN ? AND ? AND COALESCE(o.class, '') NOT IN ('not_sent', 'no_connection')`,
		provider, now.Add(-d).UnixMilli(), now.Add(d).UnixMilli()).Scan(&n)
	if err != nil {
		return 0, j.readError(ctx, err)
	}
	return n, nil
}

// server returns what was learnt about a server; empty strings when nothing.
func (j *Journal) server(ctx context.Context, server string) (mode, capName string, err error) {
	err = j.r.QueryRowContext(ctx, `SELECT mode, cap FROM servers WHERE server = ?`, server).Scan(&mode, &capName)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	if err != nil {
		return "", "", j.readError(ctx, err)
	}
	return mode, capName, nil
}

func (j *Journal) putServer(server, mode, capName string) <-chan error {
	return j.put(func(w *writer) error {
		_, err := w.exec(upsertServer, server, mode, capName)
		return err
	})
}

func (j *Journal) readError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	j.mark(err)
	return &JournalError{j.path, "read", err}
}
