package llm

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite" // also the database/sql driver "sqlite"
)

// journalVersion is the layout of the tables, kept in user_version.
const journalVersion = 1

// The tables. A row of attempts is written and synced before its request is
// sent, the row of responses before the response is looked at, and outcomes and
// verdicts once it was. Rows are never changed but for outcomes and spend,
// which can be made again from the others.
const schema = `
CREATE TABLE IF NOT EXISTS attempts (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  question TEXT NOT NULL,     -- key of the question
  request  TEXT NOT NULL,     -- key of the request: what was sent, word for word
  round    INTEGER NOT NULL,  -- counts the times the question was asked anew
  step     INTEGER NOT NULL,  -- answers that came before it in the round
  kind     TEXT NOT NULL,     -- first, larger_cap, re_ask, reworded
  provider TEXT NOT NULL,
  model    TEXT NOT NULL,
  program  TEXT NOT NULL,
  sent     INTEGER NOT NULL,  -- Unix time, milliseconds
  prompt   BLOB NOT NULL,     -- the request's body
  reserved INTEGER NOT NULL,  -- money, billionths
  sum      BLOB NOT NULL      -- SHA-256 of the row
);
CREATE INDEX IF NOT EXISTS attempts_question ON attempts (question);
CREATE INDEX IF NOT EXISTS attempts_sent ON attempts (provider, sent);
CREATE TABLE IF NOT EXISTS responses (
  attempt  INTEGER PRIMARY KEY REFERENCES attempts (id),
  received INTEGER NOT NULL,
  status   INTEGER NOT NULL,  -- HTTP status; 0 when there was none
  header   TEXT NOT NULL,     -- JSON object of the headers on the allow list
  body     BLOB NOT NULL,     -- as it came, secrets redacted
  complete INTEGER NOT NULL,  -- 0 when the body broke off
  error    TEXT NOT NULL,     -- of the transport
  sum      BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS outcomes (
  attempt   INTEGER PRIMARY KEY REFERENCES attempts (id),
  class     TEXT NOT NULL,    -- answer, rate_limited, server_error, …
  input     INTEGER NOT NULL, -- tokens
  output    INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  cost      INTEGER NOT NULL  -- money, billionths; replaces the reservation
);
CREATE TABLE IF NOT EXISTS verdicts (
  attempt INTEGER NOT NULL REFERENCES attempts (id),
  reader  TEXT NOT NULL,      -- version of the reader
  verdict TEXT NOT NULL,
  detail  TEXT NOT NULL,
  PRIMARY KEY (attempt, reader)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spend (
  provider TEXT PRIMARY KEY,
  amount   INTEGER NOT NULL   -- costs, and reservations that are not settled
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (
  question TEXT PRIMARY KEY,  -- being asked now
  owner    TEXT NOT NULL,     -- by this process
  until    INTEGER NOT NULL   -- Unix time, milliseconds
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS servers (
  server TEXT PRIMARY KEY,    -- digest of base URL and model
  mode   TEXT NOT NULL,       -- output mode that it takes
  cap    TEXT NOT NULL        -- its parameter for the token cap
) WITHOUT ROWID;
`

// A Journal is the durable record of every request and response, a SQLite
// database. What a method has written is on disk when it returns; calls that
// come at the same time share one commit. A Journal is safe for concurrent use,
// and several processes may have the same file open.
//
// No API key is ever in it: see redactor.
type Journal struct {
	path  string
	owner string   // of claims: this process
	notes []string // what was mended when it was opened
	w     *sql.DB  // one connection, used by the writer alone
	r     *sql.DB  // readers
	find  *sql.Stmt

	readOnly bool // ops, done, commits, rested and w are nil

	clients atomic.Int64 // made for this journal, to tell their claims apart

	ops     chan op
	done    chan struct{} // closed when the writer has ended
	commits chan struct{} // told of commits, so that the log is worked off
	rested  chan struct{} // closed when that has ended

	mu     sync.RWMutex // held for reading while an op is handed over
	closed bool

	// step is called at each step of persisting, by name. Tests that kill the
	// process there set it; it is nil otherwise.
	step func(string)
}

// OpenJournal opens or creates the journal at path, whose folder must exist.
// Its commits are durable: write-ahead logging with a sync for each commit
// where the file system is local, a rollback journal where it is not or where
// that cannot be told, because the shared memory of a write-ahead log does not
// work over a network.
//
// A damaged journal is replaced by one with every row that is sound, and kept
// beside it. A file that is no journal is refused and left as it is.
func OpenJournal(path string) (*Journal, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &JournalError{path, "open", err}
	}
	j := &Journal{path: abs, owner: ownerName(), ops: make(chan op, 1024), done: make(chan struct{}), commits: make(chan struct{}, 1), rested: make(chan struct{})}
	mode := "DELETE"
	if localFS(filepath.Dir(abs)) {
		mode = "WAL"
	}
	// Two processes that make the file at the same moment may find it locked
	// in a way that the busy timeout does not cover.
	salvaged := false
	for pause := 10 * time.Millisecond; ; pause *= 2 {
		if _, err = identify(abs); err == nil {
			err = j.finishSalvage()
		}
		if err == nil {
			err = j.open(mode)
		}
		if err == nil {
			err = j.sound()
		}
		if err == nil {
			break
		}
		j.closeDBs()
		var d *damage
		if (isDamage(err) || errors.As(err, &d)) && !salvaged {
			salvaged = true
			if err := j.salvage(err); err != nil {
				return nil, &JournalError{path, "open", err}
			}
			continue
		}
		if !isBusy(err) || pause > 10*time.Second {
			return nil, &JournalError{path, "open", err}
		}
		time.Sleep(pause)
	}
	go j.write()
	go j.checkpoint()
	return j, nil
}

// readers is how many look something up in a journal at once.
const readers = 4

func (j *Journal) open(mode string) error {
	dir := filepath.Dir(j.path)
	if fi, err := os.Stat(dir); err != nil {
		return err
	} else if !fi.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	dsn := func(extra ...string) string {
		v := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(30000)"}, extra...)}
		return (&url.URL{Scheme: "file", OmitHost: true, Path: j.path, RawQuery: v.Encode()}).String()
	}
	sync := "FULL"
	if mode != "WAL" {
		sync = "EXTRA" // also syncs the folder after the rollback journal is deleted
	}
	var err error
	if j.w, err = sql.Open("sqlite", dsn("journal_mode("+mode+")", "synchronous("+sync+")", "wal_autocheckpoint(0)")); err != nil {
		return err
	}
	j.w.SetMaxOpenConns(1)
	if j.r, err = sql.Open("sqlite", dsn("query_only(1)")); err != nil {
		return err
	}
	j.r.SetMaxOpenConns(readers)
	j.r.SetMaxIdleConns(readers)

	var version, id int
	if err := j.w.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if err := j.w.QueryRow("PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	switch {
	case version > journalVersion:
		return errNewer(version)
	case version < journalVersion || id != journalID:
		tx, err := j.w.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.Exec(schema); err != nil {
			return err
		}
		if _, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", journalVersion, journalID)); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	if j.find, err = j.r.Prepare(selectRecorded); err != nil {
		return err
	}
	// A file that was just made is lost with its folder's entry.
	return syncDir(dir)
}

// Primary result codes of SQLite.
const (
	sqliteBusy    = 5
	sqliteCorrupt = 11
	sqliteNotADB  = 26
)

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func isBusy(err error) bool { return sqliteCode(err) == sqliteBusy }

func isDamage(err error) bool {
	code := sqliteCode(err)
	return code == sqliteCorrupt || code == sqliteNotADB
}

// Notes says what was wrong with the file when it was opened and is mended now.
func (j *Journal) Notes() []string { return j.notes }

// Close writes what was handed over and closes the file. It may be called more
// than once.
func (j *Journal) Close() error {
	j.mu.Lock()
	already := j.closed
	j.closed = true
	if !already && !j.readOnly {
		close(j.ops)
	}
	j.mu.Unlock()
	if !j.readOnly {
		<-j.done
		<-j.rested
	}
	if already {
		return nil
	}
	return j.closeDBs()
}

func (j *Journal) closeDBs() error {
	var errs []error
	if j.find != nil {
		errs = append(errs, j.find.Close())
	}
	for _, db := range []*sql.DB{j.r, j.w} { // the last to close removes the write-ahead log
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}
