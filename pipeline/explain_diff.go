package pipeline

import (
	"fmt"
	"strings"

	"github.com/concluder/concluder/pipeline/store"
)

// differences names the components in which the node's key differs from the
// recorded one: never none, when the keys differ.
func (in *inspection) differences() []Reason {
	if in.last.Key.Zero() {
		return nil // it could not be computed then, which is another reason
	}
	old := make(map[string]store.Component, len(in.last.Shared)+len(in.last.Own))
	for _, c := range in.last.Shared {
		old[c.Name] = c
	}
	for _, c := range in.last.Own {
		old[c.Name] = c
	}
	var out []Reason
	have := make(map[string]bool)
	compare := func(c store.Component) {
		have[c.Name] = true
		was, ok := old[c.Name]
		switch {
		case ok && was == c:
		case !ok:
			out = append(out, Reason{What: componentName(c.Name), New: showComponent(c)})
		default:
			r := Reason{What: componentName(c.Name), Old: showComponent(was), New: showComponent(c)}
			if names := in.changedMembers(c.Name); names != "" {
				r.Old, r.New = "", names
			}
			out = append(out, r)
		}
	}
	for _, c := range in.parts.shared {
		compare(c)
	}
	for _, c := range in.parts.own {
		compare(c)
	}
	for _, cs := range [][]store.Component{in.last.Shared, in.last.Own} {
		for _, c := range cs {
			if !have[c.Name] {
				out = append(out, Reason{What: componentName(c.Name), Old: showComponent(c)})
			}
		}
	}
	if len(out) == 0 {
		out = []Reason{{What: "the order of its components"}}
	}
	return out
}

// componentName is how people read the name of a component. The attribute that
// most kinds name their provider by is itself called provider.
func componentName(name string) string {
	const twice = "provider provider"
	if rest, ok := strings.CutPrefix(name, twice); ok && (rest == "" || rest[0] == ' ') {
		return "provider" + rest
	}
	return name
}

// changedMembers says which nodes of a reference to all instances differ from
// those that the record saw.
func (in *inspection) changedMembers(name string) string {
	for i := range in.upstream {
		u := &in.upstream[i]
		if !u.members || u.name != name {
			continue
		}
		was := make(map[uint32]bool, len(in.last.Members))
		for _, t := range in.last.Members {
			was[t] = true
		}
		var names []string
		h := newKeyHash()
		for k := range u.nodes {
			if !was[u.nodes[k].tag(h, u.dep.Output)] {
				names = append(names, u.nodes[k].instance)
			}
		}
		if len(names) == 0 {
			return ""
		}
		return fmt.Sprintf("%d of %d differ (%s)", len(names), len(u.nodes), someOf(names))
	}
	return ""
}

// members returns the tags of all upstream nodes that the key summarises.
func (m *manifest) members() []uint32 {
	var tags []uint32
	for i := range m.upstream {
		if u := &m.upstream[i]; u.members {
			some := make([]uint32, len(u.nodes))
			inParallel(len(some), func(k int) {
				m := keyMakers.Get().(*keyMaker)
				defer keyMakers.Put(m)
				some[k] = u.nodes[k].tag(&m.hash, u.dep.Output)
			})
			tags = append(tags, some...)
		}
	}
	return tags
}

// someNames is how many names a list for people holds.
const someNames = 5

func someOf(names []string) string {
	if n := len(names) - someNames; n > 1 {
		return strings.Join(names[:someNames], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ")
}

func showComponent(c store.Component) string {
	switch {
	case c.Digest.Zero():
		return c.Value
	case c.Value == "":
		return showDigest(c.Digest)
	case strings.HasSuffix(c.Value, absentMark):
		return c.Value
	}
	return c.Value + " (" + showDigest(c.Digest) + ")"
}

// showDigest is as much of a digest as people compare.
func showDigest(d store.Short) string { return d.String()[:12] }
