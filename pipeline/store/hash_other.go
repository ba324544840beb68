//go:build !linux && !darwin && !freebsd

package store

import "os"

// hashFile reads a file once; stable says that it did not change meanwhile.
func hashFile(_ base, path string, follow bool, _ Stat) (d Digest, st Stat, stable bool, err error) {
	if !follow {
		fi, err := os.Lstat(path)
		if err != nil {
			return d, st, false, err
		}
		if !fi.Mode().IsRegular() {
			return d, st, false, notRegular(path, fileInfoStat(fi))
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return d, st, false, err
	}
	defer f.Close()
	if st, err = statOpen(f); err != nil {
		return d, st, false, err
	}
	if st.Type != 0 {
		return d, st, false, notRegular(path, st)
	}
	d, n, err := sum(st.Size, f.Read)
	if err != nil {
		return d, st, false, err
	}
	after, err := statOpen(f)
	return d, st, after == st && n == st.Size, err
}
