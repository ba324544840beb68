package pipeline

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// An eventLog writes a run's events to runs/ID.jsonl. After the first error it
// writes nothing more, and close returns that error: events are no result.
type eventLog struct {
	f   *os.File
	w   *bufio.Writer
	err error
}

// newRunID returns an ID that sorts by time, to the millisecond: in watch mode
// runs follow each other closely.
func newRunID(now time.Time) string {
	var b [3]byte
	rand.Read(b[:]) // never fails
	now = now.UTC()
	return fmt.Sprintf("%s%03d-%x", now.Format("20060102T150405"), now.Nanosecond()/1e6, b)
}

func openEventLog(stateDir, id string) (*eventLog, error) {
	f, err := os.OpenFile(filepath.Join(stateDir, "runs", id+".jsonl"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &eventLog{f: f, w: bufio.NewWriterSize(f, 64<<10)}, nil
}

func (l *eventLog) write(e *Event) {
	if l.err != nil {
		return
	}
	b, err := e.append(l.w.AvailableBuffer())
	if err == nil {
		_, err = l.w.Write(append(b, '\n'))
	}
	l.err = err
}

func (l *eventLog) flush() {
	if l.err == nil {
		l.err = l.w.Flush()
	}
}

func (l *eventLog) close() error {
	l.flush()
	return errors.Join(l.err, l.f.Close())
}
