package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MakeDir makes a state directory with a .gitignore of its own, and its
// folders. What is there already stays.
func MakeDir(dir string) error {
	for _, d := range []string{"state", "runs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			return err
		}
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(ignore, []byte("*\n"), 0o666)
}

// PlaceOf returns the folder in a state directory for one pipeline with one
// results directory. base is the pipeline file's folder. A results directory
// inside it is named by its relative path, so that everything can be moved
// together; from a state directory elsewhere, which other pipelines may share,
// it is named as seen from there.
func PlaceOf(stateDir, base, label, results string) string {
	id := filepath.Clean(results)
	if rel, err := filepath.Rel(base, results); err == nil && filepath.IsLocal(rel) {
		if seen, err := filepath.Rel(stateDir, results); err == nil {
			id = seen
		}
	}
	sum := sha256.Sum256([]byte(label + "\x00" + filepath.ToSlash(id)))
	return filepath.Join(stateDir, "state", plainName(label)+"-"+hex.EncodeToString(sum[:4]))
}

// plainName keeps what is safe in a file name anywhere.
func plainName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, s)
	return s[:min(len(s), 60)]
}
