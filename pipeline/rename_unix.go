//go:build unix

package pipeline

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// rename is os.Rename without the look at the new name that this takes first,
// to fail with fs.ErrExist where a folder has it: the system refuses to put a
// file there by itself. It costs as much again as the rename.
func rename(from, to string) error {
	for {
		err := unix.Rename(from, to)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EINTR) {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
		}
	}
}
