package store

import (
	"io"
	"os"
)

// A logWriter adds frames to a log.
type logWriter struct {
	f       *os.File
	size    int64 // of the file's whole frames
	pending []byte

	unsynced bool // written since the last Sync
}

// openLog opens the log at path for adding after its first good bytes.
func openLog(path string, good int64) (*logWriter, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	w := &logWriter{f: f, size: good}
	err = f.Truncate(good)
	if good == 0 {
		w.pending = append(w.pending, logMagic...)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// add is nil-safe: a state without a writer is being built, or is read only.
func (w *logWriter) add(typ byte, payload []byte) {
	if w != nil {
		w.pending = appendFrame(w.pending, typ, payload)
	}
}

func (w *logWriter) flush() error {
	if len(w.pending) == 0 {
		return nil
	}
	n, err := w.f.WriteAt(w.pending, w.size)
	if err == nil && n < len(w.pending) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.f.Truncate(w.size) // as far as possible no torn tail; the next writer cuts one
		return err
	}
	w.size += int64(n)
	w.unsynced = true
	w.pending = w.pending[:0]
	return nil
}

// A log is rewritten when it is larger than this and three quarters are dead.
const (
	compactOver  = 1 << 20
	compactRatio = 4
)

// dead reports whether a log of this size is worth rewriting.
func (s *State) dead(size int) bool {
	if size < compactOver {
		return false
	}
	live := len(logMagic)
	for _, str := range s.strs.all {
		live += frameHeader + 3 + len(str)
	}
	for _, l := range s.lists {
		live += frameHeader + 3 + len(l)
	}
	for _, of := range s.nodes {
		for _, p := range of {
			if p != 0 {
				live += frameHeader + 4 + len(s.payload(p))
			}
		}
	}
	return size > compactRatio*live
}

// compact rewrites the log with the readable records alone, and opens it.
func (s *State) compact() error {
	fresh := newState(s.path)
	fresh.out = &logWriter{pending: []byte(logMagic)}
	for stage, instance := range s.All() {
		if rec, ok := s.Get(stage, instance, Whole); ok && stage != lostString && instance != lostString {
			fresh.Put(stage, instance, &rec)
		}
	}
	if err := replaceFile(s.path, fresh.out.pending); err != nil {
		return err
	}
	out, err := openLog(s.path, int64(len(fresh.out.pending)))
	if err != nil {
		return err
	}
	s.strs, s.lists, s.listIDs = fresh.strs, fresh.lists, fresh.listIDs
	s.stages, s.names, s.nodes, s.last = fresh.stages, fresh.names, fresh.nodes, fresh.last
	s.chunks, s.out = fresh.chunks, out
	return nil
}
