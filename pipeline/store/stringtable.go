package store

// A stringTable numbers strings, and finds the number of one. The index takes 11
// to 21 bytes a string, where a map from strings takes several times as much.
type stringTable struct {
	all   []string // by number
	index hashIndex
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
	if len(t.all) == 0 {
		return 0, false
	}
	return t.index.number(t.index.find(hashString(s), func(n uint32) bool { return t.all[n] == string(s) }))
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
	hash := hashString(s)
	t.index.put(t.index.find(hash, func(n uint32) bool { return t.all[n] == s }), hash, n)
}
