//go:build !linux && !darwin && !freebsd

package store

import "errors"

const atCWD = -1

func openDir(string) (int, error) { return atCWD, errors.ErrUnsupported }

func closeDir(int) {}

// fileStat is nothing here: without inodes and change times no file can be
// known without being read.
type fileStat struct{}

func (*fileStat) at(int, []byte) (bool, error) { return false, errors.ErrUnsupported }

func (*fileStat) dev() uint64  { return 0 }
func (*fileStat) ino() uint64  { return 0 }
func (*fileStat) size() int64  { return 0 }
func (*fileStat) mode() uint32 { return 0 }
func (*fileStat) mtime() int64 { return 0 }
func (*fileStat) ctime() int64 { return 0 }
