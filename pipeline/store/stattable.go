package store

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strings"
)

// A statTable holds the last entry of each (device, inode): those of the file
// as they were read, a list of those noted since, and an index over both with
// open addressing.
type statTable struct {
	old   []byte   // entrySize each
	noted stock    // as in a file, but that instead of its checksum an entry tells whether it is settled
	index []uint32 // number of an entry + 1; 0 is free; the length is a power of two
	live  int      // slots of the index in use
}

type statEntry struct {
	stat    Stat
	digest  Digest
	settled bool
}

func (t *statTable) slot(dev, ino uint64) uint64 {
	h := (ino ^ dev<<40) * 0x9e3779b97f4a7c15 // Fibonacci hashing
	return (h >> 20) & uint64(len(t.index)-1)
}

// inode says whose entry a number stands for: old ones come first.
func (t *statTable) inode(number uint32) (dev, ino uint64) {
	b, _ := t.bytes(number)
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
}

func (t *statTable) bytes(number uint32) (b []byte, old bool) {
	if at := int(number) * entrySize; at < len(t.old) {
		return t.old[at : at+entrySize], true
	}
	return t.noted.at(int(number) - len(t.old)/entrySize), false
}

// entry is false for an old one that is damaged.
func (t *statTable) entry(number uint32) (statEntry, bool) {
	b, old := t.bytes(number)
	if old {
		return decodeEntry(b)
	}
	return notedEntry(b), true
}

const isSettled = 1 // in the place of a checksum

func notedEntry(b []byte) statEntry {
	e := statEntry{settled: b[entrySize-4] == isSettled, stat: decodeStat(b)}
	copy(e.digest[:], b[statSize:])
	return e
}

func (e *statEntry) note(b []byte) {
	e.stat.append(b[:0])
	copy(b[statSize:], e.digest[:])
	b[entrySize-4] = 0
	if e.settled {
		b[entrySize-4] = isSettled
	}
}

// find returns the slot of an inode, or the free one where it belongs.
func (t *statTable) find(dev, ino uint64) uint64 {
	mask := uint64(len(t.index) - 1)
	s := t.slot(dev, ino)
	for ; t.index[s] != 0; s = (s + 1) & mask {
		if d, i := t.inode(t.index[s] - 1); i == ino && d == dev {
			break
		}
	}
	return s
}

func (t *statTable) get(st Stat) (d Digest, settled, ok bool) {
	if len(t.index) == 0 {
		return d, false, false
	}
	n := t.index[t.find(st.Dev, st.Ino)]
	if n == 0 {
		return d, false, false
	}
	e, ok := t.entry(n - 1)
	return e.digest, e.settled, ok && e.stat == st
}

// put returns the number of the entry.
func (t *statTable) put(st Stat, d Digest, settled bool) uint32 {
	t.noted.size = entrySize
	t.reserve(1)
	s := t.find(st.Dev, st.Ino)
	e := statEntry{st, d, settled}
	old := uint32(len(t.old) / entrySize)
	if n := t.index[s]; n > old {
		e.note(t.noted.at(int(n - 1 - old)))
		return n - 1
	} else if n == 0 {
		t.live++
	}
	e.note(t.noted.add())
	t.index[s] = old + uint32(t.noted.n)
	return t.index[s] - 1
}

// fill takes over the entries of a file; a later one of an inode replaces an
// earlier one.
func (t *statTable) fill(b []byte) {
	t.old = b[:len(b)/entrySize*entrySize]
	t.reserve(len(t.old) / entrySize)
	for n := range uint32(len(t.old) / entrySize) {
		s := t.find(t.inode(n))
		if t.index[s] == 0 {
			t.live++
		}
		t.index[s] = n + 1
	}
}

// reserve makes room for n entries more.
func (t *statTable) reserve(n int) {
	size := max(1024, len(t.index))
	for (t.live+n)*4 > size*3 {
		size *= 2
	}
	if size == len(t.index) {
		return
	}
	before := t.index
	t.index = make([]uint32, size)
	for _, n := range before {
		if n != 0 {
			t.index[t.find(t.inode(n-1))] = n
		}
	}
}

// all calls f with every entry whose stat is settled.
func (t *statTable) all(f func(*statEntry)) {
	for _, n := range t.index {
		if n == 0 {
			continue
		}
		if e, ok := t.entry(n - 1); ok && e.settled {
			f(&e)
		}
	}
}

// The file is a line of magic and entries of one size, each with its own
// checksum; a later entry of an inode replaces an earlier one.
const (
	filesMagic = "concluder files 1\n"
	entrySize  = statSize + 32 + 4
)

// filesSlack is how many dead entries are worth rewriting the file for.
const filesSlack = 10_000

// load reads the file. What was noted before counts more than what it says. One
// that cannot be read is as good as none. The caller holds the lock.
func (f *Files) load() {
	if f.loaded {
		return
	}
	f.loaded = true
	b, err := os.ReadFile(f.path)
	if err != nil || !strings.HasPrefix(string(b[:min(len(b), len(filesMagic))]), filesMagic) {
		return // not there any more, another version's, or damaged: Save starts a new one
	}
	noted := f.table.noted
	f.table, f.dirty = statTable{}, nil
	f.table.fill(b[len(filesMagic):])
	for n := range noted.n {
		e := notedEntry(noted.at(n))
		if i := f.table.put(e.stat, e.digest, e.settled); e.settled {
			f.dirty = append(f.dirty, i)
		}
	}
}

func decodeEntry(b []byte) (statEntry, bool) {
	le := binary.LittleEndian
	if crc32.Checksum(b[:entrySize-4], castagnoli) != le.Uint32(b[entrySize-4:]) {
		return statEntry{}, false
	}
	e := statEntry{settled: true, stat: decodeStat(b)}
	copy(e.digest[:], b[statSize:])
	return e, true
}

// statSize is the length of a Stat in a file: all but its type, which is that
// of a regular file.
const statSize = 8 + 8 + 8 + 4 + 8 + 8

func decodeStat(b []byte) Stat {
	le := binary.LittleEndian
	return Stat{
		Dev: le.Uint64(b), Ino: le.Uint64(b[8:]), Size: int64(le.Uint64(b[16:])), Mode: le.Uint32(b[24:]),
		Mtime: int64(le.Uint64(b[28:])), Ctime: int64(le.Uint64(b[36:])),
	}
}

func (s Stat) append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, s.Dev)
	b = le.AppendUint64(b, s.Ino)
	b = le.AppendUint64(b, uint64(s.Size))
	b = le.AppendUint32(b, s.Mode)
	b = le.AppendUint64(b, uint64(s.Mtime))
	return le.AppendUint64(b, uint64(s.Ctime))
}

func (e *statEntry) encode(b []byte) []byte {
	start := len(b)
	b = e.stat.append(b)
	b = append(b, e.digest[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// Save writes what the file lacks. Several processes may do so at once.
func (f *Files) Save() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.dirty) == 0 {
		return nil
	}
	lock, err := lockedFile(f.path)
	if err != nil {
		return err
	}
	defer lock.Close()
	size, err := lock.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	head := make([]byte, len(filesMagic))
	if _, err := lock.ReadAt(head, 0); err != nil && err != io.EOF {
		return err
	}
	entries := (size - int64(len(filesMagic))) / entrySize
	if string(head) != filesMagic || f.loaded && entries > int64(4*f.table.live+filesSlack) {
		f.load()
		return f.rewrite()
	}
	at := int64(len(filesMagic)) + entries*entrySize // a torn entry at the end is overwritten
	for some := range slices.Chunk(f.dirty, 1000) {
		var b []byte
		for _, i := range some {
			if e, ok := f.table.entry(i); ok && e.settled {
				b = e.encode(b)
			}
		}
		if _, err := lock.WriteAt(b, at); err != nil {
			return err
		}
		at += int64(len(b))
	}
	f.dirty = nil
	return nil
}

// rewrite replaces the file by this process's entries.
func (f *Files) rewrite() error {
	err := replaceWith(f.path, func(w *bufio.Writer) {
		w.WriteString(filesMagic)
		f.table.all(func(e *statEntry) { w.Write(e.encode(w.AvailableBuffer())) })
	})
	if err != nil {
		return err
	}
	f.dirty = nil
	return nil
}

// Close saves and lets go of the directory.
func (f *Files) Close() error {
	defer f.clock.close()
	defer func() {
		f.closing.Lock()
		defer f.closing.Unlock()
		f.base.close()
		f.base = base{}
	}()
	return f.Save()
}
