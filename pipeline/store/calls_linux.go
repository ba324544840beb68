package store

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What is asked of the system for every node is asked here, and a stat in
// probe_fast.go: the wrappers copy every path to the heap.

// A cPath is room for a path as the system wants it.
type cPath [512]byte

// of returns a path with a zero byte after it. One that has a zero byte in it
// names no file.
func (c *cPath) of(path string) ([]byte, error) {
	if strings.IndexByte(path, 0) >= 0 {
		return nil, unix.EINVAL
	}
	return append(append(c[:0], path...), 0), nil
}

func openat(dir int, path string, flags int, mode uint32) (fd int, err error) {
	var room cPath
	p, err := room.of(path)
	if err != nil {
		return -1, err
	}
	r, _, e := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&p[0])), uintptr(flags|unix.O_LARGEFILE), uintptr(mode), 0, 0)
	if e != 0 {
		return -1, e
	}
	return int(r), nil
}

// linkOpen gives an open file a name.
func linkOpen(fd, dir int, path string) error {
	var room cPath
	p, err := room.of(path)
	if err != nil {
		return err
	}
	var own [1]byte // an empty path
	_, _, e := unix.Syscall6(unix.SYS_LINKAT, uintptr(fd), uintptr(unsafe.Pointer(&own[0])), uintptr(dir), uintptr(unsafe.Pointer(&p[0])), unix.AT_EMPTY_PATH, 0)
	if e != 0 {
		return e
	}
	return nil
}
