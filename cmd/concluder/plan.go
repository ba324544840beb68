package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func planCommand() *cobra.Command {
	var sel selection
	var asJSON bool
	cmd := &cobra.Command{
		Use:               "plan [FILE]",
		Short:             "Say what would run and why; send and write nothing",
		Args:              atMostOneFile,
		ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt, err := sel.options()
			if err != nil {
				return err
			}
			return explain(cmd, pipelineFile(args), opt, asJSON)
		},
	}
	sel.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "a JSON line for each node that would run")
	return cmd
}

// explain prints what would run, grouped by stage and reason.
func explain(cmd *cobra.Command, file string, opt stages.Options, asJSON bool) error {
	s, err := stages.Open(file, opt)
	if err != nil {
		return err
	}
	nodes, err := s.Explain(context.Background())
	if err != nil {
		return err
	}
	if asJSON {
		return explainJSON(cmd.OutOrStdout(), nodes)
	}
	return explainText(cmd.OutOrStdout(), nodes)
}

// plannedNode is a line of `plan --json`.
type plannedNode struct {
	Stage    string   `json:"stage"`
	Instance string   `json:"instance,omitempty"`
	Action   string   `json:"action"`
	Reasons  []string `json:"reasons"`
}

func explainJSON(w io.Writer, nodes []pipeline.NodePlan) error {
	enc := json.NewEncoder(w)
	for _, n := range nodes {
		if n.Action == pipeline.Keep {
			continue
		}
		p := plannedNode{Stage: n.Stage.Address(), Instance: n.Instance, Action: n.Action.String(), Reasons: []string{}}
		for _, r := range n.Reasons {
			p.Reasons = append(p.Reasons, r.String())
		}
		if err := enc.Encode(p); err != nil {
			return err
		}
	}
	return nil
}

// explainText groups the nodes by stage, action and what changed, with the
// first instance of each group as the example.
func explainText(w io.Writer, nodes []pipeline.NodePlan) error {
	type group struct{ stage, action, why string }
	var order []group
	counts, first := map[group]int{}, map[group]pipeline.NodePlan{}
	totals := map[pipeline.Action]int{}
	for _, n := range nodes {
		totals[n.Action]++
		if n.Action == pipeline.Keep {
			continue
		}
		g := group{stage: n.Stage.Address(), action: n.Action.String()}
		if len(n.Reasons) > 0 {
			g.why = n.Reasons[0].What
		}
		if counts[g] == 0 {
			order, first[g] = append(order, g), n
		}
		counts[g]++
	}
	for _, g := range order {
		n := first[g]
		why := g.why
		if counts[g] == 1 && len(n.Reasons) > 0 {
			why = n.Reasons[0].String()
		}
		which := ""
		switch {
		case n.Instance != "" && counts[g] == 1:
			which = " (" + n.Instance + ")"
		case n.Instance != "":
			which = " (" + n.Instance + ", …)"
		}
		if _, err := fmt.Fprintf(w, "%-24s %-8s %6d  %s%s\n", g.stage, g.action, counts[g], why, which); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s to run, %d that depend on them, %d up to date\n",
		count(totals[pipeline.Execute]+totals[pipeline.Undecided], "node"), totals[pipeline.Depends], totals[pipeline.Keep])
	return err
}
