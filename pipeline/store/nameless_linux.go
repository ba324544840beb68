package store

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// naming says whether files without names can be had where a run publishes,
// and named later.
type naming struct{ known atomic.Int32 }

const (
	unknown = iota
	possible
	impossible
)

// probeName is that of a file which is there for a moment in the private folder
// of the first node that writes something.
const probeName = ".concluder-probe"

// writeNameless is Write for a file without a name; ok is false where there is
// none, for whatever reason: then a named one is to be tried, and to fail.
func (f *Files) writeNameless(path string, content []byte) (w Written, ok bool, err error) {
	if f.naming.known.Load() != possible || f.base.prefix == "" {
		return w, false, nil
	}
	fd, err := f.openNameless(path)
	if err != nil {
		return w, false, nil
	}
	w = Written{Digest: sha256.Sum256(content), path: path, nameless: true, fd: fd}
	if w.Stat, err = writeFD(fd, path, content); err != nil {
		w.Discard()
	}
	return w, true, err
}

// openNameless makes a file in the folder in which a path lies, so that it is on
// the same file system, and that those who watch other folders hear nothing of it.
func (f *Files) openNameless(path string) (fd int, err error) {
	err = f.base.walk(folderOf(path), func(dir int, name string) (err error) {
		fd, err = openat(dir, name, unix.O_WRONLY|unix.O_TMPFILE|unix.O_CLOEXEC, 0o666)
		return err
	})
	return fd, err
}

func folderOf(path string) string { return path[:strings.LastIndexByte(path, '/')+1] }

// probe finds out whether files without names can be had, beside a file that was
// written by name, and is so mode: kernels before 6.0 may forget the umask.
func (f *Files) probe(path string, mode uint32) {
	if f.base.prefix == "" || f.naming.known.Load() != unknown {
		return
	}
	found := int32(impossible)
	if f.namesLater(path, mode) {
		found = possible
	}
	f.naming.known.CompareAndSwap(unknown, found)
}

func (f *Files) namesLater(path string, mode uint32) bool {
	fd, err := f.openNameless(path)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	st, err := statFD(fd, path)
	if err != nil || st.Mode != mode {
		return false
	}
	name := folderOf(path) + probeName
	return f.link(fd, name) == nil && f.unlink(name) == nil
}

// link gives an open file a name, if nothing has that.
func (f *Files) link(fd int, path string) error {
	err := f.base.walk(path, func(dir int, name string) error {
		err := linkOpen(fd, dir, name)
		if errors.Is(err, unix.ENOENT) { // what kernels before 6.10 say to those without CAP_DAC_READ_SEARCH
			err = unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), dir, name, unix.AT_SYMLINK_FOLLOW)
		}
		return err
	})
	if err != nil {
		return &fs.PathError{Op: "link", Path: path, Err: err}
	}
	return nil
}

func (f *Files) unlink(path string) error {
	err := f.base.walk(path, func(dir int, name string) error { return unix.Unlinkat(dir, name, 0) })
	if err != nil {
		return &fs.PathError{Op: "remove", Path: path, Err: err}
	}
	return nil
}

// Name gives a file that was written without a name the one that it was written
// for, whatever file has that. The error is an *fs.PathError, and the file is gone.
func (f *Files) Name(w *Written) error {
	if !w.nameless {
		return nil
	}
	f.closing.RLock()
	defer f.closing.RUnlock()
	err := f.link(w.fd, w.path)
	if errors.Is(err, fs.ErrExist) {
		if err = f.unlink(w.path); err == nil {
			err = f.link(w.fd, w.path)
		}
	}
	if e := w.close(); err == nil {
		err = e
	}
	return err
}

// Publish gives a file that was written without a name one where others see it,
// and returns what Look would. It replaces nothing: where there is something it
// fails with fs.ErrExist. After an error the file is as it was if it is still
// Nameless; else it is there, and nobody knows what is in it.
func (f *Files) Publish(w *Written, to string) (st Stat, settled bool, err error) {
	if !w.nameless {
		return st, false, &fs.PathError{Op: "link", Path: to, Err: errors.ErrUnsupported}
	}
	if err := f.link(w.fd, to); err != nil {
		return st, false, err
	}
	st, err = statFD(w.fd, to)
	if e := w.close(); err == nil {
		err = e
	}
	if err != nil {
		return st, false, err
	}
	return f.published(to, st, w.Stat, w.Digest)
}

// Discard gives up a file that has no name.
func (w *Written) Discard() {
	if w.nameless {
		w.close() // nobody will miss what was not written
	}
}

// close ends the writing of a file.
func (w *Written) close() error {
	w.nameless = false
	if err := unix.Close(w.fd); err != nil { // it may tell of a write that failed
		return &fs.PathError{Op: "close", Path: w.path, Err: err}
	}
	return nil
}
