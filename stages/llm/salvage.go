package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// checkedSize is the size up to which a journal is checked whole whenever it is
// opened; it takes about a second for so much. A larger one is checked after
// damage was met.
const checkedSize = 256 << 20

// sound checks an open journal, as far as that is quick.
func (j *Journal) sound() error {
	_, marked := os.Stat(j.path + ".check")
	if fi, err := os.Stat(j.path); err != nil || fi.Size() > checkedSize && marked != nil {
		return err
	}
	var said string
	if err := j.w.QueryRow("PRAGMA quick_check(1)").Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		return &damage{said}
	}
	if marked == nil {
		return os.Remove(j.path + ".check")
	}
	return nil
}

// A damage is what a check of the journal found.
type damage struct{ what string }

func (d *damage) Error() string { return d.what }

// mark has the journal checked whole when it is next opened.
func (j *Journal) mark(err error) {
	if isDamage(err) && !j.readOnly {
		// Should the mark not be written, the next run fails as this one did.
		os.WriteFile(j.path+".check", nil, 0o644)
	}
}

// salvage replaces a damaged journal by one with every row that is sound, and
// keeps the damaged one beside it. SQLite is of no use here, since it gives up
// at the first damaged page; the pages are read one by one instead, and each row
// proves itself by its digest.
func (j *Journal) salvage(why error) error {
	making := j.path + ".salvaging"
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(making + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	attempts, answers, err := salvageInto(making, j.path)
	if err != nil {
		return fmt.Errorf("it is damaged (%w), and what is sound cannot be saved: %w", why, err)
	}
	kept, err := j.keepDamaged()
	if err != nil {
		return err
	}
	if err := os.Rename(making, j.path+".salvaged"); err != nil {
		return err
	}
	if err := j.finishSalvage(); err != nil {
		return err
	}
	j.notes = append(j.notes, fmt.Sprintf("journal %s was damaged (%v): %d requests and %d responses are sound and go on being used; the damaged file is kept as %s. What it held beyond them is asked again, and not counted as spent",
		j.path, why, attempts, answers, kept))
	return nil
}

// keepDamaged gives the damaged file a second name.
func (j *Journal) keepDamaged() (string, error) {
	for n := 1; ; n++ {
		kept := fmt.Sprintf("%s.damaged-%d", j.path, n)
		err := os.Link(j.path, kept)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil { // no links on this file system
			err = copyFile(j.path, kept)
		}
		if err != nil {
			return "", err
		}
		if err := copyFile(j.path+"-wal", kept+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		return kept, nil
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// finishSalvage puts a finished salvage in place. It is also called when the
// journal is opened, in case the process died in the middle of it. The log goes
// first: SQLite would apply it to the new file.
func (j *Journal) finishSalvage() error {
	if _, err := os.Stat(j.path + ".salvaged"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal", ".check"} {
		if err := os.Remove(j.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(j.path+".salvaged", j.path)
}

// salvageInto makes a journal of the sound rows of a damaged one.
func salvageInto(to, from string) (attempts, answers int, err error) {
	p, err := openPages(from)
	if err != nil {
		return 0, 0, err
	}
	defer p.close()
	j := &Journal{path: to}
	if err := j.open("DELETE"); err != nil {
		return 0, 0, err
	}
	defer j.closeDBs()
	tx, err := j.w.Begin()
	if err != nil {
		return 0, 0, err
	}
	defer tx.Rollback()
	questions := map[int64]string{}
	reserved := map[string]int64{}
	for r, err := range p.rows(attemptColumns) {
		if err != nil {
			return 0, 0, err
		}
		a, ok := attemptRow(r)
		if _, twice := questions[r.id]; !ok || twice {
			continue
		}
		if _, err := tx.Exec(`INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.id, a.question, a.request, a.round, a.step, a.kind,
			a.provider, a.model, a.program, a.sent.UnixMilli(), a.prompt, int64(a.reserved), a.sum()); err != nil {
			return 0, 0, err
		}
		questions[r.id] = a.question
		reserved[a.provider] += int64(a.reserved)
		attempts++
	}
	done := map[int64]bool{}
	for r, err := range p.rows(8) {
		if err != nil {
			return 0, 0, err
		}
		q, ok := questions[r.id]
		if !ok || done[r.id] {
			continue
		}
		resp, header, ok := responseRow(r, q)
		if !ok {
			continue
		}
		if _, err := tx.Exec(insertResponse, r.id, resp.received.UnixMilli(), resp.status, header, nonNil(resp.body), boolInt(resp.complete), resp.err, resp.sum(q, header)); err != nil {
			return 0, 0, err
		}
		done[r.id] = true
		answers++
	}
	// Costs are settled anew when the answers are read; until then each is
	// booked at the most that it can be.
	for provider, n := range reserved {
		if _, err := tx.Exec(`INSERT INTO spend VALUES (?, ?)`, provider, n); err != nil {
			return 0, 0, err
		}
	}
	return attempts, answers, tx.Commit()
}

// attemptColumns is the width of a row of attempts.
const attemptColumns = 13

// attemptRow makes an intent of a row of attempts, if it is one and sound.
func attemptRow(r row) (*intent, bool) {
	s := func(i int) string { v, _ := r.values[i].(string); return v }
	n := func(i int) int64 { v, _ := r.values[i].(int64); return v }
	prompt, _ := r.values[10].([]byte)
	sum, _ := r.values[12].([]byte)
	a := &intent{
		question: s(1), request: s(2), round: int(n(3)), step: int(n(4)), kind: s(5), provider: s(6), model: s(7), program: s(8),
		sent: time.UnixMilli(n(9)), prompt: prompt, reserved: money(n(11)),
	}
	return a, bytes.Equal(sum, a.sum())
}

func responseRow(r row, question string) (*response, string, bool) {
	s := func(i int) string { v, _ := r.values[i].(string); return v }
	n := func(i int) int64 { v, _ := r.values[i].(int64); return v }
	body, _ := r.values[4].([]byte)
	sum, _ := r.values[7].([]byte)
	resp := &response{attempt: r.id, received: time.UnixMilli(n(1)), status: int(n(2)), body: body, complete: n(5) != 0, err: s(6)}
	header := s(3)
	if !json.Valid([]byte(header)) {
		return nil, "", false
	}
	return resp, header, bytes.Equal(sum, resp.sum(question, header))
}
