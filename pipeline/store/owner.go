package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ownerFile in a results directory says whose results they are. It can be
// committed with them.
const ownerFile = ".concluder-owner"

type owner struct {
	Pipeline string `json:"pipeline"`
	File     string `json:"file"` // slash-separated, relative to the results directory
}

// An OwnedError says that a results directory is another pipeline's.
type OwnedError struct {
	Dir      string
	Pipeline string
	File     string // absolute
}

func (e *OwnedError) Error() string {
	return fmt.Sprintf("%s holds the results of pipeline %q of %s; give this pipeline a results_dir of its own, or remove %s if those results are not needed",
		e.Dir, e.Pipeline, e.File, filepath.Join(e.Dir, ownerFile))
}

// Claim makes a results directory the pipeline's, and locks it until the lock
// is released. A pipeline is known by its file's place as seen from the
// results, so that both can be moved together; where that file is gone, a
// pipeline with the same label takes over. The error is an *OwnedError when
// the directory is another pipeline's, a *HeldError when another run, with
// another state directory, is writing to it.
func Claim(dir, file, label string) (*Lock, error) {
	path := filepath.Join(dir, ownerFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := lockPatiently(f); err != nil {
		f.Close()
		if errors.Is(err, errHeld) {
			return nil, &HeldError{Path: path}
		}
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	if err := claim(f, dir, file, label); err != nil {
		f.Close()
		return nil, err
	}
	return &Lock{f}, nil
}

func claim(f *os.File, dir, file, label string) error {
	rel, err := filepath.Rel(realPath(dir), realPath(file))
	if err != nil {
		rel = file // another volume
	}
	want := owner{Pipeline: label, File: filepath.ToSlash(rel)}
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	var have owner
	if json.Unmarshal(b, &have) == nil && have != (owner{}) {
		if have == want {
			return nil
		}
		theirs := filepath.FromSlash(have.File)
		if !filepath.IsAbs(theirs) {
			theirs = filepath.Join(realPath(dir), theirs)
		}
		_, err := os.Stat(theirs)
		gone := errors.Is(err, os.ErrNotExist)
		if have.File != want.File && !(gone && have.Pipeline == label) {
			return &OwnedError{Dir: dir, Pipeline: have.Pipeline, File: theirs}
		}
	}
	b, err = json.Marshal(want)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(b, '\n'), 0)
	return err
}

// realPath resolves symbolic links where it can.
func realPath(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	return path
}
