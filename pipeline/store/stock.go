package store

import (
	"errors"
	"hash/crc32"
	"os"
	"slices"
)

// A stock is a long list of records of one size. It grows by a chunk at a time:
// what is there is never copied, nor is there ever more room than a chunk to
// spare, where a slice of millions would take twice its size and more.
//
// The newest chunks are in memory, the others in a file without a name, where
// there is a folder for one: most of them are read once more, at the end. Where
// that file cannot be written, what is not in it stays in memory. Reading may be
// done by several goroutines, while nothing else is.
type stock struct {
	size   int    // of a record, in bytes
	dir    string // where the file is made; "" for nowhere
	chunks [][]byte
	n      int

	file *os.File // a chunk lies where it would if all did; nil before the first does
	sums []uint32 // of its pieces
}

const (
	perPiece = 64            // records: what is read of the file at a time
	perChunk = 64 * perPiece // records
	inMemory = 16            // full chunks: as many records as a node may have files
)

// add returns a new last record. Its bytes are zero, or those of one that was
// cut.
func (s *stock) add() []byte {
	if s.n == perChunk*len(s.chunks) {
		s.chunks = append(s.chunks, make([]byte, perChunk*s.size))
		s.spare()
	}
	s.n++
	return s.held(s.n - 1)
}

// spare moves the oldest chunk in memory to the file, if there are many. What
// cut may give back stays.
func (s *stock) spare() {
	k := len(s.chunks) - 2 - inMemory
	if k < 0 || s.dir == "" {
		return
	}
	if s.file == nil {
		f, err := nameless(s.dir)
		if err != nil {
			s.dir = ""
			return
		}
		s.file = f
	}
	at := int64(k) * perChunk * int64(s.size)
	if _, err := s.file.WriteAt(s.chunks[k], at); err != nil {
		s.dir = ""
		s.file.Truncate(at) // others may need what is left of the disk
		return
	}
	for piece := range slices.Chunk(s.chunks[k], perPiece*s.size) {
		s.sums = append(s.sums, crc32.Checksum(piece, castagnoli))
	}
	s.chunks[k] = nil
}

// held returns a record that is in memory, nil for one that is not.
func (s *stock) held(i int) []byte {
	c := s.chunks[i/perChunk]
	if c == nil {
		return nil
	}
	from := i % perChunk * s.size
	return c[from : from+s.size : from+s.size]
}

// at returns a record, for reading only.
func (s *stock) at(i int) ([]byte, error) {
	if b := s.held(i); b != nil {
		return b, nil
	}
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	piece, err := s.read(i/perPiece, buf[:])
	if err != nil {
		return nil, err
	}
	from := i % perPiece * s.size
	return append(make([]byte, 0, s.size), piece[from:from+s.size]...), nil
}

// read reads a piece that is in the file into buf.
func (s *stock) read(piece int, buf []byte) ([]byte, error) {
	b := buf[:perPiece*s.size]
	if _, err := s.file.ReadAt(b, int64(piece)*int64(len(b))); err != nil {
		return nil, err
	}
	if crc32.Checksum(b, castagnoli) != s.sums[piece] {
		return nil, errors.New("what was put aside in the state directory came back damaged")
	}
	return b, nil
}

// cut forgets the last records, all but the first n. At most as many as are in
// memory may go.
func (s *stock) cut(n int) { s.n = n }

// close gives the file back. What is in it cannot be read any more, so that an
// error says nothing.
func (s *stock) close() {
	if s.file != nil {
		s.file.Close()
	}
}

// A cursor reads a stock in order, or nearly so.
type cursor struct {
	stock *stock
	piece int
	read  []byte // that piece; nil for none
	buf   []byte // where it is
}

// at returns a record, for reading only, until the next call.
func (c *cursor) at(i int) ([]byte, error) {
	s := c.stock
	if b := s.held(i); b != nil {
		return b, nil
	}
	if c.read == nil || c.piece != i/perPiece {
		if c.buf == nil {
			c.buf = make([]byte, perPiece*s.size)
		}
		var err error
		if c.read, err = s.read(i/perPiece, c.buf); err != nil {
			return nil, err
		}
		c.piece = i / perPiece
	}
	from := i % perPiece * s.size
	return c.read[from : from+s.size : from+s.size], nil
}

// PutAside begins the names of files in a state directory that are about to lose
// them: one is left where a process is killed just then.
const PutAside = "aside-"

// nameless makes a file that is gone when it is closed, or the process ends. It
// is an error where a file that is open keeps its name.
func nameless(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, PutAside+"*.tmp")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f, nil
}
