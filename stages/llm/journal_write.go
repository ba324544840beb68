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

// A writer runs statements on the one connection that writes, inside the
// transaction of the moment. It is used by one goroutine.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	err   error // the first that failed; the transaction is lost then
}

const (
	beginWrite = "BEGIN IMMEDIATE"
	commit     = "COMMIT"
	rollback   = "ROLLBACK"
)

// newWriter prepares the statements on a connection of their own: a
// transaction of database/sql would bind each of them anew each time.
func newWriter(db *sql.DB) (*writer, error) {
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, stmts: map[string]*sql.Stmt{}}
	for _, q := range append([]string{beginWrite, commit, rollback}, writeStatements...) {
		s, err := conn.PrepareContext(ctx, q)
		if err != nil {
			w.close()
			return nil, err
		}
		w.stmts[q] = s
	}
	return w, nil
}

func (w *writer) close() {
	for _, s := range w.stmts {
		s.Close()
	}
	w.conn.Close()
}

// exec runs one of the prepared statements.
func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	s := w.stmts[query]
	if s == nil {
		return nil, fmt.Errorf("statement not prepared: %s", query)
	}
	res, err := s.Exec(args...)
	if err != nil {
		w.err = err
	}
	return res, err
}

// queryRow runs one of the prepared statements, which gives one row.
func (w *writer) queryRow(query string, args ...any) *sql.Row {
	return w.stmts[query].QueryRow(args...)
}

// transact runs f in a transaction. The error says that none of it happened.
func (w *writer) transact(f func() error) error {
	w.err = nil
	if _, err := w.exec(beginWrite); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = w.exec(commit)
	}
	if err != nil {
		// SQLite has rolled back by itself after some errors, such as a full
		// disk; then there is nothing left to roll back.
		w.stmts[rollback].Exec()
	}
	return err
}

// maxBatch bounds a transaction, so that a commit stays well under 100 ms.
const maxBatch = 256

// write is the journal's only writing goroutine. Ops that come while a commit
// is being synced make up the next one, so that the disk's sync rate limits
// latency but not throughput.
func (j *Journal) write() {
	defer close(j.done)
	defer close(j.commits)
	w, prepErr := newWriter(j.w)
	if prepErr == nil {
		defer w.close()
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
				o.done <- &JournalError{j.path, "write", prepErr}
			}
			continue
		}
		j.commit(batch, w)
	}
}

// commit runs a batch in one transaction. An op may refuse on its own account,
// which leaves the others alone; a failing statement fails the whole batch.
func (j *Journal) commit(batch []op, w *writer) {
	errs := make([]error, len(batch))
	err := w.transact(func() error {
		for i, o := range batch {
			errs[i] = o.do(w)
			if w.err != nil {
				return w.err
			}
		}
		j.at("before commit")
		return nil
	})
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
