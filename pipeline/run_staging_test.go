package pipeline

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/concluder/concluder/pipeline/store"
)

// A private folder is handed out again only when nothing is in it, whatever was
// made and removed there right after it was looked at.
func TestStagingNoticesWhatIsLeft(t *testing.T) {
	files, err := store.OpenFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := openStaging(t.TempDir(), "run")
	s.files = files
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	})
	rng := rand.New(rand.NewPCG(1, 2))
	dir, err := s.take()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	names := []string{"a", "out/a", ".b", "out/.b", "out1"}
	for range 2000 {
		for range rng.IntN(4) {
			name := names[rng.IntN(len(names))]
			path := filepath.Join(dir, filepath.FromSlash(name))
			if there[name] {
				err = os.Remove(path)
			} else {
				err = os.Mkdir(path, 0o777)
			}
			if err != nil {
				t.Fatal(err)
			}
			there[name] = !there[name]
			if !there[name] {
				delete(there, name)
			}
		}
		if got := s.empty(dir); got != (len(there) == 0) {
			t.Fatalf("empty says %v, there are %v", got, there)
		}
	}
	clear(there)
	if err := os.WriteFile(filepath.Join(dir, "left"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.give(dir, true)
	if next, err := s.take(); err != nil || next == dir {
		t.Errorf("%s, in which a file was left, is handed out again as %s, %v", dir, next, err)
	}
}
