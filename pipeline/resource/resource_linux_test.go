package resource

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMemoryGroups(t *testing.T) {
	tests := []struct {
		lines string
		want  []string
	}{
		{"", nil},
		{"0::/\n", []string{"/sys/fs/cgroup"}},
		{"0::/user.slice/a.scope\n", []string{"/sys/fs/cgroup/user.slice/a.scope", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup"}},
		{"4:memory:/a:b\n1:cpu:/x\n", []string{"/sys/fs/cgroup/memory/a:b", "/sys/fs/cgroup/memory"}},
		{"0::/../outside\nbroken\n", []string{"/sys/fs/cgroup/outside", "/sys/fs/cgroup"}},
	}
	for _, test := range tests {
		got := memoryGroups(test.lines)
		if len(got) != len(test.want) {
			t.Errorf("%q: %d groups, want %q", test.lines, len(got), test.want)
			continue
		}
		for i, g := range got {
			if g.dir != test.want[i] {
				t.Errorf("%q: group %d is %s, want %s", test.lines, i, g.dir, test.want[i])
			}
		}
	}
}

func TestGroupMemory(t *testing.T) {
	tests := []struct {
		name, limit, usage, stat string
		available, total         int64
		ok                       bool
	}{
		{"limited", "1000\n", "700\n", "anon 1\ninactive_file 200\n", 500, 1000, true},
		{"no limit", "max\n", "700\n", "", 0, 0, false},
		{"over", "1000\n", "1200\n", "inactive_file 0\n", 0, 1000, true},
		{"no statistics", "1000\n", "700\n", "", 300, 1000, true},
		{"no usage", "1000\n", "", "", 0, 0, false},
	}
	for _, test := range tests {
		g := group{t.TempDir(), "memory.max", "memory.current", "inactive_file"}
		for name, text := range map[string]string{g.limit: test.limit, g.usage: test.usage, "memory.stat": test.stat} {
			if text == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if a, n, ok := g.memory(); a != test.available || n != test.total || ok != test.ok {
			t.Errorf("%s: %d of %d, %t, want %d of %d, %t", test.name, a, n, ok, test.available, test.total, test.ok)
		}
	}
}
