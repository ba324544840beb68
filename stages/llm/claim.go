package llm

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// selectClaim gives one row: who has claimed the question, '' for nobody,
	// until when, and whether there is an answer newer than ?2.
	selectClaim = `SELECT COALESCE(MAX(owner), ''), COALESCE(MAX(until), 0), EXISTS (
  SELECT 1 FROM attempts a JOIN responses r ON r.attempt = a.id
  WHERE a.question = ?1 AND a.id > ?2 AND r.complete = 1 AND r.status BETWEEN 200 AND 299)
FROM claims WHERE question = ?1`
	upsertClaim = `INSERT OR REPLACE INTO claims (question, owner, until) VALUES (?, ?, ?)`
	deleteClaim = `DELETE FROM claims WHERE question = ? AND owner = ?`
)

// errClaimed says that another process is asking the question.
var errClaimed = errors.New("another process is asking this question")

// claim takes a question for an owner, so that two processes on one journal do
// not both pay for it. A claim ends with its owner's release, with its owner's
// death, where that can be seen, and with its time.
// seen is the newest attempt at it that the owner knows of; where there is an
// answer to a newer one the claim fails too, and the owner must look again.
func (w *writer) claim(question, owner string, until time.Time, seen int64) error {
	var other string
	var theirs int64
	var newer bool
	if err := w.queryRow(selectClaim, question, seen).Scan(&other, &theirs, &newer); err != nil {
		w.err = err
		return err
	}
	switch {
	case other == owner:
	case other != "" && inForce(time.UnixMilli(theirs), time.Now()) && ownerAlive(other):
		return errClaimed
	case newer:
		// Another process may have claimed it, been answered and gone since
		// this one looked.
		return errClaimed
	}
	_, err := w.exec(upsertClaim, question, owner, until.UnixMilli())
	return err
}

// maxClaim bounds how long a question is claimed, so that a time further ahead
// is known to come from a clock that was wrong: waiting for it could take years.
const maxClaim = 24 * time.Hour

// inForce reports whether a claim until some time still holds.
func inForce(until, now time.Time) bool {
	left := until.Sub(now)
	return left > 0 && left <= maxClaim
}

// release gives a claim up.
func (j *Journal) release(question, owner string) <-chan error {
	return j.put(func(w *writer) error {
		_, err := w.exec(deleteClaim, question, owner)
		return err
	})
}

// ownerName names this process so that others on the same machine can see
// whether it lives: host, process namespace, process, and when that started,
// since numbers are used again.
func ownerName() string {
	host, _ := os.Hostname()
	return strings.Join([]string{host, namespace(), strconv.Itoa(os.Getpid()), startTime(os.Getpid())}, "|")
}

// ownerAlive reports whether a claim's owner may still live: false only where
// it is known to be dead.
func ownerAlive(owner string) bool {
	name, _, _ := strings.Cut(owner, "#")
	f := strings.Split(name, "|")
	host, err := os.Hostname()
	if len(f) != 4 || err != nil || f[0] != host || f[1] != namespace() {
		return true // another machine: its claim ends with its time
	}
	pid, err := strconv.Atoi(f[2])
	if err != nil {
		return false
	}
	if s := startTime(pid); s != "" || f[3] != "" {
		return s == f[3]
	}
	p, err := os.FindProcess(pid)
	return err == nil && !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// namespace tells containers on one machine apart, "" where there is no telling.
func namespace() string {
	s, _ := os.Readlink("/proc/self/ns/pid")
	return s
}

// startTime returns when a process started, in the system's own terms; "" when
// it does not exist or there is no telling.
func startTime(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The second field is the command in parentheses, which may hold spaces;
	// the start time is the 20th after it.
	if i := strings.LastIndexByte(string(b), ')'); i >= 0 {
		if f := strings.Fields(string(b[i+1:])); len(f) > 19 && f[0] != "Z" {
			return f[19]
		}
	}
	return ""
}
