package store

import (
	"io/fs"
	"time"
)

// A Stat is what identifies a version of a file without reading it. Times are
// nanoseconds since 1970.
type Stat struct {
	Dev, Ino     uint64
	Size         int64
	Mode         uint32 // as the system says it
	Mtime, Ctime int64
	Type         fs.FileMode // type bits only
}

// changed is when the file last changed, as far as its stat says.
func (s Stat) changed() int64 { return max(s.Mtime, s.Ctime) }

// StatFile follows symbolic links. The error is an *fs.PathError.
func StatFile(path string) (Stat, error) { return statPath(path) }

// How long a file must have been left alone before its stat is trusted: a
// local kernel stamps files with a clock that moves every 1 to 10 ms, a server
// or an old format may be as coarse as two seconds.
const (
	marginLocal  = 20 * time.Millisecond
	marginRemote = 2 * time.Second
)
