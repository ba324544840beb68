package store

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// A NodeSet is a set of nodes by number.
type NodeSet []uint64

// Has reports whether the node is in the set, which may be nil. A Pass may add
// nodes meanwhile.
func (s NodeSet) Has(node int) bool {
	return node>>6 < len(s) && atomic.LoadUint64(&s[node>>6])>>(node&63)&1 == 1
}

// Count returns how many nodes the set has.
func (s NodeSet) Count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// NewNodeSet returns an empty set for this many nodes.
func NewNodeSet(nodes int) NodeSet { return make(NodeSet, (nodes+63)/64) }

// Add puts a node in.
func (s NodeSet) Add(node int) { s[node>>6] |= 1 << (node & 63) }

// probeChunk is how many nodes a goroutine looks at between two looks at the
// counter that they share.
const probeChunk = 1024

// Fresh looks at every file, on all CPUs, and returns the nodes that were up to
// date and all of whose own files are what they were. Whether what a node
// depends on is fresh too is for the caller to see.
func (s *Snapshot) Fresh() NodeSet {
	set := NewNodeSet(s.Nodes())
	pass := s.NewPass(set)
	defer pass.Close()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (s.Nodes()+probeChunk-1)/probeChunk) {
		wg.Go(func() {
			p := pass.Probe()
			for {
				from := int(next.Add(probeChunk)) - probeChunk
				if from >= s.Nodes() {
					return
				}
				p.Look(from, min(from+probeChunk, s.Nodes()))
			}
		})
	}
	wg.Wait()
	return set
}

// A Pass is Fresh in pieces: it looks at the files of some nodes at a time. It
// holds folders open until it is closed.
type Pass struct {
	*Snapshot
	dirs    *openedDirs
	trusted []bool // by stage: the files that its nodes share are what they were
	fresh   NodeSet
}

// NewPass begins a pass that adds to a set the nodes that it finds fresh. It
// looks at the files that nodes share.
func (s *Snapshot) NewPass(fresh NodeSet) *Pass {
	p := &Pass{Snapshot: s, dirs: openDirs(s.patterns), trusted: make([]bool, len(s.stages)), fresh: fresh}
	one := p.Probe()
	for i := range s.stages {
		p.trusted[i] = one.same(s.stages[i].shared, -1)
	}
	return p
}

// Close lets go of the folders. No probe is at work any more.
func (p *Pass) Close() { p.dirs.close() }

// A Probe is one goroutine's means to look at files.
type Probe struct {
	*Pass
	path []byte
	stat fileStat
}

// Probe returns a probe of the pass. It may be called from several goroutines.
func (p *Pass) Probe() *Probe {
	return &Probe{Pass: p, path: make([]byte, 0, 512)}
}

// Look looks at the nodes with these numbers, to excluded. It gathers 64 of
// them before it writes, since other goroutines may write to the same word of
// the set.
func (p *Probe) Look(from, to int) {
	stage, word := 0, uint64(0)
	for node := from; node < to; node++ {
		for node >= p.stages[stage].base+p.stages[stage].count {
			stage++
		}
		if p.isFresh(stage, node) {
			word |= 1 << (node & 63)
		}
		if node&63 == 63 || node+1 == to {
			atomic.OrUint64(&p.fresh[node>>6], word)
			word = 0
		}
	}
}

func (p *Probe) isFresh(stage, node int) bool {
	if !p.trusted[stage] || p.head(node)&headFresh == 0 {
		return false
	}
	instance := -1
	if st := &p.stages[stage]; st.perInstance {
		instance = node - st.base
	}
	return p.same(p.filesOf(node), instance)
}

// same reports whether all of some files have the stat that they had.
func (p *Probe) same(files []byte, instance int) bool {
	le := binary.LittleEndian
	for ; len(files) > 0; files = files[fileSize:] {
		pat := &p.dirs.patterns[le.Uint32(files)]
		if instance < 0 && len(pat.slots) > 0 {
			return false // no builder writes that
		}
		p.path = append(pat.expand(p.path[:0], p.Snapshot, instance), 0)
		there, err := p.stat.at(pat.dir, p.path)
		if err != nil {
			return false
		}
		st := &p.stat
		if !there {
			if !absent(files) {
				return false
			}
			continue
		}
		if st.ino() != le.Uint64(files[8:]) || st.mtime() != int64(le.Uint64(files[24:])) || st.ctime() != int64(le.Uint64(files[32:])) ||
			st.size() != int64(le.Uint64(files[16:])) || st.mode() != uint32(le.Uint16(files[6:])) || st.dev() != p.devs[le.Uint16(files[4:])] {
			return false
		}
	}
	return true
}

// absent reports whether an entry says that there was no such file.
func absent(file []byte) bool { return allZero(file[4:fileSize]) }

func allZero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// A pathPattern is a path with the instance's name in some places.
type pathPattern struct {
	dir   int // an open folder in which the rest lies, or atCWD
	parts []string
	slots []byte // between two parts: patternFile or patternInstance
}

func (t *pathPattern) expand(b []byte, s *Snapshot, instance int) []byte {
	for i, part := range t.parts {
		b = append(b, part...)
		if i == len(t.slots) {
			break
		}
		if t.slots[i] == patternInstance[0] {
			b = append(b, s.Instances[instance]...)
		} else {
			b = append(b, s.fileName(instance)...)
		}
	}
	return b
}

// openedDirs are the folders that the patterns begin with.
type openedDirs struct {
	patterns []pathPattern
	fds      map[string]int
}

// mostDirs bounds the folders held open: a pipeline with a folder for each
// instance has few patterns, one whose paths follow none has as many as files.
const mostDirs = 128

func openDirs(patterns []string) *openedDirs {
	d := &openedDirs{patterns: make([]pathPattern, len(patterns)), fds: map[string]int{}}
	for i, text := range patterns {
		fixed := text
		if k := strings.IndexAny(text, patternFile+patternInstance); k >= 0 {
			fixed = text[:k]
		}
		t := &d.patterns[i]
		t.dir = atCWD
		if k := strings.LastIndexByte(fixed, '/'); k > 0 && k+1 < len(text) {
			if fd, ok := d.open(text[:k]); ok {
				t.dir, text = fd, text[k+1:]
			}
		}
		for {
			k := strings.IndexAny(text, patternFile+patternInstance)
			if k < 0 {
				t.parts = append(t.parts, text)
				break
			}
			t.parts, t.slots = append(t.parts, text[:k]), append(t.slots, text[k])
			text = text[k+1:]
		}
	}
	return d
}

func (d *openedDirs) open(path string) (int, bool) {
	if fd, ok := d.fds[path]; ok {
		return fd, fd != atCWD
	}
	if len(d.fds) >= mostDirs {
		return atCWD, false
	}
	fd, err := openDir(path)
	if err != nil {
		fd = atCWD // the files will tell what is wrong
	}
	d.fds[path] = fd
	return fd, err == nil
}

func (d *openedDirs) close() {
	for _, fd := range d.fds {
		if fd != atCWD {
			closeDir(fd)
		}
	}
}
