package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

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
			opt, err := sel.options(cmd)
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
	if err := s.Ready(); err != nil {
		return err
	}
	if err := s.WriteWarnings(cmd.ErrOrStderr()); err != nil {
		return err
	}
	nodes, err := s.Explain(context.Background())
	if err != nil {
		return err
	}
	forecasts, err := s.Forecast(context.Background(), nodes)
	if err != nil {
		return err
	}
	if asJSON {
		return explainJSON(cmd.OutOrStdout(), nodes, forecasts)
	}
	if err := explainText(cmd.OutOrStdout(), nodes); err != nil {
		return err
	}
	return forecastText(cmd.OutOrStdout(), forecasts)
}

// forecastText says what would be sent to each provider, at what cost.
func forecastText(w io.Writer, forecasts []stages.Forecast) error {
	for _, f := range forecasts {
		s := fmt.Sprintf("provider %s: %s, %d answered already", f.Provider, count(f.Questions, "question"), f.Recorded)
		if f.Replay != "" {
			s = fmt.Sprintf("provider %s: no request is sent; of %s %d answered by the recording %s", f.Provider, count(f.Questions, "question"), f.Recorded, relative(f.Replay))
			if missing := f.Questions - f.Recorded; missing > 0 {
				s += fmt.Sprintf(", and %d not in it: the run will pause", missing)
			}
		}
		if f.Requests > 0 {
			s += fmt.Sprintf("; about %s, %s tokens in, %s out, %s", count(f.Requests, "request"),
				thousands(int64(f.InputTokens)), thousands(int64(f.OutputTokens)), f.Duration.Round(time.Second))
		}
		if f.WorstCost > 0 {
			s += fmt.Sprintf("; about %s %s, at most %s", amount(f.Cost), f.Currency, amount(f.WorstCost))
		}
		if f.Budget > 0 {
			s += fmt.Sprintf("; %s of the budget of %s is left%s", amount(max(f.Budget-f.Spent, 0)), amount(f.Budget), shortOf(f))
		}
		if f.Days > 1 {
			s += fmt.Sprintf("; the daily quota makes it take %d days: each day's run goes on where the last one paused", f.Days)
		}
		switch {
		case f.Requests == 0:
		case f.Answers == 0:
			s += " (lengths and times are guesses until some answers are in)"
		case f.Answers < 10:
			s += fmt.Sprintf(" (by %s so far)", count(f.Answers, "answer"))
		}
		if f.FallbackQuestions > 0 {
			s += fmt.Sprintf("; as a fallback at most %s more", count(f.FallbackQuestions, "question"))
			if f.FallbackWorstCost > 0 {
				s += fmt.Sprintf(", at most %s %s", amount(f.FallbackWorstCost), f.Currency)
			}
		}
		if f.Unknown > 0 {
			s += fmt.Sprintf("; the questions of %s are known only when other stages have run", count(f.Unknown, "instance"))
		}
		if _, err := fmt.Fprintln(w, s); err != nil {
			return err
		}
	}
	return nil
}

// shortOf says what the rest of a budget does not pay for, as the run sees it: a
// request is sent where what it may cost at most is left, and gives back what it
// did not take.
func shortOf(f stages.Forecast) string {
	left := f.Budget - f.Spent
	switch {
	case f.Requests == 0:
		return ""
	case f.WorstRequest > left:
		return fmt.Sprintf(", not enough to send even one request, which may cost %s: raise budget or lower max_tokens", amount(f.WorstRequest))
	case f.Cost > left:
		return ", not enough for all of them: the run will pause"
	case f.WorstCost > left:
		return ", which in the worst case is not enough for all of them: the run may pause"
	}
	return ""
}

// plannedNode is a line of `plan --json`.
type plannedNode struct {
	Stage    string   `json:"stage"`
	Instance string   `json:"instance,omitempty"`
	Action   string   `json:"action"`
	Reasons  []string `json:"reasons"`
}

func explainJSON(w io.Writer, nodes []pipeline.NodePlan, forecasts []stages.Forecast) error {
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
	for _, f := range forecasts {
		err := enc.Encode(map[string]any{
			"provider": f.Provider, "questions": f.Questions, "recorded": f.Recorded, "requests": f.Requests,
			"input_tokens": f.InputTokens, "output_tokens": f.OutputTokens, "cost": f.Cost, "worst_cost": f.WorstCost,
			"currency": f.Currency, "seconds": f.Duration.Seconds(), "days": f.Days, "unknown": f.Unknown,
			"fallback_questions": f.FallbackQuestions, "fallback_worst_cost": f.FallbackWorstCost,
		})
		if err != nil {
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
