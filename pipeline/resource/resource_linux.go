package resource

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

const openFilesDir = "/proc/self/fd"

// rss is the memory that the process occupies; see proc(5), statm.
func rss() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// memory is what is available, of how much: on the machine, or in the control
// group around the process that leaves the least.
func memory() (available, total int64) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0
	}
	available, total = 1024*field(b, "MemAvailable:"), 1024*field(b, "MemTotal:")
	b, err = os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return available, total
	}
	for _, g := range memoryGroups(string(b)) {
		if a, t, ok := g.memory(); ok && t < total && a < available {
			available, total = a, t
		}
	}
	return available, total
}

// field is the number after a name at the beginning of a line.
func field(text []byte, name string) int64 {
	for line := range bytes.Lines(text) {
		if f := bytes.Fields(line); len(f) >= 2 && string(f[0]) == name {
			n, err := strconv.ParseInt(string(f[1]), 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}

// A group is a control group, and the names of its files in its version of the
// interface: see cgroups(7).
type group struct{ dir, limit, usage, cache string }

// memoryGroups are the groups that may limit the memory of the process: its own
// and those around it, by the lines of /proc/self/cgroup.
func memoryGroups(lines string) []group {
	var groups []group
	for line := range strings.Lines(lines) {
		part := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(part) != 3 {
			continue
		}
		g := group{"", "memory.max", "memory.current", "inactive_file"}
		root := "/sys/fs/cgroup"
		switch {
		case part[0] == "0":
		case part[1] == "memory":
			g = group{"", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
			root = "/sys/fs/cgroup/memory"
		default:
			continue
		}
		for p := path.Clean("/" + part[2]); ; p = path.Dir(p) {
			g.dir = filepath.Join(root, p)
			groups = append(groups, g)
			if p == "/" {
				break
			}
		}
	}
	return groups
}

// memory is what a group has left; false where it has no limit. Cached files
// that nobody uses are given up first, so they count as available.
func (g group) memory() (available, total int64, ok bool) {
	total, ok = g.number(g.limit)
	if !ok {
		return 0, 0, false
	}
	used, ok := g.number(g.usage)
	if !ok {
		return 0, 0, false
	}
	if stat, err := os.ReadFile(filepath.Join(g.dir, "memory.stat")); err == nil {
		used -= field(stat, g.cache)
	}
	return max(0, total-max(0, used)), total, true
}

func (g group) number(name string) (int64, bool) {
	b, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil // "max" is no number
}
