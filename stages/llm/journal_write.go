package llm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// An op is one write. It runs inside a transaction that it may share with
// others; done gets nil once that is committed.
type op struct {
	do   func(*writer) error
	done chan error
}

// A writer runs statements in the transaction of the moment.
type writer struct {
	tx    *sql.Tx
	stmts map[string]*sql.Stmt
	err   error // the first that failed; the transaction is lost then
}

// exec runs a statement that is prepared once.
func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	s, err := w.stmt(query)
	if err != nil {
		return nil, err
	}
	res, err := s.Exec(args...)
	if err != nil {
		w.err = err
	}
	return res, err
}

func (w *writer) stmt(query string) (*sql.Stmt, error) {
	s := w.stmts[query]
	if s == nil {
		return nil, fmt.Errorf("statement not prepared: %s", query)
	}
	return w.tx.Stmt(s), nil
}

// maxBatch bounds a transaction, so that a commit stays well under 100 ms.
const maxBatch = 256

// write is the journal's only writing goroutine. Ops that come while a commit
// is being synced make up the next one, so that the disk's sync rate limits
// latency but not throughput.
func (j *Journal) write() {
	defer close(j.done)
	defer close(j.commits)
	stmts := map[string]*sql.Stmt{}
	defer func() {
		for _, s := range stmts {
			s.Close()
		}
	}()
	var prepErr error
	for _, q := range writeStatements {
		s, err := j.w.Prepare(q)
		if err != nil {
			prepErr = err
			break
		}
		stmts[q] = s
	}
	batch := make([]op, 0, maxBatch)
	for first := range j.ops {
		batch = append(batch[:0], first)
	gather:
		for len(batch) < maxBatch {
			select {
			case o, ok := <-j.ops:
				if !ok {
					break gather
				}
				batch = append(batch, o)
			default:
				break gather
			}
		}
		if prepErr != nil {
			for _, o := range batch {
				o.done <- prepErr
			}
			continue
		}
		j.commit(batch, stmts)
	}
}

// commit runs a batch in one transaction. An op may refuse on its own account,
// which leaves the others alone; a failing statement fails the whole batch.
func (j *Journal) commit(batch []op, stmts map[string]*sql.Stmt) {
	errs := make([]error, len(batch))
	err := func() error {
		tx, err := j.w.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		w := &writer{tx: tx, stmts: stmts}
		for i, o := range batch {
			errs[i] = o.do(w)
			if w.err != nil {
				return w.err
			}
		}
		j.at("before commit")
		return tx.Commit()
	}()
	if err == nil {
		j.at("after commit")
		select {
		case j.commits <- struct{}{}:
		default:
		}
	}
	for i, o := range batch {
		if err != nil {
			j.mark(err)
			o.done <- &JournalError{j.path, "write", err}
			continue
		}
		o.done <- errs[i]
	}
}

func (j *Journal) at(step string) {
	if j.step != nil {
		j.step(step)
	}
}

// checkpointAfter is how many commits go into the write-ahead log before it is
// worked off.
const checkpointAfter = 256

// checkpoint works the write-ahead log off into the database, beside the writer
// and not in it: a commit that had to wait for that would be late by as much as
// a request takes. A log that is not worked off is only long, so that errors
// are left to the next commit.
func (j *Journal) checkpoint() {
	defer close(j.rested)
	n := 0
	for range j.commits {
		if n++; n >= checkpointAfter {
			n = 0
			if c, err := j.r.Conn(context.Background()); err == nil {
				c.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
				c.Close()
			}
		}
	}
}

// put hands a write over without waiting for it.
func (j *Journal) put(do func(*writer) error) <-chan error {
	done := make(chan error, 1)
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		done <- &JournalError{j.path, "write", errors.New("it is closed")}
		return done
	}
	if j.readOnly {
		done <- &JournalError{j.path, "write", errors.New("it is open for reading only")}
		return done
	}
	j.ops <- op{do, done}
	return done
}

// flush waits until everything handed over before is on disk.
func (j *Journal) flush(ctx context.Context) error {
	if j.readOnly {
		return nil
	}
	select {
	case err := <-j.put(func(*writer) error { return nil }):
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
