//go:build !linux && !darwin && !freebsd

package store

import "os"

// writeFile is os.WriteFile, and tells the stat of what it wrote.
func writeFile(_ base, path string, content []byte) (st Stat, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return st, err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if _, err := f.Write(content); err != nil {
		return st, err
	}
	return statOpen(f)
}
