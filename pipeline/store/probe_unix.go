//go:build darwin || freebsd || (linux && !amd64 && !arm64)

package store

import (
	"errors"

	"golang.org/x/sys/unix"
)

// at looks at the file at a path, which ends with a zero byte, below an open
// folder; symbolic links are followed.
func (st *fileStat) at(dir int, path []byte) (there bool, err error) {
	err = retry(func() error { return unix.Fstatat(dir, string(path[:len(path)-1]), &st.Stat_t, 0) })
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return false, nil
	}
	return err == nil, err
}

func fstatat(dir int, path string, st *unix.Stat_t) error { return unix.Fstatat(dir, path, st, 0) }
