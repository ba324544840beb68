//go:build unix

package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is below a folder is looked at in the one that had its name at first.
func TestBelow(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one, other := write("results/plot/a", "one"), write("elsewhere", "elsewhere")
	f, err := OpenFiles(filepath.Join(dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	below := f.Below(filepath.Join(dir, "results"))
	defer below.Close()
	want, _, err := f.Digest(one)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "results"), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	write("results/plot/a", "another")
	late := write("results/plot/late", "late")
	if got, _, err := below.Digest(one); err != nil || got != want {
		t.Errorf("got %v %v, want what was there when it was made", got, err)
	}
	if now, _, err := f.Digest(one); err != nil || now == want {
		t.Errorf("got %v %v of the file that has the name", now, err)
	}
	for _, path := range []string{late, other} { // neither is below that folder
		want, _, err := f.Digest(path)
		if got, _, err2 := below.Digest(path); err != nil || err2 != nil || got != want {
			t.Errorf("%s: got %v %v, want %v %v", path, got, err2, want, err)
		}
	}
	none := f.Below(filepath.Join(dir, "none"))
	defer none.Close()
	if got, _, err := none.Digest(late); err != nil || got == want {
		t.Errorf("without a folder: %v %v", got, err)
	}
}

// Paths of any length and with any byte reach the system as they are.
func TestPathsAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	var f Files
	long := dir
	for range 6 {
		long = filepath.Join(long, strings.Repeat("x", 200))
	}
	if err := os.MkdirAll(long, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "short"), filepath.Join(long, "long"), filepath.Join(dir, "new\nline \xff")} {
		if _, err := f.Write(path, []byte(path)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != path {
			t.Errorf("%q holds %q, %v", path, got, err)
		}
		want, _, err := f.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if d, _, err := f.Digest(path); err != nil || d != want {
			t.Errorf("%q: %v %v", path, d, err)
		}
	}
	// "short" is there, but this is not its name.
	path := filepath.Join(dir, "short\x00more")
	var invalid *fs.PathError
	if _, _, err := f.Digest(path); !errors.As(err, &invalid) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Digest of a name with a zero byte: %v", err)
	}
	if _, err := f.Write(path, nil); !errors.As(err, &invalid) {
		t.Errorf("Write to a name with a zero byte: %v", err)
	}
	if _, _, err := f.Read(path); !errors.As(err, &invalid) {
		t.Errorf("Read of a name with a zero byte: %v", err)
	}
}
