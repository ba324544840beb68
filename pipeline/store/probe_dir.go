//go:build linux || darwin || freebsd

package store

import "golang.org/x/sys/unix"

const atCWD = unix.AT_FDCWD

// openDir opens a folder to look at the files in it: a descriptor that is kept
// spares the kernel the walk to the folder for each file.
func openDir(path string) (fd int, err error) {
	err = retry(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	return fd, err
}

func closeDir(fd int) { unix.Close(fd) } // nothing was written

// fileStat is what the system says of a file.
type fileStat struct{ unix.Stat_t }

func (st *fileStat) dev() uint64  { return uint64(st.Dev) }
func (st *fileStat) ino() uint64  { return uint64(st.Ino) }
func (st *fileStat) size() int64  { return int64(st.Size) }
func (st *fileStat) mode() uint32 { return uint32(st.Mode) }
func (st *fileStat) mtime() int64 { return st.Mtim.Nano() }
func (st *fileStat) ctime() int64 { return st.Ctim.Nano() }
