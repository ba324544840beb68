package pipeline

import (
	"cmp"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/concluder/concluder/pipeline/store"
)

// A watchIndex says what a change of a name in a folder means. Folders are
// watched, never files: an editor that writes a new file and renames it would
// leave a watched one behind. Folders are known by their real path, since the
// system tells of a folder once, whichever of its names it is watched by.
//
// An index does not change once it is built; a new plan gets a new one.
type watchIndex struct {
	dirs  map[string]bool        // real paths of the folders to watch; true where files are looked for in them
	files map[string]watchedFile // by real path of the folder and name
	ways  map[string]bool        // likewise: folders on the way to others, whose coming and going moves everything below
	lists map[string][]string    // patterns by real path of the folder: a name that matches is a listing's

	root   string            // the pipeline file's folder
	reals  map[string]string // by path; "" for what is not there
	walked map[string]bool   // paths that addDir has dealt with
}

// A watchedFile is a file whose content matters.
type watchedFile struct {
	path     string // as the plan has it
	plan     bool   // it shapes the plan; else it is an input of nodes
	instance string // the first whose nodes read it; "" for none
	stamp    stamp
}

// A stamp is what is compared of a file whose attributes changed. The time at
// which they did is left out: a second link or a change of owner is no change.
type stamp struct {
	there       bool
	dev, ino    uint64
	size, mtime int64
	mode        uint32
}

func stampOf(path string) stamp {
	st, err := store.StatFile(path)
	if err != nil {
		return stamp{}
	}
	return stamp{true, st.Dev, st.Ino, st.Size, st.Mtime, st.Mode}
}

// newWatchIndex builds the index of what a plan was made from and, unless plan
// is nil, of the files that its nodes read.
func newWatchIndex(root string, looked Looked, plan *Plan) *watchIndex {
	x := &watchIndex{
		dirs: map[string]bool{}, files: map[string]watchedFile{}, ways: map[string]bool{}, lists: map[string][]string{},
		root: root, reals: map[string]string{}, walked: map[string]bool{},
	}
	for _, p := range looked.Reads {
		x.addFile(p, "", true)
	}
	for _, g := range looked.Globs {
		x.addGlob(g)
	}
	if plan != nil {
		for p, instance := range plan.inputs() {
			x.addFile(p, instance, false)
		}
	}
	return x
}

// inputs yields the path of every file that the plan's nodes read, some more
// than once, and the node's instance.
func (p *Plan) inputs() iter.Seq2[string, string] {
	return func(yield func(path, instance string) bool) {
		for _, s := range p.Stages {
			reads := slices.ContainsFunc(s.Kind.Attributes, func(a Attribute) bool { return a.Role == InputPath || a.Role == InputPaths })
			if !reads {
				continue // what file() reads shapes the plan
			}
			instances := p.Instances
			if !s.PerInstance {
				instances = []string{""}
			}
			for _, i := range instances {
				spec, diags := s.Node(i)
				if diags.HasErrors() {
					continue // the run says so
				}
				for _, in := range spec.Inputs {
					if !yield(in.Path, i) {
						return
					}
				}
			}
		}
	}
}

// addFile watches for a file. Of a symbolic link what it leads to is watched
// too.
func (x *watchIndex) addFile(p, instance string, plan bool) {
	for range maxLinks {
		x.addDir(filepath.Dir(p), true)
		real := x.real(filepath.Dir(p))
		if real == "" {
			return
		}
		key := filepath.Join(real, filepath.Base(p))
		if have, ok := x.files[key]; ok {
			have.plan, have.instance = have.plan || plan, cmp.Or(have.instance, instance)
			x.files[key] = have
		} else {
			x.files[key] = watchedFile{p, plan, instance, stampOf(p)}
		}
		to, err := os.Readlink(p)
		if err != nil {
			return // no link, or not there
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(real, to)
		}
		p = to
	}
}

// maxLinks bounds how far a chain of symbolic links is followed.
const maxLinks = 16

// addDir watches a folder, and for its coming and going those on the way to it:
// up to the pipeline file's folder where it lies in that, else to the top, and
// wherever symbolic links lead. What is not there is watched for in the nearest
// folder above it that is.
func (x *watchIndex) addDir(dir string, files bool) {
	real := x.real(dir)
	if real != "" {
		x.dirs[real] = x.dirs[real] || files
	}
	if x.walked[dir] {
		return
	}
	x.walked[dir] = true
	up := filepath.Dir(dir)
	to, err := os.Readlink(dir)
	linked := err == nil
	if up == dir || dir == x.root && real != "" && !linked {
		return
	}
	above := x.real(up)
	if above != "" {
		x.ways[filepath.Join(above, filepath.Base(dir))] = true
	}
	if linked {
		if !filepath.IsAbs(to) {
			to = filepath.Join(above, to)
		}
		x.addDir(filepath.Clean(to), false)
	}
	x.addDir(up, false)
}

// real resolves the symbolic links in a folder's path, "" where there is no
// such folder.
func (x *watchIndex) real(dir string) string {
	real, ok := x.reals[dir]
	if !ok {
		r, err := filepath.EvalSymlinks(dir)
		if err == nil {
			if info, err := os.Stat(r); err == nil && info.IsDir() {
				real = r
			}
		}
		x.reals[dir] = real
	}
	return real
}

// addGlob watches every folder whose listing decides what a pattern matches.
func (x *watchIndex) addGlob(g Glob) {
	parts := strings.Split(g.Pattern, "/")
	i := slices.IndexFunc(parts, func(p string) bool { return strings.ContainsAny(p, `*?[\`) })
	if i < 0 {
		i = len(parts) - 1
	}
	x.addListing(g.Dir, parts[i:])
}

func (x *watchIndex) addListing(dir string, parts []string) {
	x.addDir(dir, true)
	real := x.real(dir)
	if real == "" {
		return
	}
	if !slices.Contains(x.lists[real], parts[0]) {
		x.lists[real] = append(x.lists[real], parts[0])
	}
	if len(parts) == 1 {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // Load says so
	}
	for _, e := range entries {
		if matchesPart(parts[0], e.Name()) && (e.IsDir() || e.Type()&fs.ModeSymlink != 0) {
			x.addListing(filepath.Join(dir, e.Name()), parts[1:])
		}
	}
}

// matchesPart reports whether a name matches one part of a pattern of stems.
func matchesPart(part, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(part, ".") {
		return false
	}
	ok, err := path.Match(part, name)
	return ok && err == nil
}

// planSeenBy reports whether an older index watches every folder that shapes
// the plan of this one.
func (x *watchIndex) planSeenBy(old *watchIndex) bool {
	for key, f := range x.files {
		if _, ok := old.dirs[filepath.Dir(key)]; f.plan && !ok {
			return false
		}
	}
	for dir := range x.lists {
		if _, ok := old.dirs[dir]; !ok {
			return false
		}
	}
	return true
}

// A meaning is what a change of a name stands for.
type meaning int

const (
	meansNothing meaning = iota
	meansInput           // the content of a file that nodes read
	meansGone            // as meansPlan, if the file is not there again by the time that somebody looks
	meansPlan            // what shapes the plan
	meansPlaces          // a folder on the way to others came or went: what is watched may lie elsewhere now
)

// meaning says what a change of the name with this real path stands for. came
// and went say that it began or ceased to exist.
func (x *watchIndex) meaning(name string, came, went bool) (meaning, watchedFile) {
	if _, watched := x.dirs[name]; x.ways[name] || watched {
		return meansPlaces, watchedFile{}
	}
	f, known := x.files[name]
	listed := slices.ContainsFunc(x.lists[filepath.Dir(name)], func(part string) bool { return matchesPart(part, filepath.Base(name)) })
	switch {
	case f.plan:
		return meansPlan, f
	case listed && went:
		return meansGone, f
	case listed && came && !f.stamp.there:
		return meansPlan, f
	case known:
		return meansInput, f
	}
	return meansNothing, f
}
