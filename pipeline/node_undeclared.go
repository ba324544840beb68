package pipeline

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// What a command writes beside its declared outputs, in its private folder, is
// lost with that. It says so, since a table that is not declared is more often
// a mistake in the pipeline file than scratch.

// mostUndeclared bounds how many files are counted, and fewUndeclared how many
// are named.
const (
	mostUndeclared = 1000
	fewUndeclared  = 3
)

// tellUndeclared warns of files that are left in a node's private folder when
// its outputs have been published. Kinds that fix their outputs know what they
// write.
func (r *run) tellUndeclared(in *inspection, dir string) {
	if in.stage.Kind.Outputs != nil {
		return
	}
	names, n := undeclared(dir)
	if n == 0 {
		return
	}
	list := strings.Join(names, ", ")
	if more := n - len(names); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
		if n == mostUndeclared {
			list = strings.Join(names, ", ") + " and many more"
		}
	}
	what := "a file that is not among its outputs, and is removed"
	if n > 1 {
		what = "files that are not among its outputs, and are removed"
	}
	r.send(message{warning: &Event{Event: EventWarning, Stage: in.stage.address, Instance: in.instance,
		Message: fmt.Sprintf("it wrote %s: %s", what, list)}})
}

// undeclared lists the first files in a private folder, as the command may have
// called them, and counts them all.
func undeclared(dir string) (names []string, n int) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // what cannot be seen is not told
		}
		if n++; len(names) < fewUndeclared {
			names = append(names, strconv.Quote(privateName(dir, path)))
		}
		if n == mostUndeclared {
			return fs.SkipAll
		}
		return nil
	})
	return names, n
}

// privateName is a path in a private folder without what the engine added.
func privateName(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return filepath.Base(path)
	}
	rel = filepath.ToSlash(rel)
	if first, rest, ok := strings.Cut(rel, "/"); ok && strings.HasPrefix(first, outDir) {
		return rest
	}
	return rel
}
