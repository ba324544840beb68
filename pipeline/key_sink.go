package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"
	"unicode/utf8"

	"github.com/concluder/concluder/pipeline/store"
)

// A keyPart is one component of a node's key.
type keyPart struct {
	name   string // for people, and hashed: "setting"
	detail string // unless it is "", follows the name after a space: "x"
	value  string
	digest store.Digest // of a file or a list; zero for none
}

// length is that of the whole name.
func (p *keyPart) length() int {
	if p.detail == "" {
		return len(p.name)
	}
	return len(p.name) + 1 + len(p.detail)
}

// frame appends the component as it is hashed: name, value and digest, each with
// its length before it.
func (p *keyPart) frame(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(p.length()))
	b = append(b, p.name...)
	if p.detail != "" {
		b = append(append(b, ' '), p.detail...)
	}
	b = binary.AppendUvarint(b, uint64(len(p.value)))
	b = append(b, p.value...)
	if p.digest == (store.Digest{}) {
		return append(b, 0)
	}
	return append(append(b, byte(len(p.digest))), p.digest[:]...)
}

// wholeValue is the length up to which a value is remembered as it is; of a
// longer one the beginning and the digest.
const wholeValue = 200

// component is what records hold of it.
func (p *keyPart) component() store.Component {
	c := store.Component{Name: p.name, Value: p.value, Digest: p.digest.Cut()}
	if p.detail != "" {
		c.Name += " " + p.detail
	}
	if len(c.Value) > wholeValue {
		if c.Digest.Zero() {
			c.Digest = store.Digest(sha256.Sum256([]byte(c.Value))).Cut()
		}
		c.Value = cutText(c.Value, wholeValue)
	}
	return c
}

// A keySink takes the components of a key in the order of the walk: first those
// that many nodes share, then the node's own. There are two: keyHash computes the
// key, keyList remembers what it was made of. Both are fed by the one walk, so
// that an explanation cannot disagree with the key.
type keySink interface {
	share(*sharedParts)
	add(keyPart)
}

// sharedParts are the components that many nodes of a stage share. They are made
// once for nodes with the same settings and providers.
type sharedParts struct {
	settings  []SettingValue
	providers []ProviderUse

	frames []byte
	list   []store.Component
}

func (s *sharedParts) add(p keyPart) {
	s.frames = p.frame(s.frames)
	s.list = append(s.list, p.component())
}

// keyHash is SHA-256 over framed components.
type keyHash struct {
	h   hash.Hash // nil while all fits into the buffer
	buf []byte    // what the hash has not been given yet
}

// keyBuffer is how much is gathered before it is hashed: the keys of most nodes.
const keyBuffer = 1 << 9

func newKeyHash() *keyHash { return &keyHash{buf: make([]byte, 0, keyBuffer)} }

func (k *keyHash) share(s *sharedParts) { k.gather(append(k.buf, s.frames...)) }
func (k *keyHash) add(p keyPart)        { k.gather(p.frame(k.buf)) }

func (k *keyHash) gather(b []byte) {
	if len(b) >= keyBuffer {
		k.write(b)
		b = b[:0]
	}
	k.buf = b
}

func (k *keyHash) write(b []byte) {
	if k.h == nil {
		k.h = sha256.New()
	}
	k.h.Write(b)
}

// full is the digest of what was added.
func full(k *keyHash) store.Digest {
	b := k.buf
	k.buf = b[:0]
	if k.h == nil {
		return sha256.Sum256(b)
	}
	k.h.Write(b)
	return store.Digest(k.h.Sum(nil))
}

func (k *keyHash) sum() store.Short { return full(k).Cut() }

// reset makes it a new one.
func (k *keyHash) reset() {
	if k.h != nil {
		k.h.Reset()
	}
	k.buf = k.buf[:0]
}

// keyList keeps the components as records hold them.
type keyList struct{ shared, own []store.Component }

func (k *keyList) share(s *sharedParts) { k.shared = s.list }
func (k *keyList) add(p keyPart)        { k.own = append(k.own, p.component()) }

// A keyMaker feeds the two from one walk.
type keyMaker struct {
	hash keyHash
	list *keyList // nil where nobody asks what the key was made of
}

var keyMakers = sync.Pool{New: func() any { return &keyMaker{hash: *newKeyHash()} }}

func (k *keyMaker) share(s *sharedParts) {
	k.hash.share(s)
	if k.list != nil {
		k.list.share(s)
	}
}

func (k *keyMaker) add(p keyPart) {
	k.hash.add(p)
	if k.list != nil {
		k.list.add(p)
	}
}

// makeKey returns the node's key. What it was made of goes into a list, if there
// is one.
func (m *manifest) makeKey(list *keyList) store.Short {
	k := keyMakers.Get().(*keyMaker)
	defer keyMakers.Put(k)
	k.hash.reset()
	if k.list = list; list != nil {
		list.own = make([]store.Component, 0, 2+len(m.spec.Outputs)+len(m.inputs)+2*len(m.upstream))
	}
	m.walk(k)
	k.list = nil
	return k.hash.sum()
}

func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
