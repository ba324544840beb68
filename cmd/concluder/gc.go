package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/pipeline/resource"
	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func gcCommand() *cobra.Command {
	var (
		opt      stages.Options
		vars     []string
		dryRun   bool
		keepRuns int
	)
	cmd := &cobra.Command{
		Use:   "gc [FILE...]",
		Short: "Remove what the pipeline files do not reach any more",
		Long: "Remove the outputs of instances and stages that are not declared any more, as long as\n" +
			"nobody has changed them, what is remembered of them, events of old runs, and what\n" +
			"killed runs left. The journal of answers is never touched, nor is a file that no run\n" +
			"has written. State of other pipelines in the same folder stays.",
		ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if keepRuns < 1 {
				return usageError{fmt.Errorf("--keep-runs is %d: expected at least 1", keepRuns)}
			}
			if opt.Vars, err = variables(vars); err != nil {
				return err
			}
			opt.Program = version()
			gc := pipeline.GCOptions{DryRun: dryRun, KeepRuns: keepRuns}
			if opt.StateDir != "" {
				if gc.StateDir, err = filepath.Abs(opt.StateDir); err != nil {
					return err
				}
			}
			if len(args) == 0 {
				args = []string{defaultFile}
			}
			var plans []*pipeline.Plan
			for _, file := range args {
				s, err := stages.Open(file, opt)
				if err != nil {
					return err
				}
				plans = append(plans, s.Plan)
			}
			found, err := pipeline.CollectGarbage(cmd.Context(), plans, gc)
			listGarbage(cmd.OutOrStdout(), found, dryRun)
			return heldHint(err, "collect when it has ended")
		},
	}
	f := cmd.Flags()
	f.BoolVar(&dryRun, "dry-run", false, "remove nothing; list everything with its size")
	f.IntVar(&keepRuns, "keep-runs", 10, "how many of the newest runs keep their events in any case")
	f.StringVar(&opt.ResultsDir, "results-dir", "", "where results are written (default: as the file says)")
	f.StringVar(&opt.StateDir, "state-dir", "", "where state is kept (default: .concluder beside the file)")
	f.StringArrayVar(&vars, "var", nil, "name=value of a variable of the file (repeatable)")
	return cmd
}

// listGarbage says what was removed, or would be, and what stays and why. What
// was removed is only counted: nobody can do anything about it.
func listGarbage(w io.Writer, found []pipeline.Garbage, dryRun bool) {
	counts, sizes := map[string]int{}, map[string]int64{}
	var kinds []string
	var total int64
	for _, g := range found {
		size := "-"
		if g.Kind != "records" {
			size = resource.Bytes(g.Size)
		}
		switch {
		case g.Kept != "":
			fmt.Fprintf(w, "kept %s: %s, but %s\n", relative(g.Path), g.Why, g.Kept)
			continue
		case dryRun:
			fmt.Fprintf(w, "%-8s %9s  %s: %s\n", g.Kind, size, relative(g.Path), g.Why)
		}
		if counts[g.Kind] == 0 {
			kinds = append(kinds, g.Kind)
		}
		counts[g.Kind]++
		sizes[g.Kind] += g.Size
		total += g.Size
	}
	if len(kinds) == 0 {
		fmt.Fprintln(w, "nothing to remove")
		return
	}
	var parts []string
	for _, k := range kinds {
		part := fmt.Sprintf("%d %s", counts[k], garbageNoun(k, counts[k]))
		if sizes[k] > 0 {
			part += " (" + resource.Bytes(sizes[k]) + ")"
		}
		parts = append(parts, part)
	}
	verb := "removed"
	if dryRun {
		verb = "would remove"
	}
	fmt.Fprintf(w, "%s %s: %s\n", verb, resource.Bytes(total), strings.Join(parts, ", "))
}

// garbageNoun names a kind of garbage.
func garbageNoun(kind string, n int) string {
	one, many := kind, kind+"s"
	switch kind {
	case "records":
		one, many = "set of records", "sets of records"
	case "state":
		one, many = "piece of state", "pieces of state"
	case "events":
		one, many = "run's events", "runs' events"
	case "log":
		one, many = "command's log", "commands' logs"
	case "staging":
		one, many = "staging folder", "staging folders"
	}
	if n == 1 {
		return one
	}
	return many
}
