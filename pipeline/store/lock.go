package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// A Lock is held by one process at a time; the kernel releases it when that
// process ends, however it ends.
type Lock struct{ f *os.File }

// A HeldError says who holds a lock.
type HeldError struct {
	Path  string
	PID   int       // 0 when the holder has not said yet
	Since time.Time // zero when the holder has not said yet
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return "another run holds the lock " + e.Path
	}
	return fmt.Sprintf("process %d holds the lock %s since %s", e.PID, e.Path, e.Since.Local().Format(time.DateTime))
}

// errHeld is what lockFile returns when another process holds the lock.
var errHeld = errors.New("held")

// Holder takes the lock for an instant, and so does a child that another run has
// forked and that has not become its command yet: neither must look like a run.
const (
	lockRetries = 4
	lockPause   = 5 * time.Millisecond
)

func lockPatiently(f *os.File) error {
	err := lockFile(f)
	for range lockRetries {
		if !errors.Is(err, errHeld) {
			break
		}
		time.Sleep(lockPause)
		err = lockFile(f)
	}
	return err
}

// Acquire takes the lock at path, making the file where there is none. The
// error is a *HeldError when another process holds it.
func Acquire(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err = lockPatiently(f); err != nil {
		defer f.Close()
		if errors.Is(err, errHeld) {
			return nil, held(path, f)
		}
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	// For people only: what counts is the kernel's lock.
	line := fmt.Sprintf("%d %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(line), 0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Lock{f}, nil
}

// Release gives the lock up. The file stays: removing it would let two
// processes lock two files of one name.
func (l *Lock) Release() error { return l.f.Close() }

// Holder says who holds the lock at path, nil when nobody does.
func Holder(path string) (*HeldError, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	err = lockFile(f) // closing f gives it up again
	if errors.Is(err, errHeld) {
		return held(path, f), nil
	}
	return nil, err
}

// nameRetries times lockPause is how long a holder has to say who it is.
const nameRetries = 20

// held says who holds a lock. A holder writes that right after it has taken the
// lock: until then the file is empty, or has what an earlier one left.
func held(path string, f *os.File) *HeldError {
	h := readHolder(path, f)
	for range nameRetries {
		if h.PID != 0 && !gone(h.PID) {
			break
		}
		time.Sleep(lockPause)
		h = readHolder(path, f)
	}
	return h // a holder in another container is gone from here
}

func readHolder(path string, f *os.File) *HeldError {
	h := &HeldError{Path: path}
	line, err := io.ReadAll(io.NewSectionReader(f, 0, 100))
	if err != nil {
		return h
	}
	var since string
	var pid int
	if n, _ := fmt.Sscan(string(line), &pid, &since); n == 2 {
		if t, err := time.Parse(time.RFC3339, since); err == nil {
			h.PID, h.Since = pid, t
		}
	}
	return h
}
