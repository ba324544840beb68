package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func whyCommand() *cobra.Command {
	var sel selection
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why STAGE.NAME[/INSTANCE] [FILE]",
		Short: "Say which component of a node's key changed",
		Long: "Say whether a run would execute a node, and why: every component of its key that\n" +
			"changed, old and new. It is the comparison that a run makes; nothing is executed.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{errors.New("why takes a node such as load.points/INSTANCE, then at most one pipeline file")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opt, err := sel.options(cmd)
			if err != nil {
				return err
			}
			s, err := stages.Open(pipelineFile(args[1:]), opt)
			if err != nil {
				return err
			}
			stage, instance, err := s.Plan.FindNode(args[0])
			if err != nil {
				return err
			}
			plans, err := s.Explain(cmd.Context())
			if err != nil {
				return err
			}
			e := newExplanation(plans)
			n, ok := e.find(stage, instance)
			if !ok {
				n = &pipeline.NodePlan{Stage: stage, Instance: instance}
			}
			if asJSON {
				return e.json(cmd.OutOrStdout(), n, ok)
			}
			return e.text(cmd.OutOrStdout(), n, ok)
		},
	}
	sel.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "a JSON object")
	return cmd
}

// An explanation is what a run would do with each node of a selection.
type explanation struct {
	nodes map[nodeKey]*pipeline.NodePlan
}

type nodeKey struct {
	stage    *pipeline.Stage
	instance string
}

func newExplanation(plans []pipeline.NodePlan) *explanation {
	e := &explanation{nodes: make(map[nodeKey]*pipeline.NodePlan, len(plans))}
	for i := range plans {
		p := &plans[i]
		e.nodes[nodeKey{p.Stage, p.Instance}] = p
	}
	return e
}

func (e *explanation) find(s *pipeline.Stage, instance string) (*pipeline.NodePlan, bool) {
	n, ok := e.nodes[nodeKey{s, instance}]
	return n, ok
}

// roots are the nodes for whose own reasons a node may run: those it depends
// on, directly or not, that are stale by themselves. They are sorted by stage
// and instance.
func (e *explanation) roots(n *pipeline.NodePlan) []*pipeline.NodePlan {
	var found []*pipeline.NodePlan
	seen := map[*pipeline.NodePlan]bool{}
	var visit func(n *pipeline.NodePlan)
	visit = func(n *pipeline.NodePlan) {
		for _, d := range n.Stage.Deps {
			for _, up := range e.members(d.Stage, n.Instance) {
				if seen[up] {
					continue
				}
				seen[up] = true
				switch up.Action {
				case pipeline.Execute, pipeline.Undecided:
					found = append(found, up)
				case pipeline.Depends:
					visit(up)
				}
			}
		}
	}
	visit(n)
	slices.SortFunc(found, func(a, b *pipeline.NodePlan) int {
		if c := strings.Compare(a.Stage.Address(), b.Stage.Address()); c != 0 {
			return c
		}
		return strings.Compare(a.Instance, b.Instance)
	})
	return found
}

// members are a stage's nodes that a node of this instance, "" for an aggregate
// one, depends on.
func (e *explanation) members(s *pipeline.Stage, instance string) []*pipeline.NodePlan {
	if s.PerInstance && instance == "" {
		var all []*pipeline.NodePlan
		for k, n := range e.nodes {
			if k.stage == s {
				all = append(all, n)
			}
		}
		return all
	}
	if !s.PerInstance {
		instance = ""
	}
	if n, ok := e.find(s, instance); ok {
		return []*pipeline.NodePlan{n}
	}
	return nil
}

// shownRoots is how many nodes `why` names of those for which one may run.
const shownRoots = 10

func (e *explanation) text(w io.Writer, n *pipeline.NodePlan, selected bool) error {
	var b strings.Builder
	name := nodeName(n.Stage.Address(), n.Instance)
	switch {
	case !selected:
		fmt.Fprintf(&b, "%s is not selected: a run with these options leaves it as it is\n", name)
	case n.Action == pipeline.Keep:
		fmt.Fprintf(&b, "%s is up to date\n", name)
	case n.Action == pipeline.Execute:
		fmt.Fprintf(&b, "%s runs:\n", name)
		reasons(&b, "  ", n.Reasons)
	case n.Action == pipeline.Undecided:
		fmt.Fprintf(&b, "%s is not up to date, and its key cannot be computed:\n", name)
		reasons(&b, "  ", n.Reasons)
	case n.Action == pipeline.Depends:
		fmt.Fprintf(&b, "%s runs if what it depends on comes out otherwise:\n", name)
		roots := e.roots(n)
		for i, r := range roots {
			if i == shownRoots && len(roots) > shownRoots+1 {
				fmt.Fprintf(&b, "  and %d more\n", len(roots)-i)
				break
			}
			fmt.Fprintf(&b, "  %s runs:\n", nodeName(r.Stage.Address(), r.Instance))
			reasons(&b, "    ", r.Reasons)
		}
	}
	if n.Last != nil {
		fmt.Fprintf(&b, "last: %s\n", lastRun(n.Last, n.Reasons))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// reasons prints one a line; of those that have several, as with what a command
// said before it failed, the others stand below the first.
func reasons(b *strings.Builder, indent string, rs []pipeline.Reason) {
	for _, r := range rs {
		fmt.Fprintf(b, "%s%s\n", indent, strings.ReplaceAll(r.String(), "\n", "\n"+indent+"  "))
	}
}

// lastRun is a node's last execution, with its error where no reason told it.
// A node that was skipped was in no run: nothing was executed.
func lastRun(l *pipeline.LastRun, told []pipeline.Reason) string {
	s := l.State.String()
	if l.Status != "" {
		s += ", " + l.Status
	}
	if l.Error != "" && !slices.ContainsFunc(told, func(r pipeline.Reason) bool { return r.New == l.Error }) {
		s += " (" + strings.ReplaceAll(l.Error, "\n", "\n  ") + ")"
	}
	if l.Run != "" {
		s += " in run " + l.Run
	}
	if l.Reason != "" {
		s += ", because: " + l.Reason
	}
	return s
}

// whyNode is the JSON form of what `why` says.
type whyNode struct {
	Stage    string      `json:"stage"`
	Instance string      `json:"instance,omitempty"`
	Action   string      `json:"action"` // keep, run, depends, undecided, not_selected
	Reasons  []whyReason `json:"reasons"`
	DependOn []whyNode   `json:"depends_on,omitempty"` // for depends: the nodes that are stale by themselves
	Last     *whyLast    `json:"last,omitempty"`
}

type whyReason struct {
	What string `json:"what"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

type whyLast struct {
	State   string  `json:"state"`
	Status  string  `json:"status,omitempty"`
	Error   string  `json:"error,omitempty"`
	Reason  string  `json:"reason,omitempty"`
	Run     string  `json:"run"`
	Seconds float64 `json:"seconds"`
}

func (e *explanation) json(w io.Writer, n *pipeline.NodePlan, selected bool) error {
	v := asWhyNode(n)
	if !selected {
		v.Action = "not_selected"
	}
	if n.Action == pipeline.Depends {
		v.Reasons = []whyReason{}
		for _, r := range e.roots(n) {
			v.DependOn = append(v.DependOn, asWhyNode(r))
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func asWhyNode(n *pipeline.NodePlan) whyNode {
	v := whyNode{Stage: n.Stage.Address(), Instance: n.Instance, Action: n.Action.String(), Reasons: []whyReason{}}
	for _, r := range n.Reasons {
		v.Reasons = append(v.Reasons, whyReason{r.What, r.Old, r.New})
	}
	if l := n.Last; l != nil {
		v.Last = &whyLast{l.State.String(), l.Status, l.Error, l.Reason, l.Run, l.Elapsed.Seconds()}
	}
	return v
}
