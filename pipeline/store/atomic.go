package store

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// replaceFile makes path hold exactly b, or leaves it as it was.
func replaceFile(path string, b []byte) error {
	return replaceWith(path, func(w *bufio.Writer) { w.Write(b) })
}

// replaceWith makes path hold what write writes, or leaves it as it was: a
// temporary file, synced, renamed, and the directory synced. The writer keeps
// its first error.
func replaceWith(path string, write func(*bufio.Writer)) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 64<<10)
	write(w)
	err = errors.Join(w.Flush(), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil // some file systems cannot, and do not need to
	}
	return errors.Join(err, d.Close())
}

// lockedFile opens path for writing under its own lock, which lasts until it
// is closed. It waits for others, who hold it for one write.
func lockedFile(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		for err = lockFile(f); errors.Is(err, errHeld); err = lockFile(f) {
			time.Sleep(time.Millisecond)
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		// Another process may have replaced the file while we waited.
		have, err1 := f.Stat()
		want, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(have, want) {
			return f, nil
		}
		f.Close()
		if err := errors.Join(err1, err2); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
}
