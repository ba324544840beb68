package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strings"
)

// A statTable holds the last entry of each (device, inode): those of the file
// as they were read, a list of those noted since, and an index over both.
type statTable struct {
	old   []byte // entrySize each
	noted stock  // as in a file, but that instead of its checksum an entry tells whether it is settled
	index hashIndex
	dead  bitSet // entries of inodes that have later ones
}

// A bitSet is a set of small numbers.
type bitSet []uint64

func (s bitSet) has(n uint32) bool { return int(n>>6) < len(s) && s[n>>6]>>(n&63)&1 == 1 }

func (s *bitSet) add(n uint32) {
	for int(n>>6) >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[n>>6] |= 1 << (n & 63)
}

type statEntry struct {
	stat    Stat
	digest  Digest
	settled bool
}

func hashInode(dev, ino uint64) uint32 {
	return uint32((ino ^ dev<<40) * 0x9e3779b97f4a7c15 >> 32) // Fibonacci hashing
}

// bytes returns an entry: old ones come first. nil for one that cannot be read.
func (t *statTable) bytes(number uint32) (b []byte, old bool) {
	if at := int(number) * entrySize; at < len(t.old) {
		return t.old[at : at+entrySize], true
	}
	b, err := t.noted.at(int(number) - len(t.old)/entrySize)
	if err != nil {
		return nil, false
	}
	return b, false
}

// isOf reports whether an entry is that of an inode.
func (t *statTable) isOf(number uint32, dev, ino uint64) bool {
	b, _ := t.bytes(number)
	return b != nil && binary.LittleEndian.Uint64(b) == dev && binary.LittleEndian.Uint64(b[8:]) == ino
}

// entry is false for one that is damaged or cannot be read.
func (t *statTable) entry(number uint32) (statEntry, bool) {
	b, old := t.bytes(number)
	switch {
	case b == nil:
		return statEntry{}, false
	case old:
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

// find returns the place of an inode in the index, or the free one where it
// belongs.
func (t *statTable) find(hash uint32, dev, ino uint64) int {
	return t.index.find(hash, func(n uint32) bool { return t.isOf(n, dev, ino) })
}

func (t *statTable) get(st Stat) (d Digest, settled, ok bool) {
	if t.index.live == 0 {
		return d, false, false
	}
	n, ok := t.index.number(t.find(hashInode(st.Dev, st.Ino), st.Dev, st.Ino))
	if !ok {
		return d, false, false
	}
	e, ok := t.entry(n)
	return e.digest, e.settled, ok && e.stat == st
}

// put returns the number of the entry.
func (t *statTable) put(st Stat, d Digest, settled bool) uint32 {
	t.noted.size = entrySize
	t.index.reserve(1)
	hash := hashInode(st.Dev, st.Ino)
	at := t.find(hash, st.Dev, st.Ino)
	e := statEntry{st, d, settled}
	old := uint32(len(t.old) / entrySize)
	if n, ok := t.index.number(at); ok {
		if n >= old {
			if b := t.noted.held(int(n - old)); b != nil {
				e.note(b)
				return n
			}
		}
		t.dead.add(n)
	}
	e.note(t.noted.add())
	n := old + uint32(t.noted.n) - 1
	t.index.put(at, hash, n)
	return n
}

// fill takes over the entries of a file; a later one of an inode replaces an
// earlier one.
func (t *statTable) fill(b []byte) {
	t.old = b[:len(b)/entrySize*entrySize]
	t.index.reserve(len(t.old) / entrySize)
	for n := range uint32(len(t.old) / entrySize) {
		b := t.old[int(n)*entrySize:]
		dev, ino := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		hash := hashInode(dev, ino)
		at := t.find(hash, dev, ino)
		if earlier, ok := t.index.number(at); ok {
			t.dead.add(earlier)
		}
		t.index.put(at, hash, n)
	}
}

// all calls f with every entry whose stat is settled, in the order in which they
// were read and noted. The error says that some could not be read.
func (t *statTable) all(f func(*statEntry)) error {
	old := len(t.old) / entrySize
	noted := cursor{stock: &t.noted}
	var e statEntry
	for n := range old + t.noted.n {
		if t.dead.has(uint32(n)) {
			continue
		}
		if n < old {
			var ok bool
			if e, ok = t.entry(uint32(n)); !ok {
				continue
			}
		} else {
			b, err := noted.at(n - old)
			if err != nil {
				return err
			}
			e = notedEntry(b)
		}
		if e.settled {
			f(&e)
		}
	}
	return nil
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
	defer noted.close()
	f.table, f.dirty = statTable{noted: stock{dir: noted.dir}}, nil
	f.table.fill(b[len(filesMagic):])
	cur := cursor{stock: &noted}
	for n := range noted.n {
		b, err := cur.at(n)
		if err != nil {
			continue // a file that is read once more
		}
		e := notedEntry(b)
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
	if string(head) != filesMagic || f.loaded && entries > int64(4*f.table.index.live+filesSlack) {
		f.load()
		return f.rewrite()
	}
	at := int64(len(filesMagic)) + entries*entrySize // a torn entry at the end is overwritten
	noted, old := cursor{stock: &f.table.noted}, len(f.table.old)/entrySize
	for some := range slices.Chunk(f.dirty, 1000) {
		var b []byte
		for _, i := range some {
			text, err := noted.at(int(i) - old)
			if err != nil {
				return err
			}
			if e := notedEntry(text); e.settled {
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
	var unread error
	err := replaceWith(f.path, func(w *bufio.Writer) {
		w.WriteString(filesMagic)
		unread = f.table.all(func(e *statEntry) { w.Write(e.encode(w.AvailableBuffer())) })
	})
	if err = errors.Join(err, unread); err != nil {
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
	err := f.Save()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.table.noted.close()
	return err
}
