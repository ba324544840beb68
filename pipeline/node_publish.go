package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/concluder/concluder/pipeline/store"
)

// A staged is an output in a private folder, ready to be published.
type staged struct {
	Output
	from, to string
	digest   store.Digest
	stat     store.Stat
	file     *store.Written // what Task.Write wrote of it
	settled  bool
}

// publish moves the outputs of a task into place: first every one is checked
// and digested, then all get their names. all says that every declared output must
// be there; else those that are will do.
//
// A process that is killed in between leaves outputs that differ from the last
// record, which is noticed by the next run.
func (r *run) publish(in *inspection, t *Task, all bool) ([]store.Output, error) {
	in.looks, in.racy = in.looks[:0], false
	var first [1]staged // most nodes have no more
	files := first[:0]
	for i, o := range in.spec.Outputs {
		own := &t.outputs[i]
		f := staged{Output: o, from: own.path, to: r.outputPath(in.stage.Stage, o.Path), digest: own.file.Digest, stat: own.file.Stat, file: &own.file}
		if own.failed != nil {
			return nil, fmt.Errorf("its output %s (%s) could not be written: %w", o.Name, o.Path, pathless(own.failed))
		}
		var err error
		if !own.written || t.lent.Load() { // the kind may have written there by itself
			f.digest, f.stat, err = r.files.Read(f.from)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist) && !all:
			continue
		case errors.Is(err, fs.ErrNotExist):
			if in.stage.Kind.Outputs == nil {
				return nil, fmt.Errorf("it ended without writing its output %s (%s): the command is to write to the path that ${output.%s} gives it, from where it is moved into place", o.Name, o.Path, o.Name)
			}
			return nil, fmt.Errorf("it ended without writing its output %s (%s)", o.Name, o.Path)
		case errors.Is(err, syscall.ELOOP):
			return nil, fmt.Errorf("its output %s (%s) is a symbolic link: write the file itself", o.Name, o.Path)
		case err != nil:
			return nil, fmt.Errorf("its output %s (%s) cannot be published: %w", o.Name, o.Path, pathless(err))
		}
		files = append(files, f)
	}
	outputs := make([]store.Output, 0, len(files))
	in.looks = slices.Grow(in.looks, len(files)+len(in.inputs)) // those of the inputs follow: see keep
	for i := range files {
		f := &files[i]
		if err := r.place(f, in.known); err != nil {
			return nil, &unwritableError{fmt.Errorf("its output %s cannot be written to %s: %w", f.Name, f.to, err)}
		}
		outputs = append(outputs, store.Output{Name: f.Name, Path: f.Path, Size: f.stat.Size, Digest: f.digest})
		in.looks = append(in.looks, store.Look{Path: f.to, Stat: f.stat})
		in.racy = in.racy || !f.settled
	}
	return outputs, nil
}

// place gives one output its name. Where the node has a record, a file that has
// the same content stays as it is, time stamps included. From then on stat is
// that of the place.
func (r *run) place(f *staged, known bool) (err error) {
	if known {
		if st, err := os.Lstat(f.to); err == nil && st.Mode().IsRegular() && st.Size() == f.stat.Size {
			if d, st, settled, err := r.files.Look(f.to); err == nil && d == f.digest {
				f.stat, f.settled = st, settled
				return r.drop(f)
			}
		}
	} else if f.file.Nameless() { // and most likely nothing is there
		st, settled, err := r.files.Publish(f.file, f.to)
		if !f.file.Nameless() { // it has its name
			f.stat, f.settled = st, settled
			return err
		}
	}
	if err := r.files.Name(f.file); err != nil {
		return pathless(err)
	}
	if err := r.moveFile(f.from, f.to); err != nil {
		return err
	}
	f.stat, f.settled, err = r.files.Published(f.to, f.stat, f.digest)
	return err
}

// drop gives up an output that is not needed.
func (r *run) drop(f *staged) error {
	if f.file.Nameless() {
		f.file.Discard()
		return nil
	}
	return os.Remove(f.from)
}

// moveFile renames a file into place, making folders as needed. Where the
// place is on another file system the file is copied beside it first.
func (r *run) moveFile(from, to string) error {
	err := r.files.Move(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		err = r.files.Move(from, to)
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, syscall.EXDEV) {
		return inTheWay(err)
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(to), ".concluder-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), to)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return err
	}
	return os.Remove(from) // the folder may be used again
}

// changedInput returns an input that is not any more what the key was computed
// from, "" when there is none.
func (r *run) changedInput(in *inspection) string {
	for i := range in.inputs {
		f := &in.inputs[i]
		if f.absent {
			if _, err := store.StatFile(f.Path); !errors.Is(err, fs.ErrNotExist) {
				return f.Show
			}
			continue
		}
		if same, err := r.files.Same(f.Path, f.stat, f.digest); err != nil || !same {
			return f.Show
		}
	}
	return ""
}

// changedUpstream returns an output of another node that is not any more what
// the key was computed from, "" when there is none. Code that was not told where
// the outputs lie has not read them: a summary asks only how plots ended.
func (r *run) changedUpstream(in *inspection) string {
	for i := range in.upstream {
		u := &in.upstream[i]
		if u.dep.Output == "" && in.asked.Load()&referenceBit(i) == 0 {
			continue
		}
		s := r.l.stages[in.stage.deps[i]].Stage
		if !u.members {
			if changed := r.changedOutput(r.files, s, u.dep.Output, &u.nodes[0]); changed != "" {
				return changed
			}
			continue
		}
		below := r.files.Below(r.outputDir(s))
		var mu sync.Mutex
		first, changed := len(u.nodes), ""
		inParallel(len(u.nodes), func(k int) {
			path := r.changedOutput(below, s, u.dep.Output, &u.nodes[k])
			if path == "" {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if k < first {
				first, changed = k, path
			}
		})
		below.Close()
		if changed != "" {
			return changed
		}
	}
	return ""
}

// A digester knows what is in files.
type digester interface {
	Digest(path string) (store.Digest, store.Stat, error)
}

// changedOutput returns an output of a node of another stage, all or the named
// one, that is not any more what is recorded.
func (r *run) changedOutput(files digester, s *Stage, name string, n *upstreamNode) string {
	if n.stale || n.state == NotRun {
		return "" // nobody says that these are whole
	}
	for i := range n.outputs {
		o := &n.outputs[i]
		if name != "" && name != o.Name {
			continue
		}
		if d, _, err := files.Digest(r.outputPath(s, o.Path)); err != nil || d != o.Digest {
			return o.Path
		}
	}
	return ""
}
