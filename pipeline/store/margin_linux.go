package store

import (
	"time"

	"golang.org/x/sys/unix"
)

// margin says how coarse the time stamps of the file system under path may be.
func margin(path string) time.Duration {
	var st unix.Statfs_t
	if retry(func() error { return unix.Statfs(path, &st) }) != nil {
		return marginRemote
	}
	switch int64(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC,
		unix.F2FS_SUPER_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, 0x2fc12fc1 /* ZFS */ :
		return marginLocal
	}
	return marginRemote
}
