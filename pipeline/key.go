package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/concluder/concluder/pipeline/store"
)

// keySchema is part of every key: raise it when the walk changes.
const keySchema = "1"

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

// A manifest is everything that may influence what a node writes.
type manifest struct {
	stage     *runStage
	instance  string
	spec      *NodeSpec
	inputs    []inputSeen
	upstream  []upstreamSeen // one for each of the stage's Deps
	instances []string       // see Task.Instances
}

// An inputSeen is an input file as it was when it was digested.
type inputSeen struct {
	InputFile
	name   string // the logical name: part of the key, unlike the path
	absent bool
	digest store.Digest
	stat   store.Stat

	settled bool // as long as the stat is what it is, so is the digest
}

// An upstreamSeen is what a node sees of one reference: of a node, or of all
// nodes of a per-instance stage.
type upstreamSeen struct {
	dep     *Dep
	name    string // of the component
	nodes   []upstreamNode
	members bool // nodes are all instances of a stage
}

// An upstreamNode is how a node ended as those that depend on it see it.
type upstreamNode struct {
	instance string
	state    State
	status   string
	err      string
	stale    bool
	outputs  []store.Output
}

// walk gives the sink every component of the node's key.
func (m *manifest) walk(sink keySink) {
	sink.share(m.shared())
	sink.add(keyPart{name: "instance", value: m.instance})
	for _, o := range m.spec.Outputs {
		sink.add(keyPart{name: "path of output", detail: o.Name, value: o.Path})
	}
	for i := range m.inputs {
		m.inputs[i].walk(sink)
	}
	for i := range m.upstream {
		m.upstream[i].walk(sink)
	}
	if m.instances != nil {
		h := newKeyHash()
		for _, name := range m.instances {
			h.add(keyPart{name: name})
		}
		sink.add(keyPart{name: "instances", value: strconv.Itoa(len(m.instances)), digest: full(h)})
	}
}

// shared returns what the node's key shares with others.
func (m *manifest) shared() *sharedParts {
	spec := m.spec
	s := m.stage.shared.Load()
	if s == nil || !isSame(s.settings, spec.Settings) || !isSame(s.providers, spec.Providers) {
		s = &sharedParts{settings: spec.Settings, providers: spec.Providers}
		m.walkShared(s.add)
		m.stage.shared.Store(s)
	}
	return s
}

// isSame reports whether two slices are one.
func isSame[T any](a, b []T) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

func (m *manifest) walkShared(add func(keyPart)) {
	add(keyPart{name: "schema", value: keySchema})
	add(keyPart{name: "kind", value: m.stage.Kind.Name})
	add(keyPart{name: "kind's version", value: m.stage.Kind.Version})
	for _, s := range m.spec.Settings {
		if s.Keyed && !s.Value.IsNull() {
			add(keyPart{name: "setting", detail: s.Name, value: canonical(s.Value)})
		}
	}
	for _, p := range m.spec.Providers {
		add(keyPart{name: "provider", detail: p.Attr, value: p.Provider.Kind + "." + p.Provider.Name})
		for _, s := range p.Keyed {
			if !s.Value.IsNull() {
				add(keyPart{name: "provider " + p.Attr, detail: s.Name, value: canonical(s.Value)})
			}
		}
	}
}

// absentMark follows the name of an input that does not exist.
const absentMark = " (absent)"

func (in *inputSeen) walk(sink keySink) {
	name := "input " + in.Attr
	if in.Pos > 0 || in.Attr == fileAttr {
		name += "[" + strconv.Itoa(in.Pos) + "]"
	}
	p := keyPart{name: name, value: in.name, digest: in.digest}
	if in.absent {
		p.value += absentMark
	}
	sink.add(p)
}

// component names what a node sees of a reference.
func (d *Dep) component() string {
	pos := ""
	if d.Pos > 0 {
		pos = "[" + strconv.Itoa(d.Pos) + "]"
	}
	return "from " + d.Attr + pos + " " + d.Stage.Address()
}

func (u *upstreamSeen) walk(sink keySink) {
	if u.members {
		h := newKeyHash()
		for i := range u.nodes {
			u.nodes[i].walk(h, u.nodes[i].instance, u.dep.Output)
		}
		sink.add(keyPart{name: u.name, value: strconv.Itoa(len(u.nodes)) + " instances", digest: full(h)})
		return
	}
	u.nodes[0].walk(sink, u.name, u.dep.Output)
}

// walk gives the sink what can be seen of one node: of one of its outputs the
// content, of all of it also how it ended.
func (n *upstreamNode) walk(sink keySink, name, output string) {
	for i := range n.outputs {
		o := &n.outputs[i]
		if output == "" || output == o.Name {
			sink.add(keyPart{name: name, detail: o.Name, digest: o.Digest})
		}
	}
	if output != "" && n.state == Done && !n.stale {
		return
	}
	value := n.state.String()
	if n.stale {
		value += " stale"
	}
	if n.status != "" {
		value = strings.TrimSpace(value + " " + n.status)
	}
	sink.add(keyPart{name: name, detail: "status", value: value})
	if n.err != "" {
		sink.add(keyPart{name: name, detail: "error", value: n.err})
	}
}

// tag is what an aggregate node's record keeps of each upstream node, to say
// later which of them changed. h is used for it.
func (n *upstreamNode) tag(h *keyHash, output string) uint32 {
	h.reset()
	n.walk(h, n.instance, output)
	s := h.sum()
	return binary.LittleEndian.Uint32(s[:])
}

// canonical is a value as JSON: object members sorted, numbers exact. A value
// that is not known or has no JSON form cannot come out of a checked file.
func canonical(v cty.Value) string {
	if v.IsMarked() || v.Type() != cty.String {
		v, _ = v.UnmarkDeep()
	}
	if v.Type() == cty.String && v.IsKnown() {
		return quoteJSON(v.AsString())
	}
	b, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return fmt.Sprintf("%#v", v)
	}
	return string(b)
}

// quoteJSON is a JSON string, left readable: only what must be escaped is.
func quoteJSON(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = fmt.Appendf(b, "\\u%04x", c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// logicalName is how a key names an input file: as seen from the pipeline
// file's folder, so that a folder can be moved; of an absolute path that leads
// elsewhere the last element.
func logicalName(dir string, in InputFile) string {
	if rest, ok := strings.CutPrefix(in.Path, dir+separator); ok && filepath.Clean(rest) == rest && filepath.IsLocal(rest) {
		return filepath.ToSlash(rest) // what Rel comes to
	}
	if rel, err := filepath.Rel(dir, in.Path); err == nil && (filepath.IsLocal(rel) || !filepath.IsAbs(in.Show)) {
		return filepath.ToSlash(rel)
	}
	return filepath.Base(in.Path)
}
