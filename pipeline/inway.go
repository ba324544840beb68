package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// unwritable adds to an error of the file system which of a run's directories
// cannot be written. Other errors, and none, are returned as they are.
func unwritable(which string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	if !errors.As(err, &path) && !errors.As(err, &link) {
		return err
	}
	return fmt.Errorf("the %s directory cannot be written: %w", which, inTheWay(err))
}

// An inTheWayError says what stands where something is to be written, for
// errors whose own words ("not a directory", "file exists") leave one guessing
// which part of the path they mean.
type inTheWayError struct {
	what string
	err  error
}

func (e *inTheWayError) Error() string { return e.what }
func (e *inTheWayError) Unwrap() error { return e.err }

// inTheWay adds to an error of the file system what stands in the way. Other
// errors are returned as they are.
func inTheWay(err error) error {
	var known *inTheWayError
	if err == nil || errors.As(err, &known) || !errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, syscall.EISDIR) &&
		!errors.Is(err, syscall.ELOOP) && !errors.Is(err, fs.ErrExist) {
		return err
	}
	var path *fs.PathError
	var link *os.LinkError
	what, of := "", error(nil)
	switch {
	case errors.As(err, &path):
		what, of = obstruction(path.Path, path.Op == "mkdir"), path
	case errors.As(err, &link):
		what, of = obstruction(link.New, false), link
	}
	if what == "" {
		return err
	}
	return &inTheWayError{what, of}
}

// obstruction says what stands where a file, or a folder, is to be written, ""
// where nothing does.
func obstruction(path string, folder bool) string {
	if dir := filepath.Dir(path); dir != path {
		if what := obstruction(dir, true); what != "" {
			return what
		}
	}
	info, err := os.Stat(path)
	_, there := os.Lstat(path)
	switch {
	case errors.Is(err, syscall.ELOOP):
		return path + " is a symbolic link that leads in a circle: move it away"
	case err != nil && there == nil && folder:
		return path + " is a symbolic link that leads nowhere: move it away"
	case err != nil:
		return ""
	case folder && !info.IsDir():
		return path + " is a file, where a folder is needed: move it away"
	case !folder && info.IsDir():
		return path + " is a folder, where a file is to be written: move it away"
	}
	return ""
}
