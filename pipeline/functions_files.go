package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// A fileMark travels with every value that was computed from a file's text, so
// that exactly the nodes that use such a value have the file as an input.
type fileMark struct{ path, show string }

// fileFunctions are the functions that read the file system, and what they
// have read. They may be called from several goroutines.
type fileFunctions struct {
	dir string // the pipeline file's folder

	mu    sync.Mutex
	reads map[string]bool
	globs []Glob
}

func (f *fileFunctions) functions() map[string]function.Function {
	text := []function.Parameter{{Name: "path", Type: cty.String}}
	return map[string]function.Function{
		"file": function.New(&function.Spec{
			Params: text,
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				return f.file(args[0].AsString())
			},
		}),
		"stems": function.New(&function.Spec{
			Params: []function.Parameter{{Name: "pattern", Type: cty.String}},
			Type:   function.StaticReturnType(cty.List(cty.String)),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				return f.stems(args[0].AsString())
			},
		}),
	}
}

// file returns a file's text, marked with its path.
func (f *fileFunctions) file(name string) (cty.Value, error) {
	if name == "" {
		return cty.NilVal, errors.New("the path is empty")
	}
	abs := absolute(f.dir, name)
	f.mu.Lock()
	f.reads[abs] = true // also one that is not there: it may come
	f.mu.Unlock()
	info, err := os.Stat(abs)
	switch {
	case err != nil:
		return cty.NilVal, fmt.Errorf("%s: %w", name, cause(err))
	case !info.Mode().IsRegular():
		return cty.NilVal, fmt.Errorf("%s is not a file", name) // a folder; a device might never end
	}
	data, err := os.ReadFile(abs)
	if err != nil {
		return cty.NilVal, fmt.Errorf("%s: %w", name, cause(err))
	}
	if !utf8.Valid(data) {
		return cty.NilVal, fmt.Errorf("%s is not a text in UTF-8", name)
	}
	return cty.StringVal(string(data)).Mark(fileMark{path: abs, show: name}), nil
}

// stems returns the sorted base names, without extension, of the files and
// folders that match a pattern. Names that start with a dot match only a
// pattern that does, as in a shell. Folders keep what looks like an extension.
func (f *fileFunctions) stems(pattern string) (cty.Value, error) {
	dir, found, err := f.glob(pattern)
	if dir != "" {
		f.mu.Lock()
		if g := (Glob{Pattern: pattern, Dir: dir}); !slices.Contains(f.globs, g) {
			f.globs = append(f.globs, g)
		}
		f.mu.Unlock()
	}
	if err != nil {
		return cty.NilVal, err
	}
	if len(found) == 0 {
		return cty.NilVal, fmt.Errorf("no file matches %q, seen from the pipeline file's folder", pattern)
	}
	type match struct{ stem, show string }
	matches := make([]match, len(found))
	for i, m := range found {
		stem := path.Base(m.show)
		if !m.dir {
			// A name such as ".json" has no stem but itself.
			if s := strings.TrimSuffix(stem, path.Ext(stem)); s != "" {
				stem = s
			}
		}
		switch norm := cty.NormalizeString(stem); {
		case !utf8.ValidString(stem):
			return cty.NilVal, fmt.Errorf("the file name %q is not valid UTF-8: rename it", m.show)
		case norm != stem:
			return cty.NilVal, fmt.Errorf("the file name %q is not in Unicode's composed form (NFC), in which names are compared: rename it", m.show)
		}
		matches[i] = match{stem, m.show}
	}
	slices.SortFunc(matches, func(a, b match) int {
		if c := strings.Compare(a.stem, b.stem); c != 0 {
			return c
		}
		return strings.Compare(a.show, b.show)
	})
	values := make([]cty.Value, len(matches))
	for i, m := range matches {
		if i > 0 && m.stem == matches[i-1].stem {
			return cty.NilVal, fmt.Errorf("%s and %s have the same stem %q: narrow the pattern or rename one", matches[i-1].show, m.show, m.stem)
		}
		values[i] = cty.StringVal(m.stem)
	}
	return cty.ListVal(values), nil
}

// A globbed is one match of a pattern: its path as the pattern writes paths.
type globbed struct {
	show string
	dir  bool
}

// glob lists what matches a slash-separated pattern of the path package. It
// differs from filepath.Glob in reporting what it cannot read, in letting the
// folder's own name contain wildcards, and in telling files from folders.
// dir is the folder whose listing decides, "" where the pattern is wrong.
func (f *fileFunctions) glob(pattern string) (dir string, found []globbed, err error) {
	if pattern == "" {
		return "", nil, errors.New("the pattern is empty")
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return "", nil, fmt.Errorf("%q is not a pattern: %w", pattern, err)
	}
	parts := strings.Split(pattern, "/")
	if slices.Contains(parts, "**") {
		return "", nil, fmt.Errorf(`%q: "**" is not supported, because a stem alone would not say in which folder its file lies`, pattern)
	}
	at := []globbed{{show: "", dir: true}}
	for i, part := range parts {
		last := i == len(parts)-1
		if !strings.ContainsAny(part, `*?[\`) {
			for k := range at {
				at[k].show = joinShown(at[k].show, part, i)
			}
			if last {
				at, err = f.existing(at)
				if dir == "" {
					dir = absolute(f.dir, path.Dir(pattern))
				}
				if err != nil {
					return dir, nil, err
				}
			}
			continue
		}
		if dir == "" {
			dir = absolute(f.dir, at[0].show)
		}
		var next []globbed
		for _, a := range at {
			m, err := f.list(a.show, part, i, last)
			// A folder that a wildcard did not choose must be there.
			if errors.Is(err, fs.ErrNotExist) && len(next)+len(at) > 1 {
				continue
			}
			if err != nil {
				return dir, nil, err
			}
			next = append(next, m...)
		}
		at = next
	}
	return dir, at, nil
}

func joinShown(folder, part string, i int) string {
	if i == 0 {
		return part // "" for an absolute pattern
	}
	return folder + "/" + part
}

// list returns a folder's entries that match one part of a pattern.
func (f *fileFunctions) list(folder, part string, i int, last bool) ([]globbed, error) {
	where := folder
	if i == 1 && folder == "" {
		where = "/"
	}
	entries, err := os.ReadDir(absolute(f.dir, where))
	if err != nil {
		return nil, fmt.Errorf("folder %s: %w%s", cmp.Or(where, "."), cause(err), f.nearFolder(where, err))
	}
	var out []globbed
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") && !strings.HasPrefix(part, ".") {
			continue
		}
		if ok, _ := path.Match(part, name); !ok {
			continue
		}
		g := globbed{show: joinShown(folder, name, i), dir: e.IsDir()}
		if e.Type()&fs.ModeSymlink != 0 {
			if info, err := os.Stat(absolute(f.dir, g.show)); err == nil {
				g.dir = info.IsDir()
			}
		}
		if last || g.dir {
			out = append(out, g)
		}
	}
	return out, nil
}

// nearFolder offers a folder beside one that is not there.
func (f *fileFunctions) nearFolder(folder string, err error) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	parent, name := path.Split(folder)
	entries, err := os.ReadDir(absolute(f.dir, parent))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	if near := nearest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", parent+near)
	}
	return ""
}

// existing keeps the paths that are there.
func (f *fileFunctions) existing(at []globbed) ([]globbed, error) {
	var out []globbed
	for _, a := range at {
		info, err := os.Stat(absolute(f.dir, a.show))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("%s: %w", a.show, cause(err))
		}
		out = append(out, globbed{a.show, info.IsDir()})
	}
	return out, nil
}

// absolute resolves a path of the pipeline file, which may be written with
// slashes on every system.
func absolute(dir, name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}

// cause strips the operation and the absolute path from a file system's error.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
