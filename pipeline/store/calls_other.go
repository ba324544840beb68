//go:build darwin || freebsd

package store

import "golang.org/x/sys/unix"

func openat(dir int, path string, flags int, mode uint32) (fd int, err error) {
	return unix.Openat(dir, path, flags, mode)
}
