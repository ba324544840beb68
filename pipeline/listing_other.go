//go:build !linux

package pipeline

import (
	"io"
	"os"
	"slices"
)

// holds reports whether an open folder holds exactly these names.
func holds(f *os.File, names ...string) bool {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false
	}
	have, err := f.Readdirnames(len(names) + 1)
	return (err == nil || err == io.EOF) && slices.Equal(have, names)
}
