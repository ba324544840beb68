//go:build linux || darwin || freebsd

package store

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// hashFile reads a file once; stable says that it did not change meanwhile, nor
// since its stat was before, where that is not zero. It makes the system calls
// itself: package os adds some to wait for pipes, and most files are so small
// that calls are all they cost.
func hashFile(b base, path string, follow bool, before Stat) (d Digest, st Stat, stable bool, err error) {
	flags := unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK // never waits for the writer of a pipe
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	var fd int
	err = b.walk(path, func(dir int, name string) (err error) {
		fd, err = openat(dir, name, flags, 0)
		return err
	})
	if err != nil {
		return d, st, false, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd) // nothing was written
	if before == (Stat{}) {
		if before, err = statFD(fd, path); err != nil {
			return d, st, false, err
		}
	}
	if before.Type != 0 {
		return d, before, false, notRegular(path, before)
	}
	d, n, err := sum(before.Size, func(to []byte) (n int, err error) {
		err = retry(func() (err error) {
			n, err = unix.Read(fd, to)
			return err
		})
		return n, err
	})
	if err != nil {
		return d, st, false, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	st, err = statFD(fd, path)
	return d, st, st == before && n == st.Size, err
}
