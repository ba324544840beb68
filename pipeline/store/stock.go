package store

// A stock is a long list of records of one size. It grows by a chunk at a time:
// what is there is never copied, nor is there ever more room than a chunk to
// spare, where a slice of millions would take twice its size and more.
type stock struct {
	size   int // of a record, in bytes
	chunks [][]byte
	n      int
}

// perChunk is how many records a chunk has.
const perChunk = 1 << 12

// add returns a new last record. Its bytes are zero, or those of one that was
// cut.
func (s *stock) add() []byte {
	if s.n == perChunk*len(s.chunks) {
		s.chunks = append(s.chunks, make([]byte, perChunk*s.size))
	}
	s.n++
	return s.at(s.n - 1)
}

func (s *stock) at(i int) []byte {
	from := i % perChunk * s.size
	return s.chunks[i/perChunk][from : from+s.size : from+s.size]
}

// cut forgets all records but the first n.
func (s *stock) cut(n int) { s.n = n }
