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
// as they were read, a list of those noted since, and an index over both with
// open addressing.
type statTable struct {
	old   []byte // entrySize each
	noted stock  // as in a file, but that instead of its checksum an entry tells whether it is settled
	index []slot // the length is a power of two
	live  int    // slots of the index in use
}

// A slot is a hash, which says where it belongs and spares most looks at entries
// of others, and above that the number of its entry + 1. 0 is free.
type slot uint64

func newSlot(hash, number uint32) slot { return slot(hash) | slot(number+1)<<32 }

func (s slot) hash() uint32 { return uint32(s) }

func (s slot) number() uint32 { return uint32(s>>32) - 1 }

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

// find returns the slot of an inode, or the free one where it belongs.
func (t *statTable) find(hash uint32, dev, ino uint64) int {
	at := t.home(hash)
	for ; t.index[at] != 0; at = t.next(at) {
		if s := t.index[at]; s.hash() == hash && t.isOf(s.number(), dev, ino) {
			break
		}
	}
	return at
}

// home is where the search for an inode with this hash begins.
func (t *statTable) home(hash uint32) int { return int(hash) & (len(t.index) - 1) }

func (t *statTable) next(at int) int { return (at + 1) & (len(t.index) - 1) }

func (t *statTable) get(st Stat) (d Digest, settled, ok bool) {
	if len(t.index) == 0 {
		return d, false, false
	}
	s := t.index[t.find(hashInode(st.Dev, st.Ino), st.Dev, st.Ino)]
	if s == 0 {
		return d, false, false
	}
	e, ok := t.entry(s.number())
	return e.digest, e.settled, ok && e.stat == st
}

// put returns the number of the entry.
func (t *statTable) put(st Stat, d Digest, settled bool) uint32 {
	t.noted.size = entrySize
	t.reserve(1)
	hash := hashInode(st.Dev, st.Ino)
	at := t.find(hash, st.Dev, st.Ino)
	e := statEntry{st, d, settled}
	old := uint32(len(t.old) / entrySize)
	if s := t.index[at]; s == 0 {
		t.live++
	} else if n := s.number(); n >= old {
		if b := t.noted.held(int(n - old)); b != nil {
			e.note(b)
			return n
		}
	}
	e.note(t.noted.add())
	n := old + uint32(t.noted.n) - 1
	t.index[at] = newSlot(hash, n)
	return n
}

// fill takes over the entries of a file; a later one of an inode replaces an
// earlier one.
func (t *statTable) fill(b []byte) {
	t.old = b[:len(b)/entrySize*entrySize]
	t.reserve(len(t.old) / entrySize)
	for n := range uint32(len(t.old) / entrySize) {
		b := t.old[int(n)*entrySize:]
		dev, ino := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		hash := hashInode(dev, ino)
		at := t.find(hash, dev, ino)
		if t.index[at] == 0 {
			t.live++
		}
		t.index[at] = newSlot(hash, n)
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
	t.index = make([]slot, size)
	for _, s := range before {
		if s == 0 {
			continue
		}
		at := t.home(s.hash())
		for t.index[at] != 0 {
			at = t.next(at)
		}
		t.index[at] = s
	}
}

// all calls f with every entry whose stat is settled, in the order in which they
// were read and noted. The error says that some could not be read.
func (t *statTable) all(f func(*statEntry)) error {
	old := len(t.old) / entrySize
	noted := cursor{stock: &t.noted}
	for n := range old + t.noted.n {
		var e statEntry
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
		if e.settled && t.isLast(uint32(n), hashInode(e.stat.Dev, e.stat.Ino)) {
			f(&e)
		}
	}
	return nil
}

// isLast reports whether an entry is the last one of its inode, whose hash is
// given.
func (t *statTable) isLast(number, hash uint32) bool {
	for at := t.home(hash); t.index[at] != 0; at = t.next(at) {
		if t.index[at] == newSlot(hash, number) {
			return true
		}
	}
	return false
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
	if string(head) != filesMagic || f.loaded && entries > int64(4*f.table.live+filesSlack) {
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
