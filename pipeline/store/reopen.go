package store

import "path/filepath"

// Rest notes after Close how the log was left, so that Reopen can tell whether
// somebody has written to it since. It is false where the next run had better
// read the log: that is worth rewriting, or the file system does not tell
// enough of it. The caller still holds the directory's lock.
func (s *State) Rest() bool {
	st, err := statPath(s.path)
	if err != nil || st.Ino == 0 || s.dead(int(st.Size)) {
		return false
	}
	s.rest = st
	return true
}

// RestingState reads the state in a directory as one at rest. It is nil where
// OpenState would have something to mend. The caller holds the directory's lock.
func RestingState(dir string) (*State, error) {
	s := newState(filepath.Join(dir, logName))
	b, err := s.read()
	if err != nil {
		return nil, err
	}
	if good := s.load(b); good != int64(len(b)) || len(s.damage) > 0 || !s.Rest() {
		return nil, nil
	}
	return s, nil
}

// Reopen makes a state at rest ready for Put again, without reading the log. It
// is false where the log is not the one that was left in the directory: then
// the state is as it was, and of no use. The caller holds the directory's lock.
func (s *State) Reopen(dir string) (bool, error) {
	if filepath.Join(dir, logName) != s.path {
		return false, nil
	}
	if st, err := statPath(s.path); err != nil || st != s.rest {
		return false, nil
	}
	out, err := openLog(s.path, s.rest.Size)
	if err != nil {
		return false, err
	}
	s.out, s.damage = out, nil // the run that found damage has told of it
	return true, nil
}
