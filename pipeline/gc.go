package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/concluder/concluder/pipeline/store"
)

// GCOptions are what CollectGarbage is told.
type GCOptions struct {
	StateDir string // default: .concluder beside each pipeline file; absolute
	DryRun   bool   // remove nothing, and take no lock
	KeepRuns int    // how many of the newest events of runs are kept in any case; 0 for 10
}

// defaultKeepRuns is enough to look back at what happened lately.
const defaultKeepRuns = 10

// Garbage is something that cannot be reached from some pipeline files any
// more.
type Garbage struct {
	Kind string // "output", "records", "state", "events", "log" or "staging"
	Path string // absolute
	Size int64  // bytes; 0 for records, whose file stays
	Why  string // it is garbage
	Kept string // why it stays nevertheless; "" for what is removed
}

// CollectGarbage removes what the plans do not reach any more, and lists it by
// kind and path:
//
//   - outputs on record of instances and stages that are not declared, as long
//     as they are what was published; what was changed since stays
//   - the records themselves, and what commands of such nodes wrote
//   - state of pipelines whose file or results directory is gone, or whose
//     label is another one now, of these with outputs as above
//   - events of runs that no record names, but for the newest
//   - staging folders of runs that were killed
//
// It never touches the journal or a file that is not on record. State of other
// pipelines in the same state directory stays. The error is a *store.HeldError
// while a run is at work; others are joined, after everything that can be
// removed has been.
func CollectGarbage(ctx context.Context, plans []*Plan, opts GCOptions) ([]Garbage, error) {
	if opts.KeepRuns <= 0 {
		opts.KeepRuns = defaultKeepRuns
	}
	by := map[string][]*Plan{}
	for _, p := range plans {
		dir := cmp.Or(opts.StateDir, filepath.Join(p.Dir, stateDirName))
		by[dir] = append(by[dir], p)
	}
	var all []Garbage
	var errs []error
	for dir, plans := range by {
		c := &collector{ctx: ctx, opts: opts, dir: dir, owned: map[string]bool{}, runs: map[string]bool{}}
		err := c.collect(plans)
		all = append(all, c.found...)
		errs = append(errs, err, c.unlock())
	}
	slices.SortFunc(all, func(a, b Garbage) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Path, b.Path)) })
	return all, errors.Join(errs...)
}

// A collector collects the garbage of one state directory.
type collector struct {
	ctx   context.Context
	opts  GCOptions
	dir   string
	found []Garbage
	locks []*store.Lock
	errs  []error

	files *store.Files
	owned map[string]bool // outputs on record of what is reached
	runs  map[string]bool // IDs that such records name
	homes []*gcHome
}

// A gcHome is a folder of state.
type gcHome struct {
	path   string
	plan   *Plan        // nil for one that the plans do not name
	origin store.Origin // zero where nobody knows
	dead   string       // why it is not reached
	former bool         // of a pipeline that is called otherwise now
	state  *store.State
	near   string // base of the outputs of commands
	base   string // of other outputs

	stages    map[string]*Stage // of plan, by address
	instances map[string]bool   // of plan
}

func (c *collector) collect(plans []*Plan) error {
	for _, p := range plans {
		if err := c.add(p); err != nil {
			return err
		}
	}
	if err := c.addOthers(plans); err != nil {
		return err
	}
	var err error
	if c.files, err = store.OpenFiles(c.dir); err != nil {
		return err
	}
	defer c.files.Close() // a cache: what cannot be saved is computed again
	var suspects []suspect
	for _, h := range c.homes {
		if h.state, err = store.ReadState(h.path); err != nil {
			return err
		}
		suspects = append(suspects, c.divide(h)...)
	}
	// Outputs first: without its record nobody would know that a file is ours.
	c.outputs(suspects)
	for _, h := range c.homes {
		switch {
		case c.ctx.Err() != nil:
		case h.dead != "":
			c.remove(Garbage{Kind: "state", Path: h.path, Why: h.dead}, os.RemoveAll)
		case h.plan != nil:
			c.records(h)
			c.logs(h)
			c.leftovers(h)
		}
	}
	c.putAside()
	c.events()
	return errors.Join(append(c.errs, c.ctx.Err())...)
}

// add takes a plan in, and its lock unless nothing is to be removed.
func (c *collector) add(p *Plan) error {
	h := &gcHome{path: store.PlaceOf(c.dir, p.Dir, p.Name, p.ResultsDir), plan: p, near: p.Dir, base: p.ResultsDir,
		stages: map[string]*Stage{}, instances: make(map[string]bool, len(p.Instances))}
	for _, s := range p.Stages {
		h.stages[s.Address()] = s
	}
	for _, i := range p.Instances {
		h.instances[i] = true
	}
	c.homes = append(c.homes, h)
	if c.opts.DryRun {
		return nil
	}
	if there(h.path) {
		if err := c.hold(store.Acquire(filepath.Join(h.path, lockName))); err != nil {
			return err
		}
	}
	if there(h.base) {
		return c.hold(store.Claim(h.base, p.File, p.Name))
	}
	return nil
}

func (c *collector) hold(l *store.Lock, err error) error {
	if err == nil {
		c.locks = append(c.locks, l)
	}
	return err
}

func (c *collector) unlock() error {
	var errs []error
	for _, l := range c.locks {
		errs = append(errs, l.Release())
	}
	return errors.Join(errs...)
}

// there reports whether something is there as far as anybody can tell.
func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// addOthers takes in the state that none of the plans names.
func (c *collector) addOthers(plans []*Plan) error {
	entries, err := os.ReadDir(filepath.Join(c.dir, "state"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(c.dir, "state", e.Name())
		if !e.IsDir() || slices.ContainsFunc(c.homes, func(h *gcHome) bool { return h.path == path }) {
			continue
		}
		origin, ok, err := store.ReadOrigin(path)
		if err != nil {
			return err
		}
		h := &gcHome{path: path, origin: origin, near: filepath.Dir(origin.File), base: origin.Results}
		c.homes = append(c.homes, h)
		if !ok {
			continue // nobody knows whose: it stays
		}
		h.dead, h.former = notReached(origin, plans)
		if h.dead == "" || c.opts.DryRun {
			continue
		}
		err = c.hold(store.Acquire(filepath.Join(path, lockName)))
		var held *store.HeldError
		if errors.As(err, &held) {
			h.dead, err = "", nil // somebody is at work there
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// notReached says why state that no plan names is garbage, "" where it is not:
// it may be another pipeline's, or the same one's with another results
// directory. former says that the pipeline is called otherwise now.
func notReached(o store.Origin, plans []*Plan) (why string, former bool) {
	switch {
	case !there(o.File):
		return "its pipeline file " + o.File + " is gone", false
	case !there(o.Results):
		return "its results directory " + o.Results + " is gone", false
	}
	for _, p := range plans {
		if sameFile(p.File, o.File) && sameFile(p.ResultsDir, o.Results) {
			return fmt.Sprintf("the pipeline %q is called %q now", o.Pipeline, p.Name), true
		}
	}
	return "", false
}

func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// declared reports whether a record's node is reached.
func (h *gcHome) declared(stage, instance string) bool {
	if h.plan == nil {
		return h.dead == ""
	}
	s := h.stages[stage]
	return s != nil && (s.PerInstance && h.instances[instance] || !s.PerInstance && instance == "")
}

// A suspect is an output on record whose node is not reached.
type suspect struct {
	node   string
	path   string
	base   string // folders below it that are left empty go too; "" for none
	digest store.Digest
}

// divide divides the outputs on record into those that are reached and the
// others. Results whose pipeline file is gone stay: they may be all that
// somebody kept.
func (c *collector) divide(h *gcHome) []suspect {
	if h.plan != nil {
		c.own(h.plan)
	}
	if h.dead != "" && !h.former {
		return nil
	}
	var out []suspect
	for stage, instance := range h.state.All() {
		rec, ok := h.state.Get(stage, instance, store.Results)
		if !ok {
			continue
		}
		declared := h.declared(stage, instance)
		if declared && rec.Run != "" {
			c.runs[rec.Run] = true
		}
		for _, o := range rec.Outputs {
			if !filepath.IsLocal(filepath.FromSlash(o.Path)) {
				continue // never written by us
			}
			s := suspect{node: nodeText(stage, instance), base: h.base, digest: o.Digest}
			s.path = filepath.Join(h.base, filepath.FromSlash(o.Path))
			if rec.Near {
				s.path, s.base = filepath.Join(h.near, filepath.FromSlash(o.Path)), ""
			}
			if declared {
				c.owned[s.path] = true
			} else {
				out = append(out, s)
			}
		}
	}
	return out
}

// own marks what a plan writes, on record or not.
func (c *collector) own(p *Plan) {
	for _, s := range p.Stages {
		instances := p.Instances
		if !s.PerInstance {
			instances = []string{""}
		}
		for _, i := range instances {
			spec, diags := s.Node(i)
			if diags.HasErrors() {
				continue // its record says what it wrote
			}
			for _, o := range spec.Outputs {
				base := p.ResultsDir
				if s.Kind.Outputs == nil {
					base = p.Dir
				}
				c.owned[filepath.Join(base, filepath.FromSlash(o.Path))] = true
			}
		}
	}
}

func nodeText(stage, instance string) string {
	if instance == "" {
		return stage
	}
	return stage + "/" + instance
}

// outputs removes the suspects that nobody else owns and nobody has changed.
func (c *collector) outputs(suspects []suspect) {
	slices.SortStableFunc(suspects, func(a, b suspect) int { return cmp.Compare(a.path, b.path) })
	for i := 0; i < len(suspects); {
		s := suspects[i]
		var digests []store.Digest // of a path that several nodes published
		for ; i < len(suspects) && suspects[i].path == s.path; i++ {
			digests = append(digests, suspects[i].digest)
		}
		if c.owned[s.path] || c.ctx.Err() != nil {
			continue
		}
		g := Garbage{Kind: "output", Path: s.path, Why: s.node + " is not declared any more"}
		d, st, err := c.files.Digest(s.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			g.Kept = fmt.Sprintf("it cannot be read: %v", cause(err))
		case !slices.Contains(digests, d):
			g.Kept = "it was changed since it was written"
		}
		g.Size = st.Size
		if g.Kept != "" {
			c.found = append(c.found, g)
			continue
		}
		c.remove(g, os.Remove)
		if !c.opts.DryRun && s.base != "" {
			removeEmpty(filepath.Dir(s.path), s.base)
		}
	}
}

// removeEmpty removes a folder that nothing is left in, and those above it
// below base.
func removeEmpty(dir, base string) {
	for {
		rel, err := filepath.Rel(base, dir)
		if err != nil || rel == "." || !filepath.IsLocal(rel) || os.Remove(dir) != nil {
			return
		}
		dir = filepath.Dir(dir)
	}
}

// remove notes garbage and, unless nothing is to be removed, removes it.
func (c *collector) remove(g Garbage, remove func(string) error) {
	if g.Size == 0 {
		g.Size = sizeOf(g.Path)
	}
	if !c.opts.DryRun {
		if err := remove(g.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			g.Kept = fmt.Sprintf("it cannot be removed: %v", cause(err))
			c.errs = append(c.errs, err)
		}
	}
	c.found = append(c.found, g)
}

// sizeOf sums the sizes of the files in a folder, or of one file.
func sizeOf(path string) int64 {
	var n int64
	filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // what cannot be seen is not counted
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}
