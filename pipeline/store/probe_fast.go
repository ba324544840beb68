//go:build linux && (amd64 || arm64)

package store

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// at looks at the file at a path, which ends with a zero byte, below an open
// folder; symbolic links are followed. It makes the system call itself, since
// the wrappers copy every path.
func (st *fileStat) at(dir int, path []byte) (there bool, err error) {
	for {
		_, _, e := unix.Syscall6(unix.SYS_NEWFSTATAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&st.Stat_t)), 0, 0, 0)
		switch {
		case e == 0:
			return true, nil
		case errors.Is(e, unix.ENOENT), errors.Is(e, unix.ENOTDIR):
			return false, nil
		case !errors.Is(e, unix.EINTR):
			return false, e
		}
	}
}

func fstatat(dir int, path string, st *unix.Stat_t) error {
	var room cPath
	p, err := room.of(path)
	if err != nil {
		return err
	}
	_, _, e := unix.Syscall6(unix.SYS_NEWFSTATAT, uintptr(dir), uintptr(unsafe.Pointer(&p[0])), uintptr(unsafe.Pointer(st)), 0, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}
