package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func publishing(t *testing.T, base string) *Files {
	t.Helper()
	f, err := OpenFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f.PublishTo(base)
	t.Cleanup(func() { f.Close() })
	return f
}

// withoutNames is a folder, and Files that write there without names.
func withoutNames(t *testing.T) (f *Files, at func(string) string) {
	t.Helper()
	dir := t.TempDir()
	f = publishing(t, dir)
	at = func(name string) string { return filepath.Join(dir, name) }
	if w := mustWrite(t, f, at("first"), "first"); w.Nameless() {
		t.Fatal("a file without a name was had before it was known how it gets one")
	}
	wantText(t, at("first"), "first")
	wantEntries(t, dir, "first")
	if f.naming.known.Load() != possible {
		t.Skip("files without names cannot be had here")
	}
	return f, at
}

func mustWrite(t *testing.T, f *Files, path, text string) *Written {
	t.Helper()
	w, err := f.Write(path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !w.Nameless() {
		if d, st, err := f.Read(path); err != nil || d != w.Digest || st != w.Stat {
			t.Fatalf("%s was written: %+v; read: %v %v, %v", path, w, d, st, err)
		}
	}
	return &w
}

func wantText(t *testing.T, path, want string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != want {
		t.Errorf("%s holds %q, %v; want %q", path, b, err, want)
	}
}

func wantEntries(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != strings.Join(want, " ") {
		t.Errorf("%s holds %s, want %s", dir, got, want)
	}
}

func TestPublishNameless(t *testing.T) {
	f, at := withoutNames(t)
	if err := os.WriteFile(at("taken"), []byte("not ours"), 0o644); err != nil {
		t.Fatal(err)
	}
	w := mustWrite(t, f, at("private"), "text")
	wantEntries(t, at(""), "first", "taken")
	if _, _, err := f.Publish(w, at("taken")); !errors.Is(err, fs.ErrExist) || !w.Nameless() {
		t.Fatalf("published where something is: %v", err)
	}
	if _, _, err := f.Publish(w, at("no/folder")); !errors.Is(err, fs.ErrNotExist) || !w.Nameless() {
		t.Fatalf("published where no folder is: %v", err)
	}
	st, _, err := f.Publish(w, at("public"))
	if err != nil || w.Nameless() {
		t.Fatal(err)
	}
	wantText(t, at("taken"), "not ours")
	wantText(t, at("public"), "text")
	wantEntries(t, at(""), "first", "public", "taken")
	if d, seen, _, err := f.Look(at("public")); err != nil || d != w.Digest || seen != st {
		t.Errorf("published as %v, looked at: %v %v, %v", st, d, seen, err)
	}
	if _, _, err := f.Publish(w, at("elsewhere")); !errors.Is(err, errors.ErrUnsupported) {
		t.Error("published what has its name: ", err)
	}

	// One that somebody changes in the moment in which it gets its name.
	w = mustWrite(t, f, at("private"), "text")
	if _, err := unix.Pwrite(w.fd, []byte("T"), 0); err != nil {
		t.Fatal(err)
	}
	_, _, err = f.Publish(w, at("changed"))
	if err == nil || !strings.Contains(err.Error(), "was changed by another program") {
		t.Errorf("a file that was changed is published: %v", err)
	}
}

func TestNameNameless(t *testing.T) {
	f, at := withoutNames(t)
	w := mustWrite(t, f, at("private"), "text")
	if err := os.WriteFile(at("private"), []byte("older"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second has nothing to do
		if err := f.Name(w); err != nil || w.Nameless() {
			t.Fatal(err)
		}
		wantText(t, at("private"), "text")
	}

	w = mustWrite(t, f, at("folder"), "text")
	if err := os.Mkdir(at("folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	var path *fs.PathError
	if err := f.Name(w); !errors.As(err, &path) || path.Path != at("folder") || w.Nameless() {
		t.Errorf("a file has the name of a folder: %v", err)
	}

	w = mustWrite(t, f, at("never"), "text")
	fd := w.fd
	w.Discard()
	w.Discard()
	if _, err := statFD(fd, "it"); w.Nameless() || !errors.Is(err, unix.EBADF) {
		t.Errorf("what was given up is open: %v", err)
	}
	wantEntries(t, at(""), "first", "folder", "private")
}

// Where the file system has no such files, or gives them more rights than others,
// and before it is known, files have names.
func TestNamelessIsNotToBeHad(t *testing.T) {
	dir := t.TempDir()
	f := publishing(t, dir)
	for range 2 {
		f.probe(filepath.Join(dir, "no", "folder"), 0o100644)
		if f.naming.known.Load() != impossible {
			t.Error("a folder that is not there can hold files without names")
		}
		path := filepath.Join(dir, "file")
		if w := mustWrite(t, f, path, "text"); w.Nameless() {
			t.Error("it has files without names")
		}
		wantText(t, path, "text")
	}

	f = publishing(t, dir)
	f.probe(filepath.Join(dir, "file"), 0o100000)
	if f.naming.known.Load() != impossible {
		t.Error("files without names may be read by others than those with")
	}

	f = publishing(t, dir)
	if _, err := f.Write(filepath.Join(dir, "no", "folder"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error("written into a folder that is not there: ", err)
	}
	if f.naming.known.Load() != unknown {
		t.Error("a file that could not be written says that no other can")
	}
	mustWrite(t, new(Files), filepath.Join(dir, "other"), "text") // of no run
}
