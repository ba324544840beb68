package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/concluder/concluder/pipeline/store"
)

// records forgets the nodes that are not declared.
func (c *collector) records(h *gcHome) {
	n := 0
	for stage, instance := range h.state.All() {
		if !h.declared(stage, instance) {
			n++
		}
	}
	if n == 0 {
		return
	}
	g := Garbage{Kind: "records", Path: filepath.Join(h.path, "log"), Why: fmt.Sprintf("%d of nodes that are not declared any more", n)}
	if !c.opts.DryRun {
		if err := c.forget(h); err != nil {
			g.Kept = err.Error()
			c.errs = append(c.errs, err)
		}
	}
	c.found = append(c.found, g)
}

func (c *collector) forget(h *gcHome) error {
	s, err := store.OpenState(h.path)
	if err != nil {
		return err
	}
	if _, err := s.Retain(h.declared); err != nil {
		return err // the log is closed, or is not: nothing is lost either way
	}
	return s.Close()
}

// logs removes what commands of undeclared nodes wrote.
func (c *collector) logs(h *gcHome) {
	expected := map[string]map[string]bool{} // by address, files
	for address, s := range h.stages {
		files := map[string]bool{}
		if !s.PerInstance {
			files["aggregate.log"] = true
		} else {
			for _, i := range h.plan.Instances {
				files[h.plan.FileName(i)+".log"] = true
			}
		}
		expected[address] = files
	}
	root := filepath.Join(h.path, "logs")
	for _, stage := range names(root) {
		dir := filepath.Join(root, stage)
		for _, file := range names(dir) {
			if !expected[stage][file] && strings.HasSuffix(file, ".log") {
				c.remove(Garbage{Kind: "log", Path: filepath.Join(dir, file), Why: "its node is not declared any more"}, os.Remove)
			}
		}
		if !c.opts.DryRun {
			removeEmpty(dir, h.path)
		}
	}
}

// leftovers removes what runs that were killed, or states of other versions,
// left behind.
func (c *collector) leftovers(h *gcHome) {
	for _, name := range names(h.path) {
		if strings.HasSuffix(name, ".unreadable") || strings.HasSuffix(name, ".tmp") {
			c.remove(Garbage{Kind: "state", Path: filepath.Join(h.path, name), Why: "nothing reads it"}, os.Remove)
		}
	}
	staging := filepath.Join(h.base, stagingName)
	if !there(staging) {
		return
	}
	// Without the lock it may be a run's at work.
	if c.opts.DryRun {
		if held, err := store.Holder(filepath.Join(h.path, lockName)); held != nil || err != nil {
			return
		}
	}
	c.remove(Garbage{Kind: "staging", Path: staging, Why: "a run that was killed left it"}, os.RemoveAll)
}

// putAside removes files that a run was killed in the middle of making: those
// that are in use have no name.
func (c *collector) putAside() {
	for _, name := range names(c.dir) {
		if strings.HasPrefix(name, store.PutAside) {
			c.remove(Garbage{Kind: "state", Path: filepath.Join(c.dir, name), Why: "nothing reads it"}, os.Remove)
		}
	}
}

// events removes the events of runs that no record names, but for the newest
// and for the last run of each pipeline.
func (c *collector) events() {
	logs, err := runLogs(c.dir)
	if err != nil {
		c.errs = append(c.errs, err)
		return
	}
	waiting := map[string]bool{} // whose last run was not seen yet
	for _, h := range c.homes {
		if h.dead == "" {
			waiting[filepath.Base(h.path)] = true
		}
	}
	for i, path := range logs {
		id := strings.TrimSuffix(filepath.Base(path), ".jsonl")
		if c.ctx.Err() != nil {
			return
		}
		last := false
		if len(waiting) > 0 {
			of := firstEvent(path).Pipeline
			last = waiting[of]
			delete(waiting, of)
		}
		if i < c.opts.KeepRuns || c.runs[id] || last {
			continue
		}
		c.remove(Garbage{Kind: "events", Path: path, Why: "no record names the run"}, os.Remove)
	}
}

// names lists a folder; nil where there is none, or it cannot be read.
func names(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	list, err := f.Readdirnames(-1)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil
	}
	slices.Sort(list)
	return list
}
