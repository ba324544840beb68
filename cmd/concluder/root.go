package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

// run is the program: it returns the exit code, and never exits by itself.
func run(args []string, stdout, stderr io.Writer) int {
	code := exitOK
	root := &cobra.Command{
		Use:           "concluder",
		Short:         "Conclude in bulk how measured instances grow",
		Long:          "concluder reads a pipeline file that declares instances and stages, runs what is\nnot up to date, and publishes growth classes and upper bounds that were checked\nagainst the mathematics and the measurements.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	// What cobra refuses it refuses before a command begins.
	began := false
	root.PersistentPreRun = func(*cobra.Command, []string) { began = true }
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(runCommand(&code), watchCommand(&code), planCommand(), whyCommand(), statusCommand(), validateCommand(), fmtCommand(), initCommand(), graphCommand(), answersCommand(), exportCommand(), gcCommand(), versionCommand())
	if err := root.Execute(); err != nil {
		report(stderr, err)
		switch {
		case !began:
			code = exitWrong
		case code == exitOK:
			code = exitCode(err)
		}
	}
	return code
}

const defaultFile = "pipeline.hcl"

// pipelineFile is the one optional argument of most commands.
func pipelineFile(args []string) string {
	if len(args) == 1 {
		return args[0]
	}
	return defaultFile
}

// selection is what the flags of run and plan have in common.
type selection struct {
	opt       stages.Options
	batchSize string
	useCache  bool
	plot      bool
	vars      []string
}

func (s *selection) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&s.opt.Instances, "instances", nil, "only these instances, comma-separated (repeatable)")
	f.IntVar(&s.opt.MaxWorkers, "max-workers", 0, "most stages at work at once (default: as the file says)")
	f.StringVar(&s.batchSize, "batch-size", "", `instances admitted at a time, or "auto" (default: as the file says)`)
	f.BoolVar(&s.useCache, "use-cache", true, "=false: every selected node anew, models asked again")
	f.BoolVar(&s.opt.Force, "force", false, "every selected node anew, recorded answers reused")
	f.BoolVar(&s.plot, "plot", true, "=false: leave the plot stages out")
	f.BoolVar(&s.opt.RetryFailed, "retry-failed", false, "judge instances that ended as llm_failed again; only what has no recorded answer is asked")
	f.StringArrayVar(&s.vars, "var", nil, "name=value of a variable of the file (repeatable)")
	f.StringVar(&s.opt.ResultsDir, "results-dir", "", "where results are written (default: as the file says)")
	f.StringVar(&s.opt.StateDir, "state-dir", "", "where state is kept (default: .concluder beside the file)")
}

// options checks the flags.
func (s *selection) options(cmd *cobra.Command) (stages.Options, error) {
	opt := s.opt
	opt.NoCache, opt.NoPlot, opt.Program = !s.useCache, !s.plot, version()
	// An empty variable of a shell must not select everything.
	if cmd.Flags().Changed("instances") && len(opt.Instances) == 0 {
		return opt, usageError{errors.New("--instances names no instance")}
	}
	if cmd.Flags().Changed("max-workers") && opt.MaxWorkers < 1 {
		return opt, usageError{fmt.Errorf("--max-workers is %d: expected at least 1", opt.MaxWorkers)}
	}
	switch {
	case s.batchSize == "auto":
		opt.BatchAuto = true
	case s.batchSize != "":
		n, err := strconv.Atoi(s.batchSize)
		if opt.BatchSize = n; err != nil || n < 1 {
			return opt, usageError{fmt.Errorf("--batch-size is %q: expected a whole number of at least 1, or auto", s.batchSize)}
		}
	}
	vars, err := variables(s.vars)
	opt.Vars = vars
	return opt, err
}

func variables(assignments []string) (map[string]string, error) {
	vars := map[string]string{}
	for _, a := range assignments {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("--var is %q: expected name=value", a)}
		}
		vars[name] = value
	}
	return vars, nil
}

// completeFile offers pipeline files.
func completeFile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"hcl"}, cobra.ShellCompDirectiveFilterFileExt
}

// atMostOneFile refuses a second argument with a hint at what was meant.
func atMostOneFile(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{fmt.Errorf("%s takes one pipeline file, not %d: %s", cmd.CommandPath(), len(args), strings.Join(args, " "))}
	}
	return nil
}

// terminal reports whether w is one that people watch, so that a line may be
// drawn over.
func terminal(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && isTerminal(f) && os.Getenv("TERM") != "dumb"
}
