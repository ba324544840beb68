package llm

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"iter"
	"math"
	"os"
)

// pages reads the pages of a SQLite file without SQLite, for what it cannot
// open any more. Layout: https://www.sqlite.org/fileformat2.html.
type pages struct {
	db   *os.File
	wal  *os.File         // nil when there is none
	size int              // of a page
	used int              // … without the reserved bytes at its end
	n    uint32           // pages in the file
	log  map[uint32]int64 // newest copy of a page in the log: its offset there
	all  []frame          // every copy in the log
}

type frame struct {
	page uint32
	at   int64
}

const (
	pageSize    = 4096 // SQLite's default, and so the journal's
	walHeader   = 32
	frameHeader = 24
	leafTable   = 0x0d
	maxRecord   = 64 << 20
)

func openPages(path string) (*pages, error) {
	db, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &pages{db: db, size: pageSize, used: pageSize, log: map[uint32]int64{}}
	// The header may be what is damaged: it is believed where it makes sense.
	var h [100]byte
	if _, err := db.ReadAt(h[:], 0); err == nil && string(h[:16]) == "SQLite format 3\x00" {
		if s := int(binary.BigEndian.Uint16(h[16:])); s >= 512 && s&(s-1) == 0 {
			p.size = s
		}
		p.used = p.size - int(h[20])
	}
	fi, err := db.Stat()
	if err != nil {
		db.Close()
		return nil, err
	}
	p.n = uint32((fi.Size() + int64(p.size) - 1) / int64(p.size))
	p.wal, err = os.Open(path + "-wal")
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return p, nil
		}
		db.Close()
		return nil, err
	}
	var fh [frameHeader]byte
	for at := int64(walHeader); ; at += int64(frameHeader + p.size) {
		if _, err := p.wal.ReadAt(fh[:], at); err != nil {
			return p, nil // the end, torn or not
		}
		page := binary.BigEndian.Uint32(fh[:])
		p.log[page] = at + frameHeader
		p.all = append(p.all, frame{page, at + frameHeader})
	}
}

func (p *pages) close() {
	p.db.Close()
	if p.wal != nil {
		p.wal.Close()
	}
}

// read returns the newest copy of a page; what is missing at the end is zero.
func (p *pages) read(n uint32) []byte {
	b := make([]byte, p.size)
	if at, ok := p.log[n]; ok {
		p.wal.ReadAt(b, at)
	} else if n > 0 && n <= p.n {
		p.db.ReadAt(b, int64(n-1)*int64(p.size))
	}
	return b
}

// A row as it is stored: NULL is nil, the others int64, float64, string, []byte.
type row struct {
	id     int64
	values []any
}

// rows yields every row with so many columns of every page that looks like a
// leaf of a table, whatever table it is. Rows may come twice, or be wrong.
func (p *pages) rows(columns int) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		leaf := func(page []byte, first bool) bool {
			for _, r := range p.cells(page, first, columns) {
				if !yield(r, nil) {
					return false
				}
			}
			return true
		}
		// The log first: its rows are the newest.
		for i := len(p.all) - 1; i >= 0; i-- {
			b := make([]byte, p.size)
			if _, err := p.wal.ReadAt(b, p.all[i].at); err != nil {
				continue // torn
			}
			if !leaf(b, p.all[i].page == 1) {
				return
			}
		}
		b := make([]byte, p.size)
		for n := uint32(1); n <= p.n; n++ {
			clear(b)
			p.db.ReadAt(b, int64(n-1)*int64(p.size)) // a torn last page reads as far as it goes
			if !leaf(b, n == 1) {
				return
			}
		}
	}
}

// cells returns the rows of a leaf page.
func (p *pages) cells(page []byte, first bool, columns int) []row {
	head := 0
	if first {
		head = 100
	}
	if page[head] != leafTable {
		return nil
	}
	n := int(binary.BigEndian.Uint16(page[head+3:]))
	var out []row
	for i := range n {
		ptr := head + 8 + 2*i
		if ptr+2 > len(page) {
			break
		}
		at := int(binary.BigEndian.Uint16(page[ptr:]))
		if at >= p.used {
			continue
		}
		size, k := varint(page[at:p.used])
		at += k
		id, l := varint(page[at:p.used])
		at += l
		if k == 0 || l == 0 || size == 0 || size > maxRecord || size > (uint64(p.n)+uint64(len(p.log)))*uint64(p.size) {
			continue
		}
		b, ok := p.payload(page, at, int(size))
		if !ok {
			continue
		}
		if v, ok := record(b, columns); ok {
			out = append(out, row{int64(id), v})
		}
	}
	return out
}

// payload gathers a cell's content from its page and its overflow pages.
func (p *pages) payload(page []byte, at, size int) ([]byte, bool) {
	local := size
	if most := p.used - 35; size > most {
		least := (p.used-12)*32/255 - 23
		local = least + (size-least)%(p.used-4)
		if local > most {
			local = least
		}
	}
	if at+local > p.used {
		return nil, false
	}
	out := append(make([]byte, 0, size), page[at:at+local]...)
	if local == size {
		return out, true
	}
	if at+local+4 > p.used {
		return nil, false
	}
	next := binary.BigEndian.Uint32(page[at+local:])
	for len(out) < size {
		if next == 0 {
			return nil, false
		}
		b := p.read(next)
		next = binary.BigEndian.Uint32(b)
		out = append(out, b[4:4+min(p.used-4, size-len(out))]...)
	}
	return out, true
}

// varint reads a big-endian number of 7 bits a byte, of at most 9 bytes; 0 bytes
// read means that there is none.
func varint(b []byte) (v uint64, n int) {
	for n < len(b) && n < 9 {
		if n == 8 {
			return v<<8 | uint64(b[n]), 9
		}
		v = v<<7 | uint64(b[n]&0x7f)
		n++
		if b[n-1] < 0x80 {
			return v, n
		}
	}
	return 0, 0
}

// record decodes a record of so many columns.
func record(b []byte, columns int) ([]any, bool) {
	head, n := varint(b)
	if n == 0 || head < uint64(n) || head > uint64(len(b)) {
		return nil, false
	}
	types, body := b[n:head], b[head:]
	out := make([]any, 0, columns)
	for len(types) > 0 {
		t, k := varint(types)
		if k == 0 || len(out) == columns {
			return nil, false
		}
		types = types[k:]
		size := 0
		switch {
		case t >= 1 && t <= 4:
			size = int(t)
		case t == 5:
			size = 6
		case t == 6 || t == 7:
			size = 8
		case t >= 12 && t < math.MaxInt32:
			size = int(t-12) / 2
		}
		if size > len(body) {
			return nil, false
		}
		v := body[:size]
		body = body[size:]
		switch {
		case t == 0:
			out = append(out, nil)
		case t == 7:
			out = append(out, math.Float64frombits(binary.BigEndian.Uint64(v)))
		case t >= 1 && t <= 6:
			i := int64(int8(v[0]))
			for _, c := range v[1:] {
				i = i<<8 | int64(c)
			}
			out = append(out, i)
		case t == 8 || t == 9:
			out = append(out, int64(t-8))
		case t >= 12 && t%2 == 0:
			out = append(out, append([]byte{}, v...))
		case t >= 13:
			out = append(out, string(v))
		default:
			return nil, false
		}
	}
	return out, len(out) == columns
}
