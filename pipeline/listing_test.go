package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHolds(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	make := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(name string) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want bool, names ...string) {
		t.Helper()
		if got := holds(f, names...); got != want {
			t.Errorf("holds %q: %v", names, got)
		}
	}
	check(true)
	check(false, "out")
	make("out")
	check(true, "out")
	check(false)
	check(false, "in")
	make(".x")
	check(false, "out")
	remove("out")
	check(false, "out")
	check(true, ".x")
	remove(".x")
	check(true)
	for i := range 100 { // more than is listed at a time
		make(strings.Repeat("é", 100) + fmt.Sprint(i))
	}
	check(false)
	check(false, "out")
}

func TestRename(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("a"), []byte("a"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(at("folder/full"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ to, want string }{
		{"folder", "folder is a folder, where a file is to be written: move it away"},
		{"folder/full", "folder/full is a folder, where a file is to be written: move it away"},
	} {
		if err := moveFile(at("a"), at(c.to)); err == nil || err.Error() != at(c.want) {
			t.Errorf("to %s: %v", c.to, err)
		}
	}
	if err := os.WriteFile(at("b"), []byte("b"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"b", "new/folders/c"} {
		if err := moveFile(at("a"), at(to)); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(at(to)); err != nil || string(b) != "a" {
			t.Errorf("%s holds %q, %v", to, b, err)
		}
		if err := os.Rename(at(to), at("a")); err != nil {
			t.Fatal(err)
		}
	}
	if err := moveFile(at("none"), at("d")); !os.IsNotExist(err) {
		t.Errorf("of nothing: %v", err)
	}
}
