package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
)

// A statTable holds the last entry of each (device, inode): a flat list and an
// index over it with open addressing.
type statTable struct {
	entries []statEntry
	index   []uint32 // entry number + 1; 0 is free; the length is a power of two
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

func (t *statTable) get(st Stat) (d Digest, settled, ok bool) {
	if len(t.index) == 0 {
		return d, false, false
	}
	for s := t.slot(st.Dev, st.Ino); t.index[s] != 0; s = (s + 1) & uint64(len(t.index)-1) {
		e := &t.entries[t.index[s]-1]
		if e.stat.Ino == st.Ino && e.stat.Dev == st.Dev {
			return e.digest, e.settled, e.stat == st
		}
	}
	return d, false, false
}

// put returns the number of the entry.
func (t *statTable) put(st Stat, d Digest, settled bool) uint32 {
	if len(t.entries)*4 >= len(t.index)*3 {
		t.grow()
	}
	s := t.slot(st.Dev, st.Ino)
	for ; t.index[s] != 0; s = (s + 1) & uint64(len(t.index)-1) {
		e := &t.entries[t.index[s]-1]
		if e.stat.Ino == st.Ino && e.stat.Dev == st.Dev {
			*e = statEntry{st, d, settled}
			return t.index[s] - 1
		}
	}
	t.entries = append(t.entries, statEntry{st, d, settled})
	t.index[s] = uint32(len(t.entries))
	return uint32(len(t.entries) - 1)
}

func (t *statTable) grow() {
	t.index = make([]uint32, max(1024, 2*len(t.index)))
	for i := range t.entries {
		e := &t.entries[i]
		s := t.slot(e.stat.Dev, e.stat.Ino)
		for t.index[s] != 0 {
			s = (s + 1) & uint64(len(t.index)-1)
		}
		t.index[s] = uint32(i + 1)
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

func (f *Files) load() error {
	b, err := os.ReadFile(f.path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if len(b) < len(filesMagic) || string(b[:len(filesMagic)]) != filesMagic {
		return nil // another version's, or damaged: Save starts a new one
	}
	for b = b[len(filesMagic):]; len(b) >= entrySize; b = b[entrySize:] {
		if e, ok := decodeEntry(b[:entrySize]); ok {
			f.table.put(e.stat, e.digest, true)
		}
	}
	return nil
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
	if string(head) != filesMagic || entries > int64(4*len(f.table.entries)+filesSlack) {
		return f.rewrite()
	}
	b := make([]byte, 0, len(f.dirty)*entrySize)
	for _, i := range f.dirty {
		if e := &f.table.entries[i]; e.settled {
			b = e.encode(b)
		}
	}
	// A torn entry at the end is overwritten.
	if _, err := lock.WriteAt(b, int64(len(filesMagic))+entries*entrySize); err != nil {
		return err
	}
	f.dirty = f.dirty[:0]
	return nil
}

// rewrite replaces the file by this process's entries.
func (f *Files) rewrite() error {
	b := []byte(filesMagic)
	for i := range f.table.entries {
		if e := &f.table.entries[i]; e.settled {
			b = e.encode(b)
		}
	}
	if err := replaceFile(f.path, b); err != nil {
		return err
	}
	f.dirty = f.dirty[:0]
	return nil
}

// Close saves and lets go of the directory.
func (f *Files) Close() error {
	defer f.clock.close()
	return f.Save()
}
