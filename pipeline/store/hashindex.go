package store

// A hashIndex finds the number of an entry by the entry's hash: open addressing,
// with the entries elsewhere. Find and put want room: see reserve.
type hashIndex struct {
	slots []slot // the length is a power of two
	live  int    // slots in use
}

// A slot is a hash, which says where it belongs and spares most looks at entries
// of others, and above that the number of its entry + 1. 0 is free.
type slot uint64

func (s slot) hash() uint32 { return uint32(s) }

func (s slot) number() uint32 { return uint32(s>>32) - 1 }

// find returns the place of the entry with this hash that is the one, or the free
// place where it belongs.
func (x *hashIndex) find(hash uint32, is func(number uint32) bool) (at int) {
	at = x.home(hash)
	for ; x.slots[at] != 0; at = x.next(at) {
		if s := x.slots[at]; s.hash() == hash && is(s.number()) {
			break
		}
	}
	return at
}

// number returns the number of the entry at a place, if there is one.
func (x *hashIndex) number(at int) (n uint32, ok bool) {
	return x.slots[at].number(), x.slots[at] != 0
}

// put puts an entry at a place that find returned for its hash.
func (x *hashIndex) put(at int, hash, number uint32) {
	if x.slots[at] == 0 {
		x.live++
	}
	x.slots[at] = slot(hash) | slot(number+1)<<32
}

// home is where the search for a hash begins.
func (x *hashIndex) home(hash uint32) int { return int(hash) & (len(x.slots) - 1) }

func (x *hashIndex) next(at int) int { return (at + 1) & (len(x.slots) - 1) }

// reserve makes room for n entries more.
func (x *hashIndex) reserve(n int) {
	size := max(64, len(x.slots))
	for (x.live+n)*4 > size*3 {
		size *= 2
	}
	if size == len(x.slots) {
		return
	}
	before := x.slots
	x.slots = make([]slot, size)
	for _, s := range before {
		if s == 0 {
			continue
		}
		at := x.home(s.hash())
		for x.slots[at] != 0 {
			at = x.next(at)
		}
		x.slots[at] = s
	}
}
