package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func openNameless(t *testing.T, base string) *Files {
	t.Helper()
	f, err := OpenFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f.PublishTo(base)
	t.Cleanup(func() { f.Close() })
	return f
}

func mustWrite(t *testing.T, f *Files, path, text string) *Written {
	t.Helper()
	w, err := f.Write(path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	d, st, err := f.Read(path)
	st.Ctime = w.Stat.Ctime // a name changes it
	if w.Nameless() != errors.Is(err, fs.ErrNotExist) || err == nil && (d != w.Digest || st != w.Stat) {
		t.Fatalf("%s was written: %+v; read: %v %v, %v", path, w, d, st, err)
	}
	return &w
}

func wantText(t *testing.T, path, want string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != want {
		t.Errorf("%s holds %q, %v; want %q", path, b, err, want)
	}
}

// A file without a name is seen only when it has got one, in every way of
// giving it one that works here.
func TestNameless(t *testing.T) {
	for name, way := range map[string]int32{"found": unknownWay, "by descriptor": byDescriptor, "by /proc": byProc} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			f := openNameless(t, dir)
			f.naming.way.Store(way)
			at := func(name string) string { return filepath.Join(dir, name) }
			if way == unknownWay {
				if w := mustWrite(t, f, at("first"), "first"); w.Nameless() {
					t.Error("a file without a name was had before it was known how it gets one")
				}
				wantText(t, at("first"), "first")
			}
			w := mustWrite(t, f, at("private"), "text")
			if !w.Nameless() {
				t.Skip("files without a name cannot be had here")
			}
			if err := os.WriteFile(at("taken"), []byte("not ours"), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, _, err := f.Publish(w, at("taken")); !errors.Is(err, fs.ErrExist) || !w.Nameless() {
				t.Fatalf("published where something is: %v", err)
			}
			if _, _, err := f.Publish(w, at("no/folder")); !errors.Is(err, fs.ErrNotExist) || !w.Nameless() {
				if way == byDescriptor && w.Nameless() {
					t.Skip("this way is not open here: ", err)
				}
				t.Fatalf("published where no folder is: %v", err)
			}
			st, _, err := f.Publish(w, at("public"))
			if err != nil || w.Nameless() {
				if way == byDescriptor {
					t.Skip("this way is not open here: ", err)
				}
				t.Fatal(err)
			}
			wantText(t, at("taken"), "not ours")
			wantText(t, at("public"), "text")
			if d, seen, _, err := f.Look(at("public")); err != nil || d != w.Digest || seen != st {
				t.Errorf("published as %v, looked at: %v %v, %v", st, d, seen, err)
			}

			w = mustWrite(t, f, at("private"), "other")
			if err := os.WriteFile(at("private"), []byte("older"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := f.Name(w); err != nil || w.Nameless() {
				t.Fatal(err)
			}
			wantText(t, at("private"), "other")
			if err := f.Name(w); err != nil {
				t.Error("naming what has its name: ", err)
			}
			if _, _, err := f.Publish(w, at("elsewhere")); !errors.Is(err, errors.ErrUnsupported) {
				t.Error("published what has its name: ", err)
			}

			w = mustWrite(t, f, at("never"), "text")
			w.Discard()
			w.Discard()
			if _, err := os.Lstat(at("never")); w.Nameless() || !errors.Is(err, fs.ErrNotExist) {
				t.Error("what was given up is there: ", err)
			}
		})
	}
}

// Where a file system has no such files, others are written.
func TestNamelessIsNotToBeHad(t *testing.T) {
	dir := t.TempDir()
	f := openNameless(t, "/proc")
	path := filepath.Join(dir, "file")
	if w := mustWrite(t, f, path, "text"); w.Nameless() {
		t.Error("/proc has a file without a name")
	}
	wantText(t, path, "text")
	if f.naming.way.Load() != noWay {
		t.Error("it is tried again with each file")
	}

	f = openNameless(t, dir)
	if _, err := f.Write(filepath.Join(dir, "no", "folder"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error("written into a folder that is not there: ", err)
	}
}
