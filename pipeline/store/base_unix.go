//go:build linux || darwin || freebsd

package store

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// A base is a folder that is kept open: the kernel need not walk to it anew for
// each file below. The zero base is none.
type base struct {
	prefix string // of the paths below
	fd     int
}

// openBase returns no base where the folder cannot be opened; then paths are
// walked as ever, and whoever uses them says what is wrong.
func openBase(path string) base {
	fd, err := openDir(path)
	if err != nil {
		return base{}
	}
	return base{strings.TrimSuffix(path, "/") + "/", fd}
}

func (b base) close() {
	if b.prefix != "" {
		closeDir(b.fd)
	}
}

// at returns a path and the open folder from which it is to be walked.
func (b base) at(path string) (dir int, name string) {
	if b.prefix != "" && len(path) > len(b.prefix) && path[:len(b.prefix)] == b.prefix && path[len(b.prefix)] != '/' {
		return b.fd, path[len(b.prefix):]
	}
	return atCWD, path
}

// walk calls f with a path and the open folder from which it is to be walked.
// What is not found from there is looked for by its whole path: the folder may
// have been removed, and another made in its place, since it was opened.
func (b base) walk(path string, f func(dir int, name string) error) error {
	dir, name := b.at(path)
	err := retry(func() error { return f(dir, name) })
	if dir != atCWD && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESTALE)) {
		err = retry(func() error { return f(atCWD, path) })
	}
	return err
}

// rename is os.Rename without the look at the new name that this takes first,
// to fail with fs.ErrExist where a folder has it: the system refuses to put a
// file there by itself.
func (b base) rename(from, to string) error {
	err := b.walk(to, func(toDir int, toName string) error {
		return b.walk(from, func(fromDir int, fromName string) error {
			return unix.Renameat(fromDir, fromName, toDir, toName)
		})
	})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
