package store

import (
	"errors"
	"os"
)

// A stock is a long list of records of one size. It grows by a chunk at a time:
// what is there is never copied, nor is there ever more room than a chunk to
// spare, where a slice of millions would take twice its size and more.
//
// The newest chunks are in memory, the others in a file without a name, where
// there is a folder for one: most of them are read once more, at the end. Where
// that file cannot be written everything stays in memory. Reading may be done by
// several goroutines, while nothing else is.
type stock struct {
	size   int    // of a record, in bytes
	dir    string // where the file is made; "" for nowhere
	chunks [][]byte
	n      int

	file *os.File // a chunk lies where it would if all did; nil before the first does
}

const (
	perChunk = 1 << 12 // records
	inMemory = 16      // full chunks: as many records as a node may have files
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
	if _, err := s.file.WriteAt(s.chunks[k], int64(k)*perChunk*int64(s.size)); err != nil {
		s.dir = "" // what is there can still be read
		return
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
	b := make([]byte, s.size)
	_, err := s.file.ReadAt(b, int64(i)*int64(s.size))
	return b, err
}

// cut forgets the last records, all but the first n. At most as many as are in
// memory may go.
func (s *stock) cut(n int) { s.n = n }

// close gives the file back. Nothing is read after it.
func (s *stock) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// A cursor reads a stock, some records at a time where they are in the file.
type cursor struct {
	stock *stock
	first int    // of the records in buf
	buf   []byte // from the file
}

const perRead = 64 // records; divides perChunk

// at returns a record, for reading only, until the next call.
func (c *cursor) at(i int) ([]byte, error) {
	s := c.stock
	if b := s.held(i); b != nil {
		return b, nil
	}
	if i < c.first || i >= c.first+len(c.buf)/s.size {
		if c.buf == nil {
			c.buf = make([]byte, perRead*s.size)
		}
		c.first = i / perRead * perRead
		if _, err := s.file.ReadAt(c.buf, int64(c.first)*int64(s.size)); err != nil {
			c.buf = nil
			return nil, err
		}
	}
	at := (i - c.first) * s.size
	return c.buf[at : at+s.size : at+s.size], nil
}

// nameless makes a file that is gone when it is closed, or the process ends. It
// is an error where a file that is open keeps its name.
func nameless(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "spared-*.tmp")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f, nil
}
