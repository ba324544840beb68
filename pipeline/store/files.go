package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Files knows the digests of files by their stat. Its methods may be called
// from several goroutines.
type Files struct {
	path  string
	clock clock
	base  base // where files are published

	naming naming

	closing sync.RWMutex // held by what may outlive the run while it uses base, and to close that

	mu     sync.RWMutex
	table  statTable
	dirty  []uint32 // entries that the file at path lacks
	loaded bool     // the file was read
	misses int      // before it was
}

// spared is how many files are rather read than the file of digests: a run with
// few changes asks for few, and of most of those nothing is known.
const spared = 500

// OpenFiles reads the stat cache of a state directory. A missing or damaged
// file, or one that may not be read, is an empty cache; the directory need not
// exist. Where it is not writable everything works, nothing is remembered, and
// Save and Close say so.
func OpenFiles(stateDir string) (*Files, error) {
	f := &Files{path: filepath.Join(stateDir, "files"), table: statTable{noted: stock{dir: stateDir}}}
	f.clock.path = filepath.Join(stateDir, "clock")
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		f.loaded = true
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	return f, file.Close() // it is read when it is needed
}

// PublishTo says below which folder files will be written and published: what
// does that, and Read, reaches those there faster. What is asked in order to know
// what others see does not: another folder may get its name at any time. It is
// called before all other methods, at most once.
func (f *Files) PublishTo(dir string) { f.base = openBase(dir) }

// An UnsettledError says that a file kept changing while it was read.
type UnsettledError struct{ Path string }

func (e *UnsettledError) Error() string { return e.Path + " keeps changing while it is read" }

// readAttempts is how often a file that changes under the reader is read anew.
const readAttempts = 3

// Digest returns the digest of a regular file, and the stat of the version
// that has it. The error is an *fs.PathError, fs.ErrNotExist among its causes
// when there is no such file, or an *UnsettledError.
func (f *Files) Digest(path string) (Digest, Stat, error) {
	d, st, _, err := f.Look(path)
	return d, st, err
}

// Look is Digest, and says whether the stat is settled: as long as it is what
// it is, so is the digest.
func (f *Files) Look(path string) (d Digest, st Stat, settled bool, err error) {
	return f.look(base{}, path)
}

func (f *Files) look(b base, path string) (d Digest, st Stat, settled bool, err error) {
	if st, err = b.stat(path); err != nil {
		return d, st, false, err
	}
	return f.digest(b, path, st)
}

// A Below looks at many files below one folder: the one that has its name when
// it is made, as if all were looked at then.
type Below struct {
	files *Files
	base  base
}

// Below makes a Below, which is to be closed. Where the folder cannot be opened
// the files are looked at by their whole paths.
func (f *Files) Below(dir string) Below { return Below{f, openBase(dir)} }

// Digest is Files.Digest. It may be called from several goroutines.
func (b Below) Digest(path string) (Digest, Stat, error) {
	d, st, _, err := b.files.look(b.base, path)
	return d, st, err
}

// Close lets go of the folder.
func (b Below) Close() { b.base.close() }

func (f *Files) digest(b base, path string, st Stat) (d Digest, _ Stat, settled bool, err error) {
	if st.Type != 0 {
		return d, st, false, notRegular(path, st)
	}
	if d, settled, ok := f.lookup(st); ok && settled {
		return d, st, true, nil
	}
	before := st
	for range readAttempts {
		now := f.clock.now()
		d, st, stable, err := hashFile(b, path, true, before)
		if err != nil {
			return Digest{}, st, false, err
		}
		if stable {
			settled := f.settled(path, st, now)
			f.note(st, d, settled)
			return d, st, settled, nil
		}
		before = Stat{}
	}
	return Digest{}, st, false, &UnsettledError{path}
}

// settled reports whether a stat that was taken at a moment of the clock or
// later is settled.
func (f *Files) settled(path string, st Stat, before int64) bool {
	return st.Ino != 0 && (f.isExact(st, before) || st.changed() < before-f.clock.margin(st.Dev, path))
}

// isExact reports whether any change of a file from now on gives it another
// stat. One from the future may be met again by a clock that was put back.
func (f *Files) isExact(st Stat, now int64) bool {
	return f.clock.isExact(st.Dev) && st.changed() <= now+int64(time.Second)
}

// Same reports whether the file at path is still the version with this stat
// and digest: for judging whether what was read since is what was digested. A
// version whose stat proves nothing is read again.
func (f *Files) Same(path string, st Stat, d Digest) (bool, error) {
	now, err := statPath(path)
	if err != nil {
		return false, err
	}
	if now != st {
		return false, nil
	}
	d2, st2, _, err := f.digest(base{}, path, now)
	return err == nil && d2 == d && st2 == st, err
}

// Read digests a file without looking it up: one that was written just now. A
// symbolic link is not followed but is an error, like everything that is not
// a regular file.
func (f *Files) Read(path string) (Digest, Stat, error) {
	for range readAttempts {
		d, st, stable, err := hashFile(f.base, path, false, Stat{})
		if err != nil || stable {
			return d, st, err
		}
	}
	return Digest{}, Stat{}, &UnsettledError{path}
}

// A Written is a file that Write wrote. Where the system can do that it has no
// name yet, and only whoever has the Written can see it: it ends with Name,
// Publish or Discard, or a descriptor stays open.
type Written struct {
	Digest Digest
	Stat   Stat // before it has got a name

	path     string // that Name gives it
	nameless bool
	fd       int // of a nameless file
}

// Nameless reports whether the file has no name yet.
func (w *Written) Nameless() bool { return w.nameless }

// Write makes a file that holds b, to be at path: at once, which replaces another,
// or when Name is called. The error is an *fs.PathError.
func (f *Files) Write(path string, b []byte) (Written, error) {
	f.closing.RLock()
	defer f.closing.RUnlock()
	if w, ok, err := f.writeNameless(path, b); ok {
		return w, err
	}
	st, err := writeFile(f.base, path, b)
	if err == nil {
		f.probe(path, st.Mode)
	}
	return Written{Digest: sha256.Sum256(b), Stat: st, path: path}, err
}

// Move renames a file, which replaces a file but no folder. The error is an
// *os.LinkError.
func (f *Files) Move(from, to string) error { return f.base.rename(from, to) }

// Published notes the digest of a file that was moved to path after its digest
// was taken, and returns what Look would. The error says that what lies there
// is something else.
func (f *Files) Published(path string, before Stat, d Digest) (st Stat, settled bool, err error) {
	if st, err = f.base.stat(path); err != nil {
		return st, false, err
	}
	return f.published(path, st, before, d)
}

// published is Published for a file of which the stat is known.
func (f *Files) published(path string, st, before Stat, d Digest) (_ Stat, settled bool, err error) {
	if st.Ino == before.Ino && st.Dev == before.Dev && st.Size == before.Size && st.Mtime == before.Mtime {
		settled = f.isExact(st, f.clock.now())
		f.note(st, d, settled)
		return st, settled, nil
	}
	have, st, settled, err := f.digest(base{}, path, st)
	if err != nil || have != d {
		return st, false, fmt.Errorf("%s was changed by another program while it was published", path)
	}
	return st, settled, nil
}

func (f *Files) lookup(st Stat) (d Digest, settled, ok bool) {
	f.mu.RLock()
	d, settled, ok = f.table.get(st)
	loaded := f.loaded
	f.mu.RUnlock()
	if ok || loaded {
		return d, settled, ok
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.misses++; f.misses <= spared {
		return d, false, false
	}
	f.load()
	return f.table.get(st)
}

func (f *Files) note(st Stat, d Digest, settled bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.table.put(st, d, settled)
	if settled {
		f.dirty = append(f.dirty, i)
	}
}

// sum is the digest of what read gives of a file that had this size: until it
// gives nothing, or the file is complete and read gave less than there was room
// for, which it would not if the file had grown. One that has is not read on.
func sum(size int64, read func([]byte) (int, error)) (d Digest, n int64, err error) {
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	h := sha256.New()
	for {
		k, err := read(b[:])
		h.Write(b[:max(k, 0)])
		n += int64(max(k, 0))
		switch {
		case err != nil && err != io.EOF:
			return d, n, err
		case err == io.EOF, k == 0, n == size && k < len(b), n > size:
			h.Sum(d[:0])
			return d, n, nil
		}
	}
}

type buffer [64 << 10]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// notRegular is the error for what cannot be digested.
func notRegular(path string, st Stat) error {
	if st.Type&fs.ModeDir != 0 {
		return &fs.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
	}
	return &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("not a regular file")}
}
