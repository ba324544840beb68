package store

import "hash/maphash"

// A stringTable numbers strings, and finds the number of one. The index takes 11
// to 21 bytes a string, where a map from strings takes several times as much.
type stringTable struct {
	all   []string // by number
	index hashIndex
	seed  maphash.Seed
}

func newStringTable() stringTable { return stringTable{seed: maphash.MakeSeed()} }

// lostString fills the places of strings whose frames are damaged.
const lostString = "\x00\x00lost"

// number returns the number of a string that is there.
func (t *stringTable) number(s string) (n uint32, ok bool) {
	if len(t.all) == 0 {
		return 0, false
	}
	return t.index.number(t.find(t.hash(s), s))
}

// numberOf is number for whoever has the string as bytes.
func (t *stringTable) numberOf(s []byte) (n uint32, ok bool) {
	if len(t.all) == 0 {
		return 0, false
	}
	hash := uint32(maphash.Bytes(t.seed, s))
	return t.index.number(t.index.find(hash, func(n uint32) bool { return t.all[n] == string(s) }))
}

func (t *stringTable) hash(s string) uint32 { return uint32(maphash.String(t.seed, s)) }

// find returns the place of a string in the index, or the free one where it
// belongs.
func (t *stringTable) find(hash uint32, s string) int {
	return t.index.find(hash, func(n uint32) bool { return t.all[n] == s })
}

// add gives a new string the next number.
func (t *stringTable) add(s string) uint32 {
	n := uint32(len(t.all))
	t.set(n, s)
	return n
}

// set gives a string a number. Where two have one, or one has two, as in a
// damaged log, the last counts.
func (t *stringTable) set(n uint32, s string) {
	for uint32(len(t.all)) <= n {
		t.all = append(t.all, lostString)
	}
	t.all[n] = s
	t.index.reserve(1)
	hash := t.hash(s)
	t.index.put(t.find(hash, s), hash, n)
}
