package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/concluder/concluder/pipeline/store"
)

func TestMoveFile(t *testing.T) {
	dir := t.TempDir()
	files, err := store.OpenFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	files.PublishTo(dir)
	r := &run{inspector: inspector{files: files}}
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
		if err := r.moveFile(at("a"), at(c.to)); err == nil || err.Error() != at(c.want) {
			t.Errorf("to %s: %v", c.to, err)
		}
	}
	if err := os.WriteFile(at("b"), []byte("b"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"b", "new/folders/c"} {
		if err := r.moveFile(at("a"), at(to)); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(at(to)); err != nil || string(b) != "a" {
			t.Errorf("%s holds %q, %v", to, b, err)
		}
		if err := os.Rename(at(to), at("a")); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.moveFile(at("none"), at("d")); !os.IsNotExist(err) {
		t.Errorf("of nothing: %v", err)
	}
}
