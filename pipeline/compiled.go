package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/concluder/concluder/pipeline/store"
	"github.com/zclconf/go-cty/cty"
)

// Reading a pipeline file for 100,000 instances takes seconds: folders are
// listed, and every node is evaluated to find its mistakes. A run leaves a
// snapshot with the instances, proof of what they were found from, and the
// nodes that were up to date. A plan is compiled when it takes the instances
// from there: while the definition is the same and the proof holds, the file
// has no mistakes, and nodes are evaluated only when somebody asks.

// A compilation is what a plan keeps for the next one.
type compilation struct {
	definition store.Digest
	files      *fileFunctions // what its expressions read
	damage     string         // what was wrong with the snapshot

	// The last snapshot of this definition, nil when there is none. A run
	// replaces it, for the runs that follow with the same plan.
	snapshot atomic.Pointer[store.Snapshot]

	// again says that the plan is one that runs whenever something changes.
	// What a run has in memory then stays there for the next one, which takes it
	// where the log is as it was left.
	again atomic.Bool
	state atomic.Pointer[store.State]
}

// A proof is what a plan was made from beside its definition.
type proof struct {
	Texts []seenText
	Lists []seenList
}

// A seenText is a file whose text an expression read.
type seenText struct {
	Path    string
	Digest  store.Digest // zero where it changed between two looks
	Stat    store.Stat
	Settled bool // the stat vouches for the text
}

// A seenList is a listing of files.
type seenList struct {
	Glob
	Found   store.Digest // of what it found, zero where that changed between two looks
	Folders []seenFolder
	Settled bool // the folders' stats vouch for the listing
	Other   bool // something else than the list of instances was made from it
}

type seenFolder struct {
	Path string
	Stat store.Stat
}

// define digests everything that shapes a plan but for what its expressions
// read.
func (l *loader) define(src []byte) store.Digest {
	h := newKeyHash()
	put := func(name, value string) { h.add(keyPart{name: name, value: value}) }
	put("program", l.in.Program)
	put("file", l.file)
	put("text", string(src))
	put("results", l.in.ResultsDir)
	for _, name := range sortedKeys(l.in.Vars) {
		put("var "+name, l.in.Vars[name])
	}
	attributes := func(of string, list []Attribute) {
		for _, a := range list {
			def, typ := "", ""
			if a.Default != cty.NilVal {
				def = canonical(a.Default)
			}
			if a.Type != cty.NilType {
				typ = a.Type.GoString()
			}
			put(of+" "+a.Name, fmt.Sprint(int(a.Role), typ, a.Required, a.Kinds, a.UsesOutput, def))
		}
	}
	for _, k := range l.kinds.Stages {
		put("kind "+k.Name, k.Version+" "+strconv.Itoa(int(k.Scope))+" "+strconv.FormatBool(k.Partial))
		attributes(k.Name, k.Attributes)
	}
	for _, k := range l.kinds.Providers {
		put("provider "+k.Name, strconv.FormatBool(k.Default))
		attributes(k.Name, k.Attributes)
		for _, b := range k.Blocks {
			attributes(k.Name+" "+b.Name, b.Attributes)
		}
	}
	return full(h)
}

// recall looks for a snapshot of the plan. It is called when the name and the
// results directory are known.
func (l *loader) recall() {
	l.compiled = &compilation{definition: l.define(l.in.Sources[l.show]), files: l.files}
	if l.diags.HasErrors() {
		return
	}
	stateDir := l.in.StateDir
	if stateDir == "" {
		stateDir = filepath.Join(l.dir, stateDirName)
	}
	stateDir, err := filepath.Abs(stateDir)
	if err != nil {
		return
	}
	snap, p, damage := l.compiled.read(store.PlaceOf(stateDir, l.dir, l.plan.Name, l.plan.ResultsDir))
	l.compiled.damage = damage
	if snap != nil && p.holds() {
		l.snapshot, l.recalled = snap, p
	}
}

// read reads the snapshot of the definition, nil where there is none, and what
// it was made from. damage says what is wrong with one that cannot be used.
func (c *compilation) read(home string) (s *store.Snapshot, p proof, damage string) {
	s, damage, err := store.ReadSnapshot(home, c.definition)
	if err != nil {
		return nil, p, err.Error()
	}
	if s != nil && json.Unmarshal(s.Meta, &p) != nil {
		return nil, p, "the snapshot's proof cannot be read"
	}
	return s, p, damage
}

// holds reports whether everything is what it was, but for listings that only
// the instances come from.
func (p *proof) holds() bool {
	for i := range p.Texts {
		if !p.Texts[i].holds() {
			return false
		}
	}
	for i := range p.Lists {
		if l := &p.Lists[i]; l.Other && !l.holds() {
			return false
		}
	}
	return true
}

func (t *seenText) holds() bool {
	st, err := store.StatFile(t.Path)
	if err != nil {
		return false
	}
	if t.Settled && st == t.Stat {
		return true
	}
	b, err := os.ReadFile(t.Path)
	return err == nil && sha256.Sum256(b) == t.Digest
}

func (l *seenList) holds() bool {
	if !l.Settled {
		return false
	}
	for _, f := range l.Folders {
		if st, err := store.StatFile(f.Path); err != nil || st != f.Stat {
			return false
		}
	}
	return true
}

// renew reads the snapshot of the run before, nil where the definition is the
// same but what its expressions read is not: then a node's attributes may be
// others although every file that it looked at is what it was. Load has told
// what is wrong with one that cannot be used.
func (c *compilation) renew(home string) *store.Snapshot {
	s, p, _ := c.read(home)
	if now := c.files.proof(); s == nil || !now.equal(&p) {
		return nil
	}
	return s
}

// equal reports whether two plans were made from the same texts and listings.
func (p *proof) equal(q *proof) bool {
	return slices.EqualFunc(p.Texts, q.Texts, func(a, b seenText) bool {
		return a.Path == b.Path && a.Digest == b.Digest && a.Digest != store.Digest{}
	}) && slices.EqualFunc(p.sortedLists(), q.sortedLists(), func(a, b seenList) bool {
		return a.Glob == b.Glob && a.Found == b.Found && a.Found != store.Digest{}
	})
}

func (p *proof) sortedLists() []seenList {
	return slices.SortedFunc(slices.Values(p.Lists), func(a, b seenList) int {
		return cmp.Or(strings.Compare(a.Pattern, b.Pattern), strings.Compare(a.Dir, b.Dir))
	})
}

// recallInstances takes the instances from the snapshot. It is false where they
// have to be evaluated.
func (l *loader) recallInstances() bool {
	if l.snapshot == nil {
		return false
	}
	for i := range l.recalled.Lists {
		if s := &l.recalled.Lists[i]; !s.Other && !s.holds() {
			return false
		}
	}
	l.plan.Instances, l.instances = l.snapshot.Instances, true
	for i, file := range l.snapshot.FileNames {
		if l.plan.twins == nil {
			l.plan.twins = make(map[string]string)
		}
		l.plan.twins[l.plan.Instances[i]] = file
	}
	l.files.recallLists(l.recalled.Lists, false)
	return true
}

// settleInstances is called when the instances are known. Where they are not
// those of the snapshot, that is of no use.
func (l *loader) settleInstances() {
	if l.snapshot == nil {
		return
	}
	if !l.instances || !slices.Equal(l.plan.Instances, l.snapshot.Instances) {
		l.snapshot = nil
		return
	}
	l.files.recallTexts(l.recalled.Texts)
	l.files.recallLists(l.recalled.Lists, true)
}

// compile notes in a plan without mistakes what the next one may use.
func (l *loader) compile() {
	l.compiled.snapshot.Store(l.snapshot)
	l.plan.compiled = l.compiled
}

// fileNames are the instances whose names in paths are not their own.
func (p *Plan) fileNames() map[int]string {
	var names map[int]string
	for i, name := range p.Instances {
		if f := p.FileName(name); f != name {
			if names == nil {
				names = map[int]string{}
			}
			names[i] = f
		}
	}
	return names
}

// perInstance says of each stage whether it has a node for each instance.
func (p *Plan) perInstance() []bool {
	list := make([]bool, len(p.Stages))
	for i, s := range p.Stages {
		list[i] = s.PerInstance
	}
	return list
}
