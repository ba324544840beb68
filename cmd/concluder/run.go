package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func runCommand(code *int) *cobra.Command {
	var (
		sel       selection
		asJSON    bool
		keepGoing bool
		dryRun    bool
		traceFile string
	)
	cmd := &cobra.Command{
		Use:               "run [FILE]",
		Short:             "Bring everything up to date",
		Args:              atMostOneFile,
		ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt, err := sel.options(cmd)
			if err != nil {
				return err
			}
			if keepGoing && opt.FailFast && cmd.Flags().Changed("keep-going") {
				return usageError{errors.New("--keep-going and --fail-fast exclude each other")}
			}
			if dryRun && traceFile != "" {
				return usageError{errors.New("--trace and --dry-run exclude each other")}
			}
			if dryRun {
				return explain(cmd, pipelineFile(args), opt, asJSON)
			}
			cpus, restore := addProcessors()
			defer restore()
			opt.CPUs = cpus
			*code, err = runPipeline(pipelineFile(args), opt, asJSON, traceFile, cmd.OutOrStdout(), cmd.ErrOrStderr())
			return err
		},
	}
	sel.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&keepGoing, "keep-going", true, "go on after a failure (the default)")
	f.BoolVar(&sel.opt.FailFast, "fail-fast", false, "start nothing more after the first failure")
	f.BoolVar(&sel.opt.Wait, "wait", false, "wait while another process holds the lock")
	f.BoolVar(&asJSON, "json", false, "events as JSON lines on standard output")
	f.StringVar(&traceFile, "trace", "", "draw the run into this file, in Chrome's trace format (for ui.perfetto.dev)")
	f.BoolVar(&dryRun, "dry-run", false, "the same as plan")
	return cmd
}

// runPipeline runs a file and says how it went. With asJSON standard output is
// events alone, and people read standard error. traceFile is where the run is
// drawn, "" for nowhere.
func runPipeline(file string, opt stages.Options, asJSON bool, traceFile string, stdout, stderr io.Writer) (code int, err error) {
	human := stdout
	var events *eventWriter
	if asJSON {
		human, events = stderr, &eventWriter{w: stdout}
	}
	// Nobody reading the events is an error of writing them, not the end.
	signal.Ignore(syscall.SIGPIPE)
	drain := make(chan struct{})
	opt.Drain = drain
	var (
		s     *stages.Session
		show  *progress
		trace *tracer
	)
	opt.Observe = func(e pipeline.Event) {
		show.event(e)
		if trace != nil {
			trace.event(e)
		}
		if events != nil {
			if e.Event == pipeline.EventRunFinished {
				events.providers(s.Spent())
			}
			events.write(e)
		}
	}
	opt.Warn = func(s string) { show.say("warning: " + s) }
	if s, err = stages.Open(file, opt); err != nil {
		return exitOK, err
	}
	if err := s.WriteWarnings(stderr); err != nil {
		return exitOK, fmt.Errorf("standard error: %w", err)
	}
	if traceFile != "" {
		if trace, err = newTracer(traceFile, s.Plan.Name); err != nil {
			return exitOK, fmt.Errorf("the trace cannot be written: %w", err)
		}
		defer func() {
			if e := trace.close(); e != nil && err == nil {
				err = fmt.Errorf("the trace: %w", e)
				if code != exitInterrupted {
					code = exitFault
				}
			}
		}()
	}
	show = newProgress(stderr, s.Spent)
	ctx, stop := interrupts(drain, func() { show.say(draining) })
	defer stop()
	ticking := every(time.Second, func() {
		show.tick()
		if events != nil {
			events.providers(s.Spent())
		}
		if trace != nil {
			trace.tick(s.Spent())
		}
	})
	out, err := s.Run(ctx)
	ticking()
	show.end()
	if out == nil {
		return exitOK, heldHint(err, "add --wait to begin when it has ended")
	}
	conclude(human, s, out)
	if hint := orphansHint(out, s.Plan.File, opt); hint != "" {
		fmt.Fprintln(human, hint)
	}
	if out.Paused != "" {
		explainLeft(human, file, opt)
	}
	if events != nil && events.err != nil {
		return exitFault, fmt.Errorf("standard output: %w", events.err)
	}
	if err == nil && out.Stopped != nil {
		report(stderr, out.Stopped)
	}
	return outcomeCode(out, err), err
}

// every calls f again and again until the function that it returns is called,
// which waits for a call under way.
func every(d time.Duration, f func()) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(d)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				f()
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// draining is what people are told at the first interrupt.
const draining = "interrupted: finishing what runs; interrupt again to stop at once"

// interrupts drains at the first interrupt, or when the terminal goes, after it has said so, and cancels
// at the second.
func interrupts(drain chan<- struct{}, say func()) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	// Commands are in process groups of their own, which a terminal that goes
	// does not end. nohup has it ignored, and it stays so.
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	signal.Notify(signals, ends...)
	done := make(chan struct{})
	go func() {
		for first := true; ; first = false {
			select {
			case <-done:
				return
			case <-signals:
			}
			if !first {
				signal.Stop(signals) // a third ends the program, whatever it does
				cancel()
				return
			}
			say()
			close(drain)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// explainRejected says why models' answers came to nothing, and what helps.
func explainRejected(w io.Writer, s *stages.Session, out *pipeline.Outcome) {
	verdicts, first := s.Rejected(out)
	if len(verdicts) == 0 {
		return
	}
	parts := make([]string, 0, len(verdicts))
	for v, n := range verdicts {
		parts = append(parts, fmt.Sprintf("%d %s", n, v))
	}
	slices.Sort(parts)
	fmt.Fprintf(w, "llm_failed: %s; `concluder answers %s` shows why; a fallback concludes them, --use-cache=false asks anew\n", strings.Join(parts, ", "), first)
}

// conclude prints how a run ended, for people.
func conclude(w io.Writer, s *stages.Session, out *pipeline.Outcome) {
	fmt.Fprintf(w, "%s in %.1f s: %d executed, %d up to date, %d failed, %d skipped\n",
		count(out.Nodes, "node"), out.Duration.Seconds(), out.Executed, out.Cached, out.Failed, out.Skipped)
	if parts := byCount(out.Statuses); len(parts) > 0 {
		fmt.Fprintf(w, "instances: %s\n", strings.Join(parts, ", "))
	}
	if n := s.Provisional(out); n > 0 {
		fmt.Fprintf(w, "provisional: %s of these, which a fallback concluded until the model can be asked\n", thousands(int64(n)))
	}
	if sent := strings.TrimPrefix(spending(s.Spent()), "; "); sent != "" {
		fmt.Fprintf(w, "sent: %s\n", sent)
	}
	explainRejected(w, s, out)
	explainAlike(w, out, relative(s.Plan.File))
	if out.Paused != "" {
		fmt.Fprintf(w, "paused: %s\n%s; nothing that was answered is asked again\n", out.Paused, stages.Mend(out))
	}
	if out.Interrupted {
		fmt.Fprintln(w, "interrupted: run again to go on from here")
	}
	fmt.Fprintf(w, "results: %s\n", relative(s.Plan.ResultsDir))
}
