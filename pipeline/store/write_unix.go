//go:build linux || darwin || freebsd

package store

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// writeFile is os.WriteFile below a base, without following a link, and tells
// the stat of what it wrote. It makes the system calls itself, as hashFile does.
func writeFile(b base, path string, content []byte) (st Stat, err error) {
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC | unix.O_CLOEXEC | unix.O_NOFOLLOW
	var fd int
	err = b.walk(path, func(dir int, name string) (err error) {
		fd, err = openat(dir, name, flags, 0o666)
		return err
	})
	if err != nil {
		return st, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() {
		if e := unix.Close(fd); e != nil && err == nil { // it may tell of a write that failed
			err = &fs.PathError{Op: "close", Path: path, Err: e}
		}
	}()
	return writeFD(fd, path, content)
}

// writeFD writes a file's content, and returns its stat from then on.
func writeFD(fd int, path string, content []byte) (st Stat, err error) {
	for len(content) > 0 {
		var n int
		if err := retry(func() (err error) {
			n, err = unix.Write(fd, content)
			return err
		}); err != nil {
			return st, &fs.PathError{Op: "write", Path: path, Err: err}
		}
		content = content[n:]
	}
	return statFD(fd, path)
}
