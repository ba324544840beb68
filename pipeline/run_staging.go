package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/concluder/concluder/pipeline/store"
)

// stagingName is the folder in a results directory in which nodes run: the
// same file system, so that outputs can be renamed into place. It is there
// only while a run is.
const stagingName = ".concluder-staging"

// A staging hands out private folders. They are used again while they come
// back empty, which spares making one for each node, unless a command had them:
// what it left running could write into the outputs of another. All lie in a
// folder named after the run: a command that outlives its run, because that was
// killed, goes on writing to paths that no other run hands out.
type staging struct {
	root  string // of all runs
	own   string // of this one
	files *store.Files

	mu   sync.Mutex
	free []string
	open map[string]*opened
	n    int
}

// mostOpen bounds the folders held open: nodes that wait on the network have
// folders, too, and need the descriptors for something else.
const mostOpen = 32

// An opened is a private folder and its outDir, held open: looking whether they
// are empty costs a fifth of opening them each time.
type opened struct {
	dir, out *os.File

	bare store.Stat // of dir when it held nothing but out; zero where that was not settled
}

func open(dir string) (*opened, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	out, err := os.Open(filepath.Join(dir, outDir))
	if err != nil {
		d.Close()
		return nil, err
	}
	return &opened{dir: d, out: out}, nil
}

// onlyOut reports whether the folder holds nothing but its outDir, and that
// nothing.
func (o *opened) onlyOut(files *store.Files) bool {
	return o.isBare(files) && holds(o.out)
}

// isBare lists the folder only where its stat does not say what is in it.
func (o *opened) isBare(files *store.Files) bool {
	if st, err := store.StatOpen(o.dir); err == nil && st == o.bare {
		return true
	}
	st, settled, err := files.LookOpen(o.dir) // before it is listed
	if err != nil || !holds(o.dir, outDir) {
		return false
	}
	o.bare = store.Stat{}
	if settled {
		o.bare = st
	}
	return true
}

func (o *opened) close() {
	o.dir.Close() // nothing was written
	o.out.Close()
}

// openStaging removes what runs that were killed left behind; the caller holds
// the lock of the results directory. What cannot be removed, because a command
// still writes there, is in nobody's way and left to the next run. The folder
// is made when the first node needs it, so that a run with nothing to do
// writes nothing there.
func openStaging(results, id string) *staging {
	root := filepath.Join(results, stagingName)
	os.RemoveAll(root)
	return &staging{root: root, own: filepath.Join(root, id), open: map[string]*opened{}}
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

// give takes a folder back. clean says that no process which may still write
// there is left.
func (s *staging) give(dir string, clean bool) {
	if !clean || !s.empty(dir) {
		s.mu.Lock()
		if o := s.open[dir]; o != nil {
			o.close()
			delete(s.open, dir)
		}
		s.mu.Unlock()
		os.RemoveAll(dir) // what cannot be removed is removed with the rest
		return
	}
	s.mu.Lock()
	s.free = append(s.free, dir)
	s.mu.Unlock()
}

// empty reports whether a private folder is as it was handed out.
func (s *staging) empty(dir string) bool {
	s.mu.Lock()
	o := s.open[dir]
	s.mu.Unlock()
	if o == nil {
		var err error
		if o, err = open(dir); err != nil {
			return false
		}
		s.mu.Lock()
		keep := len(s.open) < mostOpen
		if keep {
			s.open[dir] = o
		}
		s.mu.Unlock()
		if !keep {
			defer o.close()
		}
	}
	return o.onlyOut(s.files)
}

// close removes the run's folders, and the one around them where no other
// run's leftovers are in it. A folder in which something that was abandoned
// still makes files is left to the next run.
func (s *staging) close() error {
	s.mu.Lock()
	for _, o := range s.open {
		o.close()
	}
	clear(s.open)
	s.mu.Unlock()
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

// A privateOutput is where a node writes an output.
type privateOutput struct{ name, path string }

// privatePaths gives each output a path in a private folder that ends as the
// declared one does: commands look at file names.
func privatePaths(dir string, outputs []Output) ([]privateOutput, error) {
	paths := make([]privateOutput, 0, len(outputs))
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
				return nil, &unwritableError{err}
			}
			to = filepath.Join(sub, name)
		}
		if taken != nil {
			taken[strings.ToLower(name)] = true
		}
		paths = append(paths, privateOutput{o.Name, to})
	}
	return paths, nil
}
