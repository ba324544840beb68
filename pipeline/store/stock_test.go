package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
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

// Several may read at once, near each other and far apart.
func TestStockReadAtOnce(t *testing.T) {
	s := stock{size: 5, dir: t.TempDir()}
	defer s.close()
	const n = (inMemory + 4) * perChunk
	for i := range n {
		binary.LittleEndian.PutUint32(s.add(), uint32(i))
	}
	var all sync.WaitGroup
	for k := range 4 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(k), 1))
			for j := range 4 * perChunk {
				i := j
				if k%2 == 1 {
					i = rng.IntN(n)
				}
				if b, err := s.at(i); err != nil || binary.LittleEndian.Uint32(b) != uint32(i) {
					t.Errorf("record %d is %v, %v", i, b, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// What cannot be read, or came back damaged, is said and not made up.
func TestStockThatCannotBeRead(t *testing.T) {
	s := stock{size: 5, dir: t.TempDir()}
	for range (inMemory + 3) * perChunk {
		s.add()[0] = 1
	}
	fails := func(i int) bool {
		_, one := s.at(i)
		_, two := (&cursor{stock: &s}).at(i)
		return one != nil && two != nil
	}
	if fails(0) || fails(perPiece) {
		t.Fatal("records cannot be read")
	}
	if _, err := s.file.WriteAt([]byte{3}, 7); err != nil {
		t.Fatal(err)
	}
	s.last = new(pieces) // as if they had been read long ago
	if !fails(0) || !fails(perPiece-1) || fails(perPiece) {
		t.Error("a damaged piece is read, or more than it is not")
	}
	s.close()
	if !fails(perPiece) {
		t.Error("a record of a closed file is read")
	}
	if fails(s.n - 1) {
		t.Error("a record in memory cannot be read")
	}
}

// A cursor gives the records of damaged pieces to nobody, in whatever order they are
// asked for and however often, and those of all others.
func TestCursorOverDamage(t *testing.T) {
	s := stock{size: 5, dir: t.TempDir()}
	defer s.close()
	for range (inMemory + 4) * perChunk {
		binary.LittleEndian.PutUint32(s.add(), uint32(s.n))
	}
	damaged := map[int]bool{0: true, 3: true, ahead + 1: true, len(s.sums) - 1: true}
	for piece := range damaged {
		if _, err := s.file.WriteAt([]byte{9}, int64(piece*perPiece+7)*int64(s.size)+4); err != nil {
			t.Fatal(err)
		}
	}
	cur := cursor{stock: &s}
	check := func(i int) {
		t.Helper()
		b, err := cur.at(i)
		if want := damaged[i/perPiece]; (err != nil) != want || err == nil && binary.LittleEndian.Uint32(b) != uint32(i+1) {
			t.Fatalf("record %d of piece %d is %v, %v", i, i/perPiece, b, err)
		}
	}
	there := len(s.sums) * perPiece
	for i := range there {
		check(i)
		check(i)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		check(rng.IntN(there))
	}
}

// When the disk is full what is in the file stays there, and the rest in memory.
func TestStockOnAFullDisk(t *testing.T) {
	s := stock{size: 5, dir: t.TempDir()}
	defer s.close()
	put := func(n int) {
		for range n {
			binary.LittleEndian.PutUint32(s.add(), uint32(s.n))
		}
	}
	put((inMemory + 3) * perChunk)
	whole := s.file
	there, err := whole.Stat()
	if err != nil || there.Size() == 0 {
		t.Fatalf("nothing is in the file: %v", err)
	}
	// A file that may only be read takes no more, as if the disk were full.
	only, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", whole.Fd()))
	if err != nil {
		t.Skip("no way to open a file without a name again: ", err)
	}
	defer whole.Close()
	s.file = only
	put(3 * perChunk)
	for i := range s.n {
		if b, err := s.at(i); err != nil || binary.LittleEndian.Uint32(b) != uint32(i+1) {
			t.Fatalf("record %d is %v, %v", i, b, err)
		}
	}
	if now, err := whole.Stat(); err != nil || now.Size() != there.Size() {
		t.Errorf("the file had %d bytes and has %d, %v", there.Size(), now.Size(), err)
	}
}
