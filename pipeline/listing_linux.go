package pipeline

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// holds reports whether an open folder holds exactly these names, none of which
// is . or .. It makes the system calls itself: for a folder that holds next to
// nothing package os costs more than they do.
func holds(f *os.File, names ...string) bool {
	fd := int(f.Fd())
	if _, err := unix.Seek(fd, 0, unix.SEEK_SET); err != nil {
		return false
	}
	var have []string
	var b [1024]byte // one entry of the longest name at least
	for len(have) <= len(names) {
		n, err := unix.ReadDirent(fd, b[:])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return false
		case n <= 0: // only this is the end: a system may return less than there is
			return slices.Equal(have, names)
		default:
			_, _, have = unix.ParseDirent(b[:n], -1, have)
		}
	}
	return false
}
