//go:build !linux && !darwin && !freebsd

package store

import "os"

// base is nothing here: see base_unix.go.
type base struct{}

func openBase(string) base { return base{} }

func (base) close() {}

func (base) stat(path string) (Stat, error) { return statPath(path) }

func (base) rename(from, to string) error { return os.Rename(from, to) }
