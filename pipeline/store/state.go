package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// A State knows how each node of a pipeline last ended. Get and Put may be
// called from several goroutines. The zero string stands for the instance of an
// aggregate node.
type State struct {
	path   string
	damage []string

	mu      sync.RWMutex
	strs    stringTable // 0 is ""
	lists   [][]byte    // encoded components, by number
	listIDs map[string]uint32
	stages  map[string]int
	names   []string  // of stages
	nodes   [][]ref   // by stage, then number of the instance's string
	last    []lastPut // by stage
	chunks  [][]byte  // the log as it was read, then what was put since

	buf, list, name []byte // of Put, used again

	out *logWriter // nil when read only

	rest Stat // of the log: see Rest
}

// logName is the log in a pipeline's folder of the state directory.
const logName = "log"

// ReadState reads the state in a directory without a lock: what a run at work
// has written so far. A directory that does not exist is an empty state.
func ReadState(dir string) (*State, error) {
	s := newState(filepath.Join(dir, logName))
	b, err := s.read()
	if err != nil {
		return nil, err
	}
	s.load(b)
	return s, nil
}

// OpenState reads the state in a directory and makes it ready for Put. The
// caller holds the directory's lock.
func OpenState(dir string) (*State, error) {
	s := newState(filepath.Join(dir, logName))
	b, err := s.read()
	if err != nil {
		return nil, err
	}
	if len(b) > 0 && !strings.HasPrefix(string(b[:min(len(b), len(logMagic))]), logMagic) {
		// Not ours, or its first bytes are lost. Keep it for whoever wants to
		// know, and begin anew.
		if err := os.Rename(s.path, s.path+".unreadable"); err != nil {
			return nil, err
		}
		s.damage = append(s.damage, fmt.Sprintf("%s is not a state of this version; moved to %s.unreadable", s.path, s.path))
		b = nil
	}
	good := s.load(b)
	if len(s.damage) > 0 || s.dead(len(b)) {
		return s, s.compact()
	}
	if n := int64(len(b)) - good; n > 0 {
		s.damage = append(s.damage, fmt.Sprintf("the last record was not finished, its %d bytes are cut off", n))
	}
	s.out, err = openLog(s.path, good)
	return s, err
}

func newState(path string) *State {
	s := &State{path: path}
	s.clear()
	return s
}

func (s *State) clear() {
	s.strs = newStringTable()
	s.strs.add("")
	s.lists, s.listIDs = nil, map[string]uint32{}
	s.stages, s.names, s.nodes, s.last, s.chunks = map[string]int{}, nil, nil, nil, nil
}

// Damage says what was wrong with the log: nodes whose records were lost run
// again.
func (s *State) Damage() []string { return s.damage }

func (s *State) read() ([]byte, error) {
	b, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// load takes in a whole log and returns where its last whole frame ends.
func (s *State) load(b []byte) int64 {
	if len(b) < len(logMagic) || string(b[:len(logMagic)]) != logMagic {
		if len(b) > 0 {
			s.damage = append(s.damage, s.path+" is not a state of this version")
		}
		return 0
	}
	s.chunks = append(s.chunks, b)
	found := scanFrames(b, s.frame)
	s.damage = append(s.damage, found.damage...)
	return int64(found.good)
}

// frame takes in one frame. Strings and lists carry their number, so that a
// lost one makes records that refer to it unreadable, not wrong.
func (s *State) frame(typ byte, at int, p []byte) bool {
	if typ == frameNode {
		r := reader{b: p, strs: s.strs.all}
		stage, instance := r.uint(), r.uint()
		if r.bad || stage >= uint64(len(s.strs.all)) || instance >= uint64(len(s.strs.all)) {
			return false
		}
		s.set(s.stage(s.strs.all[stage]), uint32(instance), ref(at)+1)
		return true
	}
	n, l := binary.Uvarint(p)
	if l <= 0 || n > uint64(len(p))+uint64(len(s.strs.all)+len(s.lists))+1<<20 {
		return false
	}
	p = p[l:]
	switch typ {
	case frameString:
		s.strs.set(uint32(n), string(p))
	case frameParts:
		for uint64(len(s.lists)) <= n {
			s.lists = append(s.lists, nil)
		}
		s.lists[n] = p
		s.listIDs[string(p)] = uint32(n)
	}
	return true
}

// A ref says where a node's frame lies: 1 + offset in the chunk, and the chunk
// in the upper 24 bits. 0 is none.
type ref uint64

const refBits = 40

// payload is what follows the stage and the instance in a node's frame.
func (s *State) payload(at ref) []byte {
	b := s.chunks[at>>refBits][at&(1<<refBits-1)-1:]
	b = b[frameHeader : frameHeader+binary.LittleEndian.Uint32(b)]
	for range 2 {
		_, n := binary.Uvarint(b)
		b = b[n:]
	}
	return b
}

// chunkSize is how much room is made at once for what is put.
const chunkSize = 1 << 20

// store keeps a frame.
func (s *State) store(payload []byte) ref {
	last := len(s.chunks) - 1
	if need := frameHeader + len(payload); last < 1 || cap(s.chunks[last])-len(s.chunks[last]) < need {
		if last < 0 {
			s.chunks = append(s.chunks, nil) // the place of the log
		}
		s.chunks = append(s.chunks, make([]byte, 0, max(chunkSize, need)))
		last = len(s.chunks) - 1
	}
	at := ref(len(s.chunks[last])) + 1 | ref(last)<<refBits
	c := binary.LittleEndian.AppendUint32(s.chunks[last], uint32(len(payload)))
	c = append(c, make([]byte, frameHeader-4)...)
	s.chunks[last] = append(c, payload...)
	return at
}

// stage returns the number of a stage.
func (s *State) stage(name string) int {
	i, ok := s.stages[name]
	if !ok {
		i = len(s.nodes)
		s.stages[name] = i
		s.names = append(s.names, name)
		s.nodes = append(s.nodes, nil)
		s.last = append(s.last, lastPut{})
	}
	return i
}

func (s *State) set(i int, instance uint32, at ref) {
	for uint32(len(s.nodes[i])) <= instance {
		s.nodes[i] = append(s.nodes[i], 0)
	}
	s.nodes[i][instance] = at
}

// A Part says how much of a record is wanted.
type Part int

const (
	Head    Part = iota // no lists at all
	Results             // and Outputs
	Whole
)

// Get returns how a node last ended.
func (s *State) Get(stage, instance string, part Part) (Record, bool) {
	s.mu.RLock()
	i, ok := s.stages[stage]
	id, ok2 := s.strs.number(instance)
	if !ok || !ok2 || uint32(len(s.nodes[i])) <= id || s.nodes[i][id] == 0 {
		s.mu.RUnlock()
		return Record{}, false
	}
	r := reader{b: s.payload(s.nodes[i][id]), strs: s.strs.all, instance: instance}
	lists := s.lists
	s.mu.RUnlock()

	var rec Record
	r.head(&rec)
	if part > Head {
		r.rest(&rec, lists, part == Whole)
	}
	return rec, !r.bad
}

// All returns the names of all nodes that have a record, readable or not.
func (s *State) All() iter.Seq2[string, string] {
	return func(yield func(stage, instance string) bool) {
		s.mu.RLock()
		names, nodes, strs := slices.Clone(s.names), slices.Clone(s.nodes), s.strs.all
		s.mu.RUnlock()
		for i, stage := range names {
			for id, p := range nodes[i] {
				if p != 0 && !yield(stage, strs[id]) {
					return
				}
			}
		}
	}
}

// Blank reports whether no node has a record.
func (s *State) Blank() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.nodes) == 0
}

// Put replaces a node's record. It is in the file after Flush.
func (s *State) Put(stage, instance string, rec *Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.stage(stage)
	w := writer{s: s, b: s.buf[:0], name: s.name, instance: instance, last: &s.last[i]}
	defer func() { s.buf, s.name = w.b, w.name }()
	w.uint(uint64(s.intern(stage)))
	id := s.intern(instance)
	w.uint(uint64(id))
	w.record(rec)
	s.set(i, id, s.store(w.b))
	s.out.add(frameNode, w.b)
}

// intern returns the number of a string. The caller holds the lock.
func (s *State) intern(str string) uint32 {
	id, ok := s.strs.number(str)
	if !ok {
		id = s.strs.add(str)
		s.out.add(frameString, append(binary.AppendUvarint(nil, uint64(id)), str...))
	}
	return id
}

// internList returns the number of a list, which it copies.
func (s *State) internList(b []byte) uint32 {
	id, ok := s.listIDs[string(b)]
	if !ok {
		id = uint32(len(s.lists))
		b = slices.Clone(b)
		s.lists = append(s.lists, b)
		s.listIDs[string(b)] = id
		s.out.add(frameParts, append(binary.AppendUvarint(nil, uint64(id)), b...))
	}
	return id
}

// Flush hands what was put to the operating system, so that it survives the
// end of this process. After an error everything is still there and may be
// flushed again.
func (s *State) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.flush()
}

// Sync waits until what was flushed survives a power failure. It does not keep
// others from reading or putting.
func (s *State) Sync() error {
	s.mu.Lock()
	unsynced := s.out.unsynced
	s.out.unsynced = false
	s.mu.Unlock()
	if !unsynced {
		return nil
	}
	return s.out.f.Sync()
}

// Close flushes, syncs and lets go of the file.
func (s *State) Close() error {
	return errors.Join(s.Flush(), s.Sync(), s.out.f.Close())
}
