//go:build unix

package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestInTheWay(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(
		os.WriteFile(at("file"), nil, 0o644), os.Mkdir(at("folder"), 0o755),
		os.Symlink("loop", at("loop")), os.Symlink("none", at("dangling")))
	if err != nil {
		t.Fatal(err)
	}
	open := func(name string) error {
		f, err := os.OpenFile(at(name), os.O_WRONLY|os.O_CREATE, 0o644)
		if err == nil {
			f.Close()
		}
		return err
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{open("file/x"), "file is a file, where a folder is needed: move it away"},
		{os.MkdirAll(at("file/x/y"), 0o755), "file is a file, where a folder is needed: move it away"},
		{os.Mkdir(at("file"), 0o755), "file is a file, where a folder is needed: move it away"},
		{open("folder"), "folder is a folder, where a file is to be written: move it away"},
		{os.Rename(at("file"), at("folder")), "folder is a folder, where a file is to be written: move it away"},
		{open("loop/x"), "loop is a symbolic link that leads in a circle: move it away"},
		{open("loop"), "loop is a symbolic link that leads in a circle: move it away"},
		{os.MkdirAll(at("dangling/x"), 0o755), "dangling is a symbolic link that leads nowhere: move it away"},
	} {
		got := inTheWay(fmt.Errorf("its output: %w", c.err))
		if c.err == nil || got.Error() != at(c.want) {
			t.Errorf("%v is told as %v, want %s", c.err, got, at(c.want))
		}
		var cause syscall.Errno
		if !errors.As(got, &cause) {
			t.Errorf("%v has lost its cause", got)
		}
	}
	for _, err := range []error{nil, errors.New("odd"), &fs.PathError{Op: "open", Path: at("none"), Err: syscall.ENOENT}, &fs.PathError{Op: "open", Path: at("none/x"), Err: syscall.ENOTDIR}} {
		if got := inTheWay(err); got != err {
			t.Errorf("%v becomes %v", err, got)
		}
	}
}
