package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// originFile in a pipeline's folder of a state directory says whose it is.
const originFile = "origin"

// An Origin is whose a folder in a state directory is. Its paths are absolute.
type Origin struct {
	Pipeline string // the label
	File     string // the pipeline file
	Results  string
}

// NoteOrigin writes down whose folder home is: as seen from there, so that
// everything can be moved together.
func NoteOrigin(home string, o Origin) error {
	for _, p := range []*string{&o.File, &o.Results} {
		if rel, err := filepath.Rel(realPath(home), realPath(*p)); err == nil { // else it is on another volume
			*p = filepath.ToSlash(rel)
		}
	}
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	path := filepath.Join(home, originFile)
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, b) {
		return nil
	}
	return replaceFile(path, b)
}

// ReadOrigin says whose folder home is; ok is false where nobody knows.
func ReadOrigin(home string) (o Origin, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(home, originFile))
	if errors.Is(err, fs.ErrNotExist) {
		return o, false, nil
	}
	if err != nil {
		return o, false, err
	}
	if json.Unmarshal(b, &o) != nil || o.File == "" || o.Results == "" {
		return Origin{}, false, nil // damaged: as good as none
	}
	for _, p := range []*string{&o.File, &o.Results} {
		*p = filepath.FromSlash(*p)
		if !filepath.IsAbs(*p) {
			*p = filepath.Join(realPath(home), *p)
		}
	}
	return o, true, nil
}
