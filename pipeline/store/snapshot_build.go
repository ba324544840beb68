package store

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// A SnapshotBuilder gathers what goes into a snapshot. Keep may be called from
// several goroutines.
type SnapshotBuilder struct {
	home      string
	instances []string
	names     map[int]string
	stages    []snapshotStage

	mu       sync.Mutex
	statuses interned
	patterns interned
	devs     map[uint64]uint16
	devList  []uint64
	uses     []uint32 // by pattern: in how many nodes
	kept     []keptNode
	files    stock       // of kept nodes, fileSize each
	from     *Snapshot   // whose patterns, devices and statuses have the same numbers
	carried  NodeSet     // nodes of from
	buf      []byte      // of pattern, used again
	last     []lastPaths // by stage
}

// lastPaths are those that nodes of a stage had in a place last. Places beyond share
// with others: a node with many files has them named alike or not at all.
type lastPaths [16]affixes

type keptNode struct {
	fresh  bool
	status uint16
	count  uint16 // of files
	alone  uint16 // of those that keptFiles.own gives: set by shared
	at     uint32 // number of the first in files
}

// interned numbers texts.
type interned struct {
	list []string
	ids  map[string]uint32
}

func (t *interned) id(s string) uint32 {
	id, ok := t.ids[s]
	if !ok {
		if t.ids == nil {
			t.ids = map[string]uint32{}
		}
		id = uint32(len(t.list))
		t.list = append(t.list, s)
		t.ids[s] = id
	}
	return id
}

// A Look is a file as it was when it was looked at. A file that was not there
// has a zero Stat.
type Look struct {
	Path string // absolute
	Stat Stat
}

// NewSnapshotBuilder begins a snapshot of nodes: see Snapshot for their
// numbers. names gives instances their names in paths where those differ.
// from is an earlier snapshot of the same definition, or nil: see Carry. home is
// the pipeline's folder of the state directory.
func NewSnapshotBuilder(home string, instances []string, names map[int]string, perInstance []bool, from *Snapshot) *SnapshotBuilder {
	b := &SnapshotBuilder{home: home, instances: instances, names: names, devs: map[uint64]uint16{}, files: stock{size: fileSize, dir: home}, from: from}
	nodes := 0
	for _, p := range perInstance {
		st := snapshotStage{perInstance: p, base: nodes, count: 1}
		if p {
			st.count = len(instances)
		}
		nodes += st.count
		b.stages = append(b.stages, st)
	}
	b.kept, b.last = make([]keptNode, nodes), make([]lastPaths, len(b.stages))
	if from != nil {
		for _, t := range from.statuses {
			b.statuses.id(t)
		}
		for _, t := range from.patterns {
			b.patterns.id(t)
		}
		b.uses = make([]uint32, len(from.patterns))
		for _, d := range from.devs {
			b.device(d)
		}
	}
	return b
}

// Limits of a snapshot's numbers. A node beyond them is never fresh.
const (
	mostStatuses = headFresh - 1
	mostDevs     = 1 << 16
	mostOfNode   = 1 << 16
	mostFiles    = 1 << 32
)

// Keep notes a node that is up to date, with its status and the files that it
// reads and writes by themselves, all of them settled.
func (b *SnapshotBuilder) Keep(node, instance int, status string, looks []Look) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := b.statuses.id(status)
	if id >= mostStatuses || len(looks) >= mostOfNode || b.files.n+len(looks) >= mostFiles {
		return
	}
	at := b.files.n
	last := b.lastOf(node)
	for i := range looks {
		if !b.add(&looks[i], instance, &last[i%len(last)]) {
			b.files.cut(at)
			return
		}
	}
	b.kept[node] = keptNode{fresh: true, status: uint16(id), count: uint16(len(looks)), at: uint32(at)}
}

// lastOf returns those of a node's stage.
func (b *SnapshotBuilder) lastOf(node int) *lastPaths {
	s := len(b.stages) - 1
	for b.stages[s].base > node {
		s--
	}
	return &b.last[s]
}

func (b *SnapshotBuilder) add(l *Look, instance int, last *affixes) bool {
	if hasMark(l.Path) || l.Stat.Mode >= 1<<16 {
		return false
	}
	dev, ok := b.device(l.Stat.Dev)
	if !ok {
		return false
	}
	p := b.pattern(l.Path, instance, last)
	if int(p) == len(b.uses) {
		b.uses = append(b.uses, 0)
	}
	b.uses[p]++
	le := binary.LittleEndian
	f := b.files.add()
	clear(f)
	le.PutUint32(f, p)
	if l.Stat == (Stat{}) {
		return true
	}
	le.PutUint16(f[4:], dev)
	le.PutUint16(f[6:], uint16(l.Stat.Mode))
	le.PutUint64(f[8:], l.Stat.Ino)
	le.PutUint64(f[16:], uint64(l.Stat.Size))
	le.PutUint64(f[24:], uint64(l.Stat.Mtime))
	le.PutUint64(f[32:], uint64(l.Stat.Ctime))
	return true
}

// hasMark reports whether a text has something in it that stands for a name.
func hasMark(text string) bool {
	return strings.Contains(text, patternFile) || strings.Contains(text, patternInstance)
}

// device numbers a device.
func (b *SnapshotBuilder) device(d uint64) (uint16, bool) {
	n, ok := b.devs[d]
	if !ok {
		if len(b.devList) >= mostDevs {
			return 0, false
		}
		n = uint16(len(b.devList))
		b.devs[d] = n
		b.devList = append(b.devList, d)
	}
	return n, true
}

// pattern takes the instance out of a path, so that the paths of most
// instances are one, and numbers what is left. last is that of another path.
func (b *SnapshotBuilder) pattern(path string, instance int, last *affixes) uint32 {
	if instance < 0 {
		return b.patterns.id(path)
	}
	name := b.instances[instance]
	file, ok := b.names[instance]
	if !ok {
		file = name
	}
	if last.fit(path, file) {
		return last.id
	}
	p := appendReplaced(b.buf[:0], path, file, patternFile)
	if ok && string(p) == path {
		p = appendReplaced(p[:0], path, name, patternInstance)
	}
	b.buf = p
	id, ok := b.patterns.ids[string(p)]
	if !ok {
		id = b.patterns.id(string(p))
	}
	*last = affixesOf(b.patterns.list[id], patternFile, id)
	return id
}

// appendReplaced appends s with to in the place of each from that is in it.
func appendReplaced(b []byte, s, from, to string) []byte {
	for from != "" {
		before, after, more := strings.Cut(s, from)
		if !more {
			break
		}
		b = append(append(b, before...), to...)
		s = after
	}
	return append(b, s...)
}

// Save writes the snapshot into the pipeline's folder of the state directory,
// whose log is complete. It need not survive a power failure: a torn one is
// noticed and not used.
func (b *SnapshotBuilder) Save(definition Digest, meta []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	log, err := statPath(filepath.Join(b.home, logName))
	if err != nil {
		return err
	}
	path := filepath.Join(b.home, snapshotName)
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	err = errors.Join(b.write(f, definition, meta, log), f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
	}
	return err
}

// Close gives back what the builder put aside. Nothing is saved after it.
func (b *SnapshotBuilder) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.files.close()
}

// Kept is how many nodes were noted.
func (b *SnapshotBuilder) Kept() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for i := range b.kept {
		if b.kept[i].fresh {
			n++
		}
	}
	return n
}

// Carry takes over nodes of the earlier snapshot.
func (b *SnapshotBuilder) Carry(nodes NodeSet) { b.carried = nodes }
