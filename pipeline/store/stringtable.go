package store

// A stringTable numbers strings, and finds the number of one. A map would take
// 60 bytes for each more than the strings do; the index takes 8 to 22.
type stringTable struct {
	all   []string // by number
	index []slot   // the length is a power of two
	live  int      // slots of the index in use
}

// lostString fills the places of strings whose frames are damaged.
const lostString = "\x00\x00lost"

func hashString[S string | []byte](s S) uint32 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return uint32(h ^ h>>32)
}

// number returns the number of a string that is there.
func number[S string | []byte](t *stringTable, s S) (n uint32, ok bool) {
	if len(t.index) == 0 {
		return 0, false
	}
	at := find(t, hashString(s), s)
	if t.index[at] == 0 {
		return 0, false
	}
	return t.index[at].number(), true
}

// find returns the slot of a string, or the free one where it belongs.
func find[S string | []byte](t *stringTable, hash uint32, s S) int {
	mask := len(t.index) - 1
	at := int(hash) & mask
	for ; t.index[at] != 0; at = (at + 1) & mask {
		if x := t.index[at]; x.hash() == hash && t.all[x.number()] == string(s) {
			break
		}
	}
	return at
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
	t.reserve()
	hash := hashString(s)
	at := find(t, hash, s)
	if t.index[at] == 0 {
		t.live++
	}
	t.index[at] = newSlot(hash, n)
}

// reserve makes room for one more.
func (t *stringTable) reserve() {
	if 4*(t.live+1) <= 3*len(t.index) {
		return
	}
	before := t.index
	t.index = make([]slot, max(64, 2*len(before)))
	mask := len(t.index) - 1
	for _, x := range before {
		if x == 0 {
			continue
		}
		at := int(x.hash()) & mask
		for t.index[at] != 0 {
			at = (at + 1) & mask
		}
		t.index[at] = x
	}
}
