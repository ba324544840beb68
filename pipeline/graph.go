package pipeline

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteGraph writes a plan's graph as "dot" (Graphviz), "mermaid" or "json".
// It shows the stages, with the number of nodes of each; given instances, it
// shows their nodes instead, which mermaid cannot.
func WriteGraph(w io.Writer, p *Plan, format string, instances ...string) error {
	for _, i := range instances {
		if !slices.Contains(p.Instances, i) {
			hint := ""
			if near := nearest(i, p.Instances); near != "" {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			return fmt.Errorf("pipeline %q has no instance %q%s", p.Name, i, hint)
		}
	}
	g := p.graph(instances)
	b := bufio.NewWriter(w)
	switch format {
	case "dot":
		g.dot(b)
	case "mermaid":
		if len(instances) > 0 {
			return fmt.Errorf("the format mermaid shows stages alone: use dot or json for instances")
		}
		g.mermaid(b)
	case "json":
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(g); err != nil {
			return err
		}
	default:
		hint := ""
		formats := []string{"dot", "mermaid", "json"}
		if near := nearest(format, formats); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		return fmt.Errorf("unknown graph format %q: expected %s%s", format, orList(formats), hint)
	}
	return b.Flush()
}

// A graph is what WriteGraph writes, in its JSON form.
type graph struct {
	Pipeline  string        `json:"pipeline"`
	Instances int           `json:"instances"`
	Vertices  []graphVertex `json:"nodes"`
	Edges     []graphEdge   `json:"edges"`
}

type graphVertex struct {
	ID       string `json:"id"` // "load.points" or "load.points/6s0"
	Kind     string `json:"kind"`
	Stage    string `json:"stage"`
	Instance string `json:"instance,omitempty"`
	Nodes    int    `json:"nodes"`
}

type graphEdge struct {
	From      string `json:"from"` // what is needed
	To        string `json:"to"`   // who needs it
	Attribute string `json:"attribute"`
	Output    string `json:"output,omitempty"`
}

func (p *Plan) graph(instances []string) *graph {
	g := &graph{Pipeline: p.Name, Instances: len(p.Instances), Vertices: []graphVertex{}, Edges: []graphEdge{}}
	// ids are a stage's vertices: one, or one for each instance.
	ids := func(s *Stage) []string {
		if len(instances) == 0 || !s.PerInstance {
			return []string{s.Address()}
		}
		out := make([]string, len(instances))
		for i, name := range instances {
			out[i] = s.Address() + "/" + name
		}
		return out
	}
	for _, s := range p.Stages {
		n := 1
		if s.PerInstance && len(instances) == 0 {
			n = len(p.Instances)
		}
		for i, id := range ids(s) {
			v := graphVertex{ID: id, Kind: s.Kind.Name, Stage: s.Name, Nodes: n}
			if s.PerInstance && len(instances) > 0 {
				v.Instance = instances[i]
			}
			g.Vertices = append(g.Vertices, v)
		}
		for _, d := range s.Deps {
			from, to := ids(d.Stage), ids(s)
			for i := range max(len(from), len(to)) {
				g.Edges = append(g.Edges, graphEdge{From: from[min(i, len(from)-1)], To: to[min(i, len(to)-1)], Attribute: d.Attr, Output: d.Output})
			}
		}
	}
	return g
}

func (g *graph) dot(b *bufio.Writer) {
	fmt.Fprintf(b, "digraph %s {\n  rankdir=LR;\n  node [shape=box];\n", dotQuote(g.Pipeline))
	for _, v := range g.Vertices {
		label := v.ID
		if v.Nodes > 1 {
			label += fmt.Sprintf("\n%d instances", v.Nodes)
		}
		fmt.Fprintf(b, "  %s [label=%s];\n", dotQuote(v.ID), dotQuote(label))
	}
	for _, e := range g.Edges {
		fmt.Fprintf(b, "  %s -> %s [label=%s];\n", dotQuote(e.From), dotQuote(e.To), dotQuote(e.label()))
	}
	b.WriteString("}\n")
}

func (e graphEdge) label() string {
	if e.Output == "" {
		return e.Attribute
	}
	return e.Attribute + ": " + e.Output
}

// dotQuote writes a DOT quoted string, in which only the quote needs escaping;
// a backslash before anything else would start a sequence of labels.
func dotQuote(s string) string {
	s = strings.ReplaceAll(s, `\`, `\\`)
	s = strings.ReplaceAll(s, `"`, `\"`)
	return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"`
}

func (g *graph) mermaid(b *bufio.Writer) {
	b.WriteString("flowchart LR\n")
	// Identifiers of Mermaid are more limited than ours: number them.
	id := make(map[string]string, len(g.Vertices))
	for i, v := range g.Vertices {
		id[v.ID] = fmt.Sprintf("s%d", i)
		label := v.ID
		if v.Nodes > 1 {
			label += fmt.Sprintf("<br>%d instances", v.Nodes)
		}
		fmt.Fprintf(b, "  %s[\"%s\"]\n", id[v.ID], label)
	}
	for _, e := range g.Edges {
		fmt.Fprintf(b, "  %s -->|\"%s\"| %s\n", id[e.From], e.label(), id[e.To])
	}
}
