package store

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A naming is how a file that has no name gets one, which the first such file of
// a run finds out.
type naming struct{ way atomic.Int32 }

const (
	unknownWay   = iota
	noWay        // the system or the file system has no such files
	byDescriptor // older kernels want a capability for that
	byProc       // by the link to the descriptor in /proc
)

// writeNameless is Write for a file without a name; ok is false where there is
// none, for whatever reason: then a named one is to be tried, and to fail.
//
// Such a file comes into being complete, costs one change of a folder and not
// two, and leaves nothing behind when the process is killed.
func (f *Files) writeNameless(path string, content []byte) (w Written, ok bool, err error) {
	if f.base.prefix == "" || f.naming.way.Load() == noWay {
		return w, false, nil
	}
	const flags = unix.O_WRONLY | unix.O_TMPFILE | unix.O_CLOEXEC
	var fd int
	if err := retry(func() (err error) {
		fd, err = unix.Openat(f.base.fd, ".", flags, 0o666)
		return err
	}); err != nil {
		// EISDIR is what a kernel says that does not know the flag.
		if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EINVAL) {
			f.naming.way.Store(noWay)
		}
		return w, false, nil
	}
	w = Written{Digest: sha256.Sum256(content), path: path, nameless: true, fd: fd}
	if w.Stat, err = writeFD(fd, path, content); err != nil {
		w.Discard()
		return w, true, err
	}
	if f.naming.way.Load() == unknownWay {
		if !f.findWay(fd, path) {
			w.Discard()
			return w, false, nil
		}
		return w, true, w.close() // it has its name already
	}
	return w, true, nil
}

// findWay finds a way to give files names by giving one its own.
func (f *Files) findWay(fd int, path string) (found bool) {
	for _, way := range []int32{byDescriptor, byProc} {
		if f.link(way, fd, path) == nil {
			f.naming.way.Store(way)
			return true
		}
	}
	f.naming.way.Store(noWay)
	return false
}

func (f *Files) link(way int32, fd int, path string) error {
	err := f.base.walk(path, func(dir int, name string) error {
		if way == byProc {
			return unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), dir, name, unix.AT_SYMLINK_FOLLOW)
		}
		return unix.Linkat(fd, "", dir, name, unix.AT_EMPTY_PATH)
	})
	if err != nil {
		return &fs.PathError{Op: "link", Path: path, Err: err}
	}
	return nil
}

// Name gives a file that was written without a name the one that it was written
// for, whatever else has that. The error is an *fs.PathError.
func (f *Files) Name(w *Written) error {
	if !w.nameless {
		return nil
	}
	f.closing.RLock()
	defer f.closing.RUnlock()
	way := f.naming.way.Load()
	err := f.link(way, w.fd, w.path)
	if errors.Is(err, fs.ErrExist) {
		if err = unix.Unlink(w.path); err == nil {
			err = f.link(way, w.fd, w.path)
		} else {
			err = &fs.PathError{Op: "remove", Path: w.path, Err: err}
		}
	}
	return errors.Join(err, w.close())
}

// Publish gives a file that was written without a name one where others see it,
// and returns what Look would. It replaces nothing, and fails with fs.ErrExist
// where there is something; after an error the file is as it was.
func (f *Files) Publish(w *Written, to string) (st Stat, settled bool, err error) {
	if !w.nameless {
		return st, false, &fs.PathError{Op: "link", Path: to, Err: errors.ErrUnsupported}
	}
	if err := f.link(f.naming.way.Load(), w.fd, to); err != nil {
		return st, false, err
	}
	st, err = statFD(w.fd, to)
	if err = errors.Join(err, w.close()); err != nil {
		return st, false, err
	}
	return f.published(to, st, w.Stat, w.Digest)
}

// Discard gives up a file that has no name.
func (w *Written) Discard() {
	if w.nameless {
		unix.Close(w.fd) // nobody will miss what was not written
		w.nameless = false
	}
}

// close ends the writing of a file that has a name now.
func (w *Written) close() error {
	w.nameless = false
	if err := unix.Close(w.fd); err != nil { // it may tell of a write that failed
		return &fs.PathError{Op: "close", Path: w.path, Err: err}
	}
	return nil
}
