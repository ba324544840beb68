package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A summedWriter writes in large pieces and sums up what it wrote. Its first
// error is kept.
type summedWriter struct {
	w   io.Writer
	buf []byte
	sum uint32
	err error
}

// room is how much is gathered before it is written.
const room = 256 << 10

func (w *summedWriter) flush() {
	w.sum = crc32.Update(w.sum, castagnoli, w.buf)
	if w.err == nil {
		_, w.err = w.w.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

func (w *summedWriter) bytes(b []byte) {
	if w.buf = append(w.buf, b...); len(w.buf) >= room {
		w.flush()
	}
}

func (w *summedWriter) uint(n uint64) {
	var b [binary.MaxVarintLen64]byte
	w.bytes(b[:binary.PutUvarint(b[:], n)])
}

func (w *summedWriter) names(names []string) {
	size := uvarintLen(uint64(len(names)))
	for _, n := range names {
		size += len(n) + uvarintLen(uint64(len(n)))
	}
	w.uint(uint64(size))
	w.uint(uint64(len(names)))
	for _, n := range names {
		w.uint(uint64(len(n)))
		w.bytes([]byte(n))
	}
}

func (b *SnapshotBuilder) write(to io.Writer, definition Digest, meta []byte, log Stat) error {
	le := binary.LittleEndian
	w := &summedWriter{w: to, buf: make([]byte, 0, 2*room)}
	files := &keptFiles{b, cursor{stock: &b.files}, nil}
	w.bytes([]byte(snapshotMagic))
	w.bytes(definition[:])
	w.uint(uint64(len(meta)))
	w.bytes(meta)
	w.bytes(log.append(nil))
	w.names(b.instances)
	w.uint(uint64(len(b.names)))
	for i, name := range b.names {
		w.uint(uint64(i))
		w.uint(uint64(len(name)))
		w.bytes([]byte(name))
	}
	w.uint(uint64(len(b.stages)))
	for i := range b.stages {
		shared := files.shared(i)
		flag := byte(0)
		if b.stages[i].perInstance {
			flag = 1
		}
		w.bytes([]byte{flag})
		w.uint(uint64(len(shared) / fileSize))
		w.bytes(shared)
	}
	if len(b.statuses.list) == 0 {
		b.statuses.id("") // what the head of a node that is not fresh names
	}
	w.names(b.statuses.list)
	w.names(b.patterns.list)
	w.uint(uint64(len(b.devList)))
	for _, d := range b.devList {
		w.uint(d)
	}
	var buf [4]byte
	for node := range b.kept {
		head := uint16(0)
		if k := &b.kept[node]; k.fresh {
			head = headFresh | k.status
		} else if b.carried.Has(node) {
			head = b.from.head(node)
		}
		w.bytes(le.AppendUint16(buf[:0], head))
	}
	first := 0
	w.bytes(le.AppendUint32(buf[:0], 0))
	for node := range b.kept {
		first += files.alone(node)
		w.bytes(le.AppendUint32(buf[:0], uint32(first)))
	}
	for node := range b.kept {
		files.own(node, w.bytes)
	}
	w.flush()
	w.bytes(le.AppendUint32(buf[:0], w.sum))
	w.flush()
	return errors.Join(w.err, files.err)
}

// keptFiles are the files of kept nodes when they are written. Its first error
// is kept.
type keptFiles struct {
	b   *SnapshotBuilder
	cur cursor
	err error
}

// of calls f with the files of a node.
func (k *keptFiles) of(n *keptNode, f func(file []byte)) {
	for i := range int(n.count) {
		file, err := k.cur.at(int(n.at) + i)
		if err != nil {
			if k.err == nil {
				k.err = err
			}
			return
		}
		f(file)
	}
}

// common reports whether a file's path is the same for several nodes.
func (b *SnapshotBuilder) common(file []byte) bool {
	p := binary.LittleEndian.Uint32(file)
	return b.uses[p] > 1 && !hasMark(b.patterns.list[p])
}

// alone is how many files own gives, once shared was called for the node's stage.
func (k *keptFiles) alone(node int) int {
	n := &k.b.kept[node]
	switch {
	case n.fresh:
		return int(n.alone)
	case k.b.carried.Has(node):
		return len(k.b.from.filesOf(node)) / fileSize
	}
	return 0
}

// own calls f with the files that a node has alone.
func (k *keptFiles) own(node int, f func(file []byte)) {
	b := k.b
	n := &b.kept[node]
	if !n.fresh {
		if b.carried.Has(node) {
			for files := b.from.filesOf(node); len(files) > 0; files = files[fileSize:] {
				f(files[:fileSize])
			}
		}
		return
	}
	k.of(n, func(file []byte) {
		if !b.common(file) {
			f(file)
		}
	})
}

// shared are the files that nodes of a stage have in common, each once. Where
// two nodes saw one differently both are there, and the next run looks at the
// whole stage.
func (k *keptFiles) shared(stage int) []byte {
	b := k.b
	st := &b.stages[stage]
	seen := map[string]bool{}
	var out []byte
	put := func(file []byte) {
		if !seen[string(file)] {
			seen[string(file)] = true
			out = append(out, file...)
		}
	}
	carried := false
	for node := st.base; node < st.base+st.count; node++ {
		n := &b.kept[node]
		carried = carried || !n.fresh && b.carried.Has(node)
		if !n.fresh {
			continue
		}
		n.alone = n.count
		k.of(n, func(file []byte) {
			if b.common(file) {
				put(file)
				n.alone--
			}
		})
	}
	if carried {
		for old := b.from.stages[stage].shared; len(old) > 0; old = old[fileSize:] {
			put(old[:fileSize])
		}
	}
	return out
}

func uvarintLen(n uint64) int {
	var b [binary.MaxVarintLen64]byte
	return binary.PutUvarint(b[:], n)
}
