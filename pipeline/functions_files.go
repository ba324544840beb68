package pipeline

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/concluder/concluder/pipeline/store"
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
	reads map[string]bool // paths of texts, of those too that could not be read
	globs []Glob
	texts map[string]seenText
	lists map[Glob]*seenList

	instances bool // the list of instances is being evaluated, by one goroutine
}

func newFileFunctions(dir string) *fileFunctions {
	return &fileFunctions{dir: dir, reads: map[string]bool{}, texts: map[string]seenText{}, lists: map[Glob]*seenList{}}
}

// recallTexts takes over what was read for a plan that was made from the same.
func (f *fileFunctions) recallTexts(texts []seenText) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range texts {
		f.reads[t.Path] = true
		if _, ok := f.texts[t.Path]; !ok {
			f.texts[t.Path] = t
		}
	}
}

// recallLists does so with the listings, those of the instances or the others.
func (f *fileFunctions) recallLists(lists []seenList, other bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range lists {
		if l.Other != other || f.lists[l.Glob] != nil {
			continue
		}
		f.globs = append(f.globs, l.Glob)
		f.lists[l.Glob] = &l
	}
}

// proof is what was read, listings in the order of Plan.Globs. Nodes that are evaluated when
// they run may add that something changed since.
func (f *fileFunctions) proof() proof {
	f.mu.Lock()
	defer f.mu.Unlock()
	var p proof
	for _, path := range slices.Sorted(maps.Keys(f.texts)) {
		p.Texts = append(p.Texts, f.texts[path])
	}
	for _, g := range f.globs {
		p.Lists = append(p.Lists, *f.lists[g])
	}
	return p
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
	now := time.Now()
	st, err := store.StatFile(abs)
	switch {
	case err != nil:
		return cty.NilVal, fmt.Errorf("%s: %w", name, cause(err))
	case st.Type != 0:
		return cty.NilVal, fmt.Errorf("%s is not a file", name) // a folder; a device might never end
	}
	data, err := os.ReadFile(abs)
	if err != nil {
		return cty.NilVal, fmt.Errorf("%s: %w", name, cause(err))
	}
	if !utf8.Valid(data) {
		return cty.NilVal, fmt.Errorf("%s is not a text in UTF-8", name)
	}
	f.noteText(seenText{abs, sha256.Sum256(data), st, store.Settled(abs, st, now)})
	return cty.StringVal(string(data)).Mark(fileMark{path: abs, show: name}), nil
}

// noteText notes a text; of one that was read twice and changed meanwhile
// nothing is known.
func (f *fileFunctions) noteText(t seenText) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if old, ok := f.texts[t.Path]; ok && old.Digest != t.Digest {
		t.Digest, t.Settled = store.Digest{}, false
	}
	f.texts[t.Path] = t
}

// stems returns the sorted base names, without extension, of the files and
// folders that match a pattern. Names that start with a dot match only a
// pattern that does, as in a shell. Folders keep what looks like an extension.
func (f *fileFunctions) stems(pattern string) (cty.Value, error) {
	seen := &seenList{Settled: true}
	dir, found, err := f.glob(pattern, seen)
	if dir != "" {
		seen.Glob = Glob{Pattern: pattern, Dir: dir}
		seen.Found = digestFound(found)
		f.noteList(seen)
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

// noteList notes a listing; one made twice was used for both.
func (f *fileFunctions) noteList(l *seenList) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l.Other = !f.instances
	old := f.lists[l.Glob]
	if old == nil {
		f.globs = append(f.globs, l.Glob)
		f.lists[l.Glob] = l
		return
	}
	old.Other = old.Other || l.Other
	old.Settled = old.Settled && l.Settled && slices.Equal(old.Folders, l.Folders)
	if old.Found != l.Found {
		old.Found, old.Settled = store.Digest{}, false
	}
}

func digestFound(found []globbed) store.Digest {
	h := newKeyHash()
	for _, g := range found {
		h.add(keyPart{name: g.show, value: strconv.FormatBool(g.dir)})
	}
	return full(h)
}

// A globbed is one match of a pattern: its path as the pattern writes paths.
type globbed struct {
	show string
	dir  bool
}

// glob lists what matches a slash-separated pattern of the path package. It
// differs from filepath.Glob in reporting what it cannot read, in letting the
// folder's own name contain wildcards, and in telling files from folders.
// dir is the folder whose listing decides, "" where the pattern is wrong. seen
// gets what the listing was made from.
func (f *fileFunctions) glob(pattern string, seen *seenList) (dir string, found []globbed, err error) {
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
				seen.Settled = false // whether a path is there says no folder's stat
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
			m, err := f.list(a.show, part, i, last, seen)
			// A folder that a wildcard did not choose must be there.
			if errors.Is(err, fs.ErrNotExist) && len(next)+len(at) > 1 {
				seen.Settled = false // it may come
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
func (f *fileFunctions) list(folder, part string, i int, last bool, seen *seenList) ([]globbed, error) {
	where := folder
	if i == 1 && folder == "" {
		where = "/"
	}
	real := absolute(f.dir, where)
	now := time.Now()
	if st, err := store.StatFile(real); err == nil {
		seen.Folders = append(seen.Folders, seenFolder{real, st})
		seen.Settled = seen.Settled && store.Settled(real, st, now)
	}
	entries, err := os.ReadDir(real)
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
			seen.Settled = false // what it leads to may become another kind of file
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
