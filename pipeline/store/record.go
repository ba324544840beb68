package store

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
)

// A Record is how a node last ended.
type Record struct {
	State  uint8 // the caller's word
	Valid  bool  // the outputs are the ones that Key stands for
	Old    bool  // the outputs are an earlier execution's
	Near   bool  // the outputs' paths start at the pipeline file, not at the results
	Key    Short // zero when it could not be computed
	Status string
	Error  string
	Reason string // why the node was executed
	Run    string // the run's ID

	Elapsed time.Duration // to the microsecond

	// What the key was made of, in the order of the walk: Shared is equal for
	// many nodes and kept once.
	Shared []Component
	Own    []Component

	Outputs []Output

	// Members holds a tag for each upstream node of an aggregate node.
	Members []uint32
}

// A Component is one part of a key.
type Component struct {
	Name   string // "setting x"
	Value  string // for people; the whole value when Digest is zero
	Digest Short
}

// An Output is a file that a node published.
type Output struct {
	Name   string
	Path   string // as the caller says it
	Size   int64
	Digest Digest
}

// A node's payload:
//
//	stage, instance: number of a string
//	state uint8 | flags uint8 | key [16] | status | error | reason | run
//	elapsed µs | shared: number of a list
//	count, then name value digest?     (own components)
//	count, then name path size digest  (outputs)
//	count, then uint32                 (members)
//
// Numbers are uvarints. A text is 2·number for a string that is stored once,
// or 2·length+1 and the bytes.
const (
	flagValid = 1 << iota
	flagOld
	flagNear
)

// placeholder stands for the instance's name in strings that are stored once.
const placeholder = "\x00"

// inlineOver is the length from which a text is not worth storing once.
const inlineOver = 300

// writer encodes payloads; it stores strings and lists in the state.
type writer struct {
	s        *State
	b        []byte
	instance string
	name     []byte // of text, used again
	named    bool   // some text had the instance's name in it

	own  numbered // the last text with the instance's name in it
	last *lastPut
	at   int // of the next text among those of last
}

// A lastPut is what was put for a stage last: most records of a stage have the same
// list of shared components, and many texts in the same places.
type lastPut struct {
	shared sharedList
	texts  []lastText
}

// A lastText is what was put in one place last, without the instance's name in it
// and with it.
type lastText struct {
	same numbered
	with affixes
}

// A sharedList is a list of shared components.
type sharedList struct {
	of []Component
	id uint32
}

// A numbered text is one that is stored once.
type numbered struct {
	text string
	id   uint32
}

// number returns the number of a list. One that was put before is not encoded anew,
// unless it reads otherwise for another instance.
func (l *sharedList) number(w *writer, shared []Component) uint32 {
	if len(shared) > 0 && len(l.of) == len(shared) && &l.of[0] == &shared[0] {
		return l.id
	}
	payload := w.b
	w.b, w.named = w.s.list[:0], false
	w.components(shared)
	id := w.s.internList(w.b)
	w.s.list, w.b = w.b, payload
	if !w.named {
		*l = sharedList{shared, id}
	}
	return id
}

func (w *writer) uint(n uint64) { w.b = binary.AppendUvarint(w.b, n) }

// text stores s once for all instances; inline keeps it here.
func (w *writer) text(s string) {
	at := w.at
	w.at++
	if at == len(w.last.texts) {
		w.last.texts = append(w.last.texts, lastText{})
	}
	last := &w.last.texts[at]
	if s == last.same.text { // which reads the same for every instance; "" is 0
		w.uint(2 * uint64(last.same.id))
		return
	}
	if strings.Contains(s, placeholder) || len(s) > inlineOver {
		w.inline(s)
		return
	}
	if w.instance == "" || !strings.Contains(s, w.instance) {
		last.same = numbered{s, w.s.intern(s)}
		w.uint(2 * uint64(last.same.id))
		return
	}
	w.named = true
	if s == w.own.text { // a path is in the key, and again that of the output
		w.uint(2 * uint64(w.own.id))
		return
	}
	id := last.with.id
	if !last.with.fit(s, w.instance) {
		w.name = appendReplaced(w.name[:0], s, w.instance, placeholder)
		if string(w.name) == lostString {
			w.inline(s)
			return
		}
		var ok bool
		if id, ok = w.s.strs.numberOf(w.name); !ok {
			id = w.s.intern(string(w.name))
		}
		last.with = affixesOf(w.s.strs.all[id], placeholder, id)
	}
	w.own = numbered{s, id}
	w.uint(2 * uint64(id))
}

func (w *writer) inline(s string) {
	w.uint(2*uint64(len(s)) + 1)
	w.b = append(w.b, s...)
}

func (w *writer) components(cs []Component) {
	w.uint(uint64(len(cs)))
	for _, c := range cs {
		w.text(c.Name)
		w.text(c.Value)
		if c.Digest.Zero() {
			w.b = append(w.b, 0)
		} else {
			w.b = append(append(w.b, 1), c.Digest[:]...)
		}
	}
}

// record encodes a record.
func (w *writer) record(r *Record) {
	var flags byte
	if r.Valid {
		flags |= flagValid
	}
	if r.Old {
		flags |= flagOld
	}
	if r.Near {
		flags |= flagNear
	}
	w.b = append(w.b, r.State, flags)
	w.b = append(w.b, r.Key[:]...)
	w.text(r.Status)
	w.inline(r.Error)
	w.text(r.Reason)
	w.text(r.Run)
	w.uint(uint64(max(0, r.Elapsed.Microseconds())))

	w.uint(uint64(w.last.shared.number(w, r.Shared)))
	w.components(r.Own)

	w.uint(uint64(len(r.Outputs)))
	for _, o := range r.Outputs {
		w.text(o.Name)
		w.text(o.Path)
		w.uint(uint64(o.Size))
		w.b = append(w.b, o.Digest[:]...)
	}
	w.uint(uint64(len(r.Members)))
	for _, m := range r.Members {
		w.b = binary.LittleEndian.AppendUint32(w.b, m)
	}
}

// reader decodes payloads. After the first defect bad is set and everything
// reads as zero.
type reader struct {
	b        []byte
	strs     []string
	instance string
	bad      bool
}

func (r *reader) uint() uint64 {
	n, l := binary.Uvarint(r.b)
	if l <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[l:]
	return n
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	t := r.b[:n]
	r.b = r.b[n:]
	return t
}

func (r *reader) byte() byte {
	if t := r.take(1); t != nil {
		return t[0]
	}
	return 0
}

// count is a number of things of at least size bytes each.
func (r *reader) count(size int) int {
	n := r.uint()
	if n > uint64(len(r.b)/size) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.uint()
	if n&1 == 1 {
		return string(r.take(n >> 1))
	}
	n >>= 1
	if n >= uint64(len(r.strs)) || n > math.MaxUint32 {
		r.bad = true
		return ""
	}
	s := r.strs[n]
	if s == lostString {
		r.bad = true
		return ""
	}
	if strings.Contains(s, placeholder) {
		s = strings.ReplaceAll(s, placeholder, r.instance)
	}
	return s
}

func (r *reader) components() []Component {
	n := r.count(3)
	if n == 0 {
		return nil
	}
	cs := make([]Component, n)
	for i := range cs {
		cs[i].Name, cs[i].Value = r.text(), r.text()
		if r.byte() == 1 {
			copy(cs[i].Digest[:], r.take(16))
		}
	}
	return cs
}

// head reads what decides whether a node is up to date.
func (r *reader) head(rec *Record) {
	rec.State = r.byte()
	flags := r.byte()
	rec.Valid, rec.Old, rec.Near = flags&flagValid != 0, flags&flagOld != 0, flags&flagNear != 0
	copy(rec.Key[:], r.take(16))
	rec.Status, rec.Error, rec.Reason, rec.Run = r.text(), r.text(), r.text(), r.text()
	rec.Elapsed = time.Duration(r.uint()) * time.Microsecond
}

// rest reads the outputs, and with components everything.
func (r *reader) rest(rec *Record, lists [][]byte, components bool) {
	shared := r.uint()
	if shared >= uint64(len(lists)) {
		r.bad = true
		return
	}
	if components {
		sub := reader{b: lists[shared], strs: r.strs, instance: r.instance}
		rec.Shared = sub.components()
		r.bad = r.bad || sub.bad
		rec.Own = r.components()
	} else {
		r.skipComponents()
	}
	if n := r.count(3 + len(Digest{})); n > 0 {
		rec.Outputs = make([]Output, n)
		for i := range rec.Outputs {
			o := &rec.Outputs[i]
			o.Name, o.Path, o.Size = r.text(), r.text(), int64(r.uint())
			copy(o.Digest[:], r.take(uint64(len(o.Digest))))
		}
	}
	if !components {
		return
	}
	if n := r.count(4); n > 0 {
		rec.Members = make([]uint32, n)
		for i := range rec.Members {
			rec.Members[i] = binary.LittleEndian.Uint32(r.take(4))
		}
	}
}

func (r *reader) skipComponents() {
	for range r.count(3) {
		for range 2 {
			if n := r.uint(); n&1 == 1 {
				r.take(n >> 1)
			}
		}
		if r.byte() == 1 {
			r.take(16)
		}
	}
}
