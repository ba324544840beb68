package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/concluder/concluder/pipeline/store"
)

// stagingName is the folder in a results directory in which nodes run: the
// same file system, so that outputs can be renamed into place. It is there
// only while a run is. Most of what Task.Write writes is not even there, where
// the system has files without names.
const stagingName = ".concluder-staging"

// A staging hands out private folders. One is used again, which spares making
// one for each node, if nobody was told its path: then the engine knows all that
// was written there, and that it is gone. In others a kind may have left files,
// and a command something that still writes. All lie in a folder named after the
// run: a command that outlives its run, because that was killed, goes on writing
// to paths that no other run hands out.
type staging struct {
	root string // of all runs
	own  string // of this one

	mu   sync.Mutex
	free []string
	n    int
}

// openStaging removes what runs that were killed left behind; the caller holds
// the lock of the results directory. What cannot be removed, because a command
// still writes there, is in nobody's way and left to the next run. The folder
// is made when the first node needs it, so that a run with nothing to do
// writes nothing there.
func openStaging(results, id string) *staging {
	root := filepath.Join(results, stagingName)
	os.RemoveAll(root)
	return &staging{root: root, own: filepath.Join(root, id)}
}

// take returns an empty private folder.
func (s *staging) take() (string, error) {
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		dir := s.free[n-1]
		s.free = s.free[:n-1]
		s.mu.Unlock()
		return dir, nil
	}
	s.n++
	dir := filepath.Join(s.own, strconv.Itoa(s.n))
	s.mu.Unlock()
	if err := os.MkdirAll(filepath.Join(dir, outDir), 0o777); err != nil {
		return "", &unwritableError{fmt.Errorf("the results directory cannot be written: %w", err)}
	}
	return dir, nil
}

// An unwritableError is what stood in the way of staging or publishing.
type unwritableError struct{ err error }

func (e *unwritableError) Error() string { return e.err.Error() }
func (e *unwritableError) Unwrap() error { return e.err }

// give takes a folder back. bare says that it is as it was handed out, and
// nobody knows its path.
func (s *staging) give(dir string, bare bool) {
	if !bare {
		os.RemoveAll(dir) // what cannot be removed is removed with the rest
		return
	}
	s.mu.Lock()
	s.free = append(s.free, dir)
	s.mu.Unlock()
}

// close removes the run's folders, and the one around them where no other
// run's leftovers are in it. A folder in which something that was abandoned
// still makes files is left to the next run.
func (s *staging) close() error {
	err := os.RemoveAll(s.own)
	os.Remove(s.root)
	if errors.Is(err, syscall.ENOTEMPTY) {
		return nil
	}
	return err
}

// outDir is the folder in a node's private folder for its outputs, which are
// apart from the scratch files.
const outDir = "out"

// A privateOutput is where a node writes an output, and what Task.Write wrote.
type privateOutput struct {
	name, path string
	written    bool
	failed     error // why it was not
	file       store.Written
	named      bool // something of it may be at path
}

// privatePaths adds outputs to paths, and gives each a path in a private folder
// that ends as the declared one does: commands look at file names. apart says that
// some have folders of their own there.
func privatePaths(paths []privateOutput, dir string, outputs []Output) (_ []privateOutput, apart bool, err error) {
	paths = slices.Grow(paths, len(outputs))
	var taken map[string]bool
	if len(outputs) > 1 {
		taken = make(map[string]bool, len(outputs))
	}
	for i, o := range outputs {
		name := path.Base(o.Path)
		to := dir + separator + outDir + separator + name
		if taken[strings.ToLower(name)] {
			sub := filepath.Join(dir, outDir+strconv.Itoa(i))
			if err := os.Mkdir(sub, 0o777); err != nil {
				return nil, true, &unwritableError{err}
			}
			apart = true
			to = filepath.Join(sub, name)
		}
		if taken != nil {
			taken[strings.ToLower(name)] = true
		}
		paths = append(paths, privateOutput{name: o.Name, path: to})
	}
	return paths, apart, nil
}
