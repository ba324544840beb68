package pipeline

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/concluder/concluder/pipeline/store"
)

// keySchema is part of every key: raise it when the walk changes.
const keySchema = "1"

// A manifest is everything that may influence what a node writes.
type manifest struct {
	stage     *runStage
	instance  string
	spec      *NodeSpec
	inputs    []inputSeen
	upstream  []upstreamSeen // one for each of the stage's Deps
	instances []string       // see Task.Instances
	seen      []endedNode
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

// An endedNode is a node of the same instance that has just ended, as those that
// depend on it see it.
type endedNode struct {
	upstreamNode
	stage int
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
