//go:build linux || darwin || freebsd

package resource

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what the process, and its children that have ended, computed so
// far.
func cpuTime() time.Duration {
	var sum time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if unix.Getrusage(who, &u) == nil {
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return sum
}

// disk is the file system of a directory, nil where nobody knows.
func disk(dir string) *Disk {
	var s unix.Statfs_t
	for {
		err := unix.Statfs(dir, &s)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			return nil
		}
	}
	free := int64(s.Bavail)
	if os.Geteuid() == 0 {
		free = int64(s.Bfree) // what is kept back is kept back for root
	}
	return &Disk{Free: max(0, free) * int64(s.Bsize), Total: int64(s.Blocks) * int64(s.Bsize), id: s.Fsid.Val}
}

// FilesLimit is how many files the process may have open, 0 where nobody knows.
func FilesLimit() int {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	return int(min(uint64(l.Cur), maxFiles))
}

// files is how many files the process has open, and how many it may have.
func files() (open, limit int) {
	limit = FilesLimit()
	f, err := os.Open(openFilesDir)
	if errors.Is(err, unix.EMFILE) {
		return limit, limit
	}
	if err != nil {
		return 0, limit
	}
	defer f.Close()
	// Since 6.2 Linux says the number as the folder's size.
	if info, err := f.Stat(); err == nil && openFilesDir == "/proc/self/fd" && info.Size() > 0 {
		return int(info.Size()) - 1, limit
	}
	names, err := f.Readdirnames(-1)
	if err != nil {
		return 0, limit
	}
	return len(names) - 1, limit
}

// maxFiles stands for no limit.
const maxFiles = 1 << 30
