//go:build !linux && !darwin && !freebsd

package store

import "os"

func statPath(path string) (Stat, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return Stat{}, err
	}
	return fileInfoStat(fi), nil
}

func statOpen(f *os.File) (Stat, error) {
	fi, err := f.Stat()
	if err != nil {
		return Stat{}, err
	}
	return fileInfoStat(fi), nil
}

// fileInfoStat is a Stat without inode and change time: good for comparing,
// never trusted for a digest.
func fileInfoStat(fi os.FileInfo) Stat {
	return Stat{Size: fi.Size(), Mode: uint32(fi.Mode()), Mtime: fi.ModTime().UnixNano(), Ctime: fi.ModTime().UnixNano(), Type: fi.Mode().Type()}
}
