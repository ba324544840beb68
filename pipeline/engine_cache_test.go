package pipeline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What is only a cache may be lost: a run that cannot keep it does all its work
// and says so, and so does the next one. Records are no cache.
func TestCacheThatCannotBeWritten(t *testing.T) {
	for _, test := range []struct {
		name, file, warning string
	}{
		{"digests", "files", "the next run will read files again whose digests this one knows: the state directory cannot be written: "},
		{"clock", "clock", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, "a", "b")
			var warnings []string
			w.opts.Observe = func(e Event) {
				if e.Event == EventWarning {
					warnings = append(warnings, e.Message)
				}
			}
			// Root may write any file, but not where a folder is.
			if err := os.MkdirAll(w.path(filepath.Join(stateDirName, test.file, "x")), 0o777); err != nil {
				t.Fatal(err)
			}
			w.age() // settled: there is something to keep
			w.runs(all("a", "b")...)
			w.write("data/a", "new")
			w.age()
			w.runs(all("a")...)
			w.runs()
			if test.warning == "" && len(warnings) > 0 {
				t.Errorf("warned of %q", warnings)
			}
			if test.warning != "" && !slices.ContainsFunc(warnings, func(s string) bool { return strings.HasPrefix(s, test.warning) }) {
				t.Errorf("warned of %q, want %q", warnings, test.warning)
			}
		})
	}

	w := newWorld(t, "a")
	w.runs(all("a")...)
	logs, err := filepath.Glob(w.path(filepath.Join(stateDirName, "state", "*", "log")))
	if err != nil || len(logs) != 1 {
		t.Fatal(logs, err)
	}
	if err := os.Remove(logs[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(logs[0], "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.try(); err == nil || !strings.Contains(err.Error(), logs[0]) {
		t.Errorf("records that cannot be kept: %v", err)
	}
}
