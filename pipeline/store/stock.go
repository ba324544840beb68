package store

import (
	"errors"
	"hash/crc32"
	"os"
	"slices"
	"sync/atomic"
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
	last *pieces  // that were read of the file
}

const (
	perPiece = 64            // records: what is read of the file at a time
	perChunk = 64 * perPiece // records
	inMemory = 16            // full chunks: as many records as a node may have files
)

// pieces are some of those that were read last: who asks for one record often asks
// for its neighbours next. Others pay for that with a piece of garbage for each.
type pieces [1 << pieceBits]atomic.Pointer[piece]

const pieceBits = 4

// A piece of the file, which nobody changes: all who ask share it.
type piece struct {
	number int
	b      []byte
}

// of returns the place of a piece. Two readers far apart, however many pieces that
// is, are seldom at two that have the same one.
func (p *pieces) of(number int) *atomic.Pointer[piece] {
	return &p[uint32(number)*0x9e3779b1>>(32-pieceBits)] // Fibonacci hashing
}

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
		s.file, s.last = f, new(pieces)
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

// at returns a record, for reading only: others have the same bytes.
func (s *stock) at(i int) ([]byte, error) {
	if b := s.held(i); b != nil {
		return b, nil
	}
	number := i / perPiece
	last := s.last.of(number)
	p := last.Load()
	if p == nil || p.number != number {
		p = &piece{number, make([]byte, perPiece*s.size)}
		if _, err := s.file.ReadAt(p.b, int64(number)*int64(len(p.b))); err != nil {
			return nil, err
		}
		if err := s.check(number, p.b); err != nil {
			return nil, err
		}
		last.Store(p)
	}
	return s.in(p.b, i%perPiece), nil
}

// in returns a record of some that follow on each other.
func (s *stock) in(b []byte, i int) []byte {
	return b[i*s.size : (i+1)*s.size : (i+1)*s.size]
}

// check compares a piece of the file with what was written.
func (s *stock) check(number int, b []byte) error {
	if crc32.Checksum(b, castagnoli) != s.sums[number] {
		return errors.New("what was put aside in the state directory came back damaged")
	}
	return nil
}

// cut forgets the last records, all but the first n. At most as many as are in
// memory may go.
func (s *stock) cut(n int) { s.n = n }

// close gives the file back. What is in it cannot be read any more, so that an
// error says nothing.
func (s *stock) close() {
	if s.file != nil {
		s.file.Close()
		s.last = new(pieces) // what was read of it is gone as well
	}
}

// A cursor reads a stock in order, or nearly so.
type cursor struct {
	stock *stock
	buf   []byte // for pieces that follow on each other
	first int    // number of the first one in buf
	n     int    // how many are
	good  int    // number + 1 of one that is as it was written
}

// ahead is how many pieces a cursor reads at once. One that jumps reads them in vain.
const ahead = 16

// at returns a record, for reading only, until the next call.
func (c *cursor) at(i int) ([]byte, error) {
	s := c.stock
	if b := s.held(i); b != nil {
		return b, nil
	}
	number := i / perPiece
	if number < c.first || number >= c.first+c.n {
		if err := c.read(number); err != nil {
			return nil, err
		}
	}
	if c.good != number+1 {
		size := perPiece * s.size
		from := (number - c.first) * size
		if err := s.check(number, c.buf[from:from+size]); err != nil {
			return nil, err
		}
		c.good = number + 1
	}
	return s.in(c.buf, i-c.first*perPiece), nil
}

// read fills buf, from a piece of the file on.
func (c *cursor) read(first int) error {
	s := c.stock
	size := perPiece * s.size
	if c.buf == nil {
		c.buf = make([]byte, ahead*size)
	}
	c.first, c.n, c.good = first, 0, 0
	n := min(ahead, len(s.sums)-first)
	if _, err := s.file.ReadAt(c.buf[:n*size], int64(first)*int64(size)); err != nil {
		return err
	}
	c.n = n
	return nil
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
