package store

import (
	"encoding/binary"
	"testing"
)

func TestStock(t *testing.T) {
	s := stock{size: 5}
	const n = 2*perChunk + 3
	for i := range n {
		binary.LittleEndian.PutUint32(s.add(), uint32(i))
	}
	check := func(n int) {
		t.Helper()
		if s.n != n {
			t.Fatalf("%d records, want %d", s.n, n)
		}
		for i := range n {
			if b := s.at(i); len(b) != 5 || cap(b) != 5 || binary.LittleEndian.Uint32(b) != uint32(i) {
				t.Fatalf("record %d is %v", i, b)
			}
		}
	}
	check(n)
	s.cut(perChunk - 1)
	check(perChunk - 1)
	for i := perChunk - 1; i < n; i++ {
		binary.LittleEndian.PutUint32(s.add(), uint32(i))
	}
	check(n)
	if len(s.chunks) != 3 {
		t.Errorf("%d chunks", len(s.chunks))
	}
}
