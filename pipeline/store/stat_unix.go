//go:build linux || darwin || freebsd

package store

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

func statPath(path string) (Stat, error) { return base{}.stat(path) }

func (b base) stat(path string) (Stat, error) {
	var st unix.Stat_t
	err := b.walk(path, func(dir int, name string) error { return fstatat(dir, name, &st) })
	if err != nil {
		return Stat{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return fromUnix(&st), nil
}

func statOpen(f *os.File) (Stat, error) { return statFD(int(f.Fd()), f.Name()) }

func statFD(fd int, path string) (Stat, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstat(fd, &st) })
	if err != nil {
		return Stat{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return fromUnix(&st), nil
}

func retry(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func fromUnix(st *unix.Stat_t) Stat {
	var t fs.FileMode
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		t = fs.ModeDir
	default:
		t = fs.ModeIrregular
	}
	return Stat{
		Dev: uint64(st.Dev), Ino: uint64(st.Ino), Size: st.Size, Mode: uint32(st.Mode),
		Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano(), Type: t,
	}
}
