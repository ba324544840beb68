package llm

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"
)

// journalID marks a SQLite file as a journal, in its header's application_id:
// "cncl". Journals of earlier builds have none and are known by their tables.
const journalID = 0x636e636c

const sqliteMagic = "SQLite format 3\x00"

// A stranger is a file that is no journal. It is never written, moved or
// salvaged: it is somebody's data.
type stranger struct{ what string }

func (s *stranger) Error() string {
	return fmt.Sprintf("it is %s, not a journal, and was left as it is: name another file for the journal, or move this one away", s.what)
}

// identify reports whether there is a file at path, and returns a *stranger
// where what is there is not a journal. It writes nothing. Where the header
// does not tell, as with a damaged first page, one row that has the digest it was
// written with does.
func identify(path string) (exists bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return false, err
	}
	if !fi.Mode().IsRegular() {
		return true, &stranger{"no regular file"}
	}
	if fi.Size() == 0 {
		return true, nil
	}
	var h [100]byte
	if _, err := io.ReadFull(f, h[:]); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return true, err
	}
	if !bytes.HasPrefix(h[:], []byte(sqliteMagic)) {
		return true, needRow(path, "no SQLite database")
	}
	switch id := binary.BigEndian.Uint32(h[68:]); id {
	case journalID:
		return true, nil
	case 0:
	default:
		return true, &stranger{fmt.Sprintf("a SQLite database of another program (application_id %#x)", id)}
	}
	tables, err := tablesOf(path)
	switch {
	case isDamage(err):
		return true, needRow(path, "a damaged SQLite database")
	case err != nil:
		return true, err
	case len(tables) == 0: // just made; the rest may still be on its way
		return true, nil
	}
	for _, t := range []string{"attempts", "responses", "outcomes", "verdicts", "spend", "claims", "servers"} {
		if !tables[t] {
			return true, needRow(path, "a SQLite database with other tables")
		}
	}
	return true, nil
}

// needRow returns nil where the file holds a sound row of a journal.
func needRow(path, what string) error {
	p, err := openPages(path)
	if err != nil {
		return err
	}
	defer p.close()
	for r, err := range p.rows(attemptColumns) {
		if err != nil {
			return err
		}
		if _, ok := attemptRow(r); ok {
			return nil
		}
	}
	return &stranger{what}
}

// tablesOf lists the tables of a SQLite file.
func tablesOf(path string) (map[string]bool, error) {
	db, err := sql.Open("sqlite", readOnlyDSN(path))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT name FROM sqlite_master WHERE type = 'table'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	tables := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		tables[strings.ToLower(name)] = true
	}
	return tables, rows.Err()
}

// readOnlyDSN opens a SQLite file without changing it. Even a reader makes the
// files of a write-ahead log; where there is no log, no process has the file
// open for writing, and it is read as one that does not change.
func readOnlyDSN(path string) string {
	v := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(30000)", "query_only(1)"}}
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) && isWAL(path) {
		v.Set("immutable", "1")
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: v.Encode()}).String()
}

// isWAL reports whether the header of a SQLite file demands a write-ahead log.
func isWAL(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], 18)
	return err == nil && b[0] == 2
}
