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
