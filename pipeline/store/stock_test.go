package store

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func TestStock(t *testing.T) {
	const n = (inMemory+4)*perChunk + 3
	for _, c := range []struct {
		name  string
		dir   string
		moved bool
	}{{"in memory", "", false}, {"with a folder", t.TempDir(), true}, {"with a folder that is missing", filepath.Join(t.TempDir(), "none"), false}} {
		t.Run(c.name, func(t *testing.T) {
			s := stock{size: 5, dir: c.dir}
			defer s.close()
			for i := range n {
				binary.LittleEndian.PutUint32(s.add(), uint32(i))
			}
			cur := cursor{stock: &s}
			is := func(i int, b []byte, err error) {
				t.Helper()
				if err != nil || len(b) != 5 || cap(b) != 5 || binary.LittleEndian.Uint32(b) != uint32(i) {
					t.Fatalf("record %d is %v, %v", i, b, err)
				}
			}
			check := func(n int) {
				t.Helper()
				if s.n != n {
					t.Fatalf("%d records, want %d", s.n, n)
				}
				for i := range n {
					b, err := cur.at(i)
					is(i, b, err)
				}
				rng := rand.New(rand.NewPCG(1, 2))
				for range 2000 {
					i := rng.IntN(n)
					b, err := s.at(i)
					is(i, b, err)
					i = rng.IntN(n)
					b, err = cur.at(i)
					is(i, b, err)
				}
			}
			check(n)
			// As many as a node may have go again, and others come.
			s.cut(n - mostOfNode + 1)
			check(n - mostOfNode + 1)
			for i := s.n; i < n+perChunk; i++ {
				binary.LittleEndian.PutUint32(s.add(), uint32(i))
			}
			check(n + perChunk)
			held := 0
			for _, chunk := range s.chunks {
				if chunk != nil {
					held++
				}
			}
			if moved := held <= inMemory+1; moved != c.moved {
				t.Errorf("%d of %d chunks are in memory", held, len(s.chunks))
			}
			if c.moved {
				left, err := os.ReadDir(c.dir)
				if err != nil || len(left) > 0 {
					t.Errorf("in the folder are %v, %v", left, err)
				}
			}
		})
	}
}

// What cannot be read is said, not made up.
func TestStockThatCannotBeRead(t *testing.T) {
	s := stock{size: 5, dir: t.TempDir()}
	for range (inMemory + 3) * perChunk {
		s.add()
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.at(0); err == nil {
		t.Error("a record of a closed file is read")
	}
	if _, err := (&cursor{stock: &s}).at(0); err == nil {
		t.Error("a cursor reads from a closed file")
	}
	if _, err := s.at(s.n - 1); err != nil {
		t.Errorf("a record in memory: %v", err)
	}
}
