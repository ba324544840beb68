package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Snapshot is what a run found when it looked at every node: which were up to
// date, and the stat of each file that says so. While the definition is the
// same and every file's stat is, a node is as up to date as it was, and nobody
// has to evaluate its attributes, compute its key or read its record.
//
// It is a view of the file's bytes; its methods may be called from several
// goroutines. Nodes are numbered stage by stage, those of a stage in the order
// of the instances.
type Snapshot struct {
	Meta      []byte         // the caller's
	log       Stat           // of the log that says the same
	Instances []string       // in order
	FileNames map[int]string // by number of the instance: its name in paths, where that is not its own

	stages   []snapshotStage
	statuses []string
	patterns []string
	devs     []uint64
	heads    []byte // by node: headSize
	first    []byte // by node, and one more: number of its first file, uint32
	files    []byte // fileSize each
}

// A snapshotStage is a run of nodes.
type snapshotStage struct {
	perInstance bool
	base, count int
	shared      []byte // files that several of its nodes look at, fileSize each
}

const (
	snapshotName  = "snapshot"
	snapshotMagic = "concluder snapshot 1\n"

	// A node's head: the number of its status and headFresh, uint16.
	headSize  = 2
	headFresh = 1 << 15

	// A file: pattern uint32 | device uint16 | mode uint16 | inode | size |
	// mtime | ctime, the last four 64 bits each. A file that is not there has
	// zeros after its pattern.
	fileSize = 4 + 2 + 2 + 4*8
)

// Bytes that stand for the instance in a pattern of paths.
const (
	patternFile     = "\x00" // its name in paths
	patternInstance = "\x01" // its own name
)

// ReadSnapshot reads the snapshot in a pipeline's folder of the state
// directory. It is nil where there is none of this definition; damage says what
// is wrong with one that cannot be used.
func ReadSnapshot(home string, definition Digest) (s *Snapshot, damage string, err error) {
	path := filepath.Join(home, snapshotName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if !strings.HasPrefix(string(b[:min(len(b), len(snapshotMagic))]), snapshotMagic) {
		return nil, path + " is not a snapshot of this version", nil
	}
	sum := len(b) - 4 // of all that comes before it
	if sum < len(snapshotMagic)+len(definition) || crc32.Checksum(b[:sum], castagnoli) != binary.LittleEndian.Uint32(b[sum:]) {
		return nil, path + " is damaged", nil
	}
	b = b[len(snapshotMagic):sum]
	if Digest(b[:len(definition)]) != definition {
		return nil, "", nil
	}
	if s, ok := decodeSnapshot(b[len(definition):]); ok {
		return s, "", nil
	}
	return nil, path + " cannot be read", nil
}

// snapshotReader takes a snapshot apart. After the first defect bad is set and
// everything reads as zero.
type snapshotReader struct{ reader }

func (r *snapshotReader) string() string { return string(r.take(r.uint())) }

// names reads a list of texts, with one allocation for all of them.
func (r *snapshotReader) names() []string {
	part := snapshotReader{reader{b: r.take(r.uint())}}
	all := string(part.b)
	list := make([]string, part.count(1))
	for i := range list {
		size := part.uint()
		at := len(all) - len(part.b)
		part.take(size)
		if part.bad {
			r.bad = true
			return nil
		}
		list[i] = all[at : at+int(size)]
	}
	return list
}

func decodeSnapshot(b []byte) (*Snapshot, bool) {
	r := snapshotReader{reader{b: b}}
	s := &Snapshot{Meta: r.take(r.uint())}
	if log := r.take(statSize); log != nil {
		s.log = decodeStat(log)
	}
	s.Instances = r.names()
	for range r.count(2) {
		if s.FileNames == nil {
			s.FileNames = map[int]string{}
		}
		i := r.uint()
		s.FileNames[int(i)] = r.string()
	}
	nodes := 0
	for range r.count(3) {
		st := snapshotStage{base: nodes, perInstance: r.byte() == 1, count: 1}
		if st.perInstance {
			st.count = len(s.Instances)
		}
		nodes += st.count
		st.shared = r.take(uint64(r.count(fileSize)) * fileSize)
		s.stages = append(s.stages, st)
	}
	s.statuses = r.names()
	s.patterns = r.names()
	for range r.count(1) {
		s.devs = append(s.devs, r.uint())
	}
	s.heads = r.take(uint64(nodes) * headSize)
	s.first = r.take(uint64(nodes+1) * 4)
	if r.bad {
		return nil, false
	}
	files := int(binary.LittleEndian.Uint32(s.first[4*nodes:]))
	s.files = r.take(uint64(files) * fileSize)
	return s, !r.bad && len(r.b) == 0 && s.sound(nodes)
}

// sound checks every number that is used as an index. The checksum has vouched
// for the bytes; this is for files that somebody made.
func (s *Snapshot) sound(nodes int) bool {
	last := uint32(0)
	for n := range nodes + 1 {
		f := binary.LittleEndian.Uint32(s.first[4*n:])
		if f < last {
			return false
		}
		last = f
	}
	for n := range nodes {
		if int(binary.LittleEndian.Uint16(s.heads[headSize*n:])&^headFresh) >= len(s.statuses) {
			return false
		}
	}
	ok := func(files []byte) bool {
		for ; len(files) > 0; files = files[fileSize:] {
			if int(binary.LittleEndian.Uint32(files)) >= len(s.patterns) || int(binary.LittleEndian.Uint16(files[4:])) >= len(s.devs) {
				return false
			}
		}
		return true
	}
	for _, st := range s.stages {
		if !ok(st.shared) {
			return false
		}
	}
	for i := range s.FileNames {
		if i < 0 || i >= len(s.Instances) {
			return false
		}
	}
	return ok(s.files)
}

// Current reports whether the log of a pipeline's folder is still the one that
// the snapshot was made from: that of a run which was killed knows more.
func (s *Snapshot) Current(home string) bool {
	st, err := statPath(filepath.Join(home, logName))
	return err == nil && st == s.log
}

// Nodes is how many nodes the snapshot knows.
func (s *Snapshot) Nodes() int { return len(s.heads) / headSize }

// FreshCount is how many of them were up to date.
func (s *Snapshot) FreshCount() int {
	n := 0
	for node := range s.Nodes() {
		if s.head(node)&headFresh != 0 {
			n++
		}
	}
	return n
}

// Fits reports whether the stages are these: for each whether it has a node for
// each instance.
func (s *Snapshot) Fits(perInstance []bool) bool {
	if len(perInstance) != len(s.stages) {
		return false
	}
	for i, p := range perInstance {
		if s.stages[i].perInstance != p {
			return false
		}
	}
	return true
}

// Status is a fresh node's own word for how it ended.
func (s *Snapshot) Status(node int) string {
	return s.statuses[s.head(node)&^headFresh]
}

func (s *Snapshot) head(node int) uint16 {
	return binary.LittleEndian.Uint16(s.heads[headSize*node:])
}

// filesOf are the files of a node alone.
func (s *Snapshot) filesOf(node int) []byte {
	from := binary.LittleEndian.Uint32(s.first[4*node:])
	to := binary.LittleEndian.Uint32(s.first[4*node+4:])
	return s.files[int(from)*fileSize : int(to)*fileSize]
}

// fileName is an instance's name in paths.
func (s *Snapshot) fileName(i int) string {
	if f, ok := s.FileNames[i]; ok {
		return f
	}
	return s.Instances[i]
}
