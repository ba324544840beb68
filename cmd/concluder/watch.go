package main

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func watchCommand(code *int) *cobra.Command {
	var (
		sel       selection
		asJSON    bool
		keepGoing bool
		debounce  time.Duration
	)
	cmd := &cobra.Command{
		Use:   "watch [FILE]",
		Short: "Run whenever something changes",
		Long: "Bring everything up to date, now and whenever the pipeline file, a file it reads or lists,\n" +
			"or an input of a stage changes. A change during a run cancels the nodes whose key it\n" +
			"changes, lets the others finish, and starts the next run. Interrupt to end.",
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
			if debounce <= 0 {
				return usageError{fmt.Errorf("--debounce is %s: expected more than 0, such as 50ms", debounce)}
			}
			w := &watch{file: pipelineFile(args), human: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr()}
			if asJSON {
				w.human, w.events = cmd.ErrOrStderr(), &eventWriter{w: cmd.OutOrStdout()}
			}
			cpus, restore := addProcessors()
			defer restore()
			opt.CPUs = cpus
			*code, err = w.run(opt, debounce)
			return err
		},
	}
	sel.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&keepGoing, "keep-going", true, "go on after a failure (the default)")
	f.BoolVar(&sel.opt.FailFast, "fail-fast", false, "start nothing more in a run after its first failure")
	f.BoolVar(&asJSON, "json", false, "events as JSON lines on standard output")
	f.DurationVar(&debounce, "debounce", 50*time.Millisecond, "how long nothing more must change before a run begins")
	return cmd
}

// A watch tells people, and with --json programs, of one run after the other.
type watch struct {
	file   string
	opt    stages.Options
	human  io.Writer
	stderr io.Writer
	events *eventWriter // nil without --json
	show   *progress
	warned string // what was said last of the pipeline file; of the goroutine of the runs

	drawing sync.Mutex // held while a line of a run at work is drawn

	mu      sync.Mutex      // not held while show is called, which asks for what was spent
	session *stages.Session // of the run at work, or the last one
	running bool
	broken  bool // the pipeline file is wrong
	code    int  // of the last run
}

// run watches until it is interrupted. The code is the last run's, or says that
// the pipeline file is wrong.
func (w *watch) run(opt stages.Options, debounce time.Duration) (int, error) {
	signal.Ignore(syscall.SIGPIPE)
	w.opt = opt
	w.show = newProgress(w.stderr, w.spent)
	opt.Warn = func(s string) { w.show.say("warning: " + s) }
	opt.Observe = func(e pipeline.Event) {
		w.show.event(e)
		if w.events != nil {
			if e.Event == pipeline.EventRunFinished {
				w.events.providers(w.spent())
			}
			w.events.write(e)
		}
	}
	stop := make(chan struct{})
	ctx, ended := interrupts(stop, w.interrupted)
	defer ended()
	ticking := every(time.Second, func() {
		w.drawing.Lock()
		defer w.drawing.Unlock()
		if w.busy() {
			w.show.tick()
			if w.events != nil {
				w.events.providers(w.spent())
			}
		}
	})
	defer ticking()
	err := stages.Watch(ctx, w.file, opt, stages.WatchOptions{
		Debounce: debounce, Stop: stop, Observe: w.observe, Begin: w.begin, End: w.end,
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		return exitFault, err
	case w.events != nil && w.events.err != nil:
		return exitFault, fmt.Errorf("standard output: %w", w.events.err)
	case w.broken && w.code != exitInterrupted:
		return exitWrong, nil
	}
	return w.code, nil
}

func (w *watch) begin(s *stages.Session) {
	var b strings.Builder
	s.WriteWarnings(&b) // a strings.Builder does not fail
	if text := strings.TrimSpace(b.String()); text != w.warned {
		w.warned = text
		if text != "" {
			w.show.say(text)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session, w.running = s, true
}

func (w *watch) end(s *stages.Session, out *pipeline.Outcome, err error) {
	w.drawing.Lock()
	w.mu.Lock()
	w.running = false
	if err != nil {
		w.code = exitCode(err)
	}
	if out != nil {
		w.code = outcomeCode(out, err)
	}
	w.mu.Unlock()
	w.drawing.Unlock()
	w.show.end()
	if err != nil {
		report(w.stderr, err)
	}
	if out == nil {
		return
	}
	if out.Superseded {
		fmt.Fprintf(w.human, "%d executed before something changed\n", out.Executed)
		return
	}
	conclude(w.human, s, out)
	if hint := orphansHint(out, s.Plan.File, w.opt); hint != "" {
		fmt.Fprintln(w.human, hint)
	}
	if out.Stopped != nil {
		report(w.stderr, out.Stopped)
	}
}

// observe tells of what happens between runs, or beside one.
func (w *watch) observe(e pipeline.Event) {
	if w.events != nil {
		w.events.write(e)
	}
	switch e.Event {
	case pipeline.EventChanged:
		w.setBroken(false)
		w.show.say("changed: " + e.Message)
	case pipeline.EventBroken:
		w.setBroken(true)
		w.show.say(e.Error)
	case pipeline.EventWarning:
		w.show.say("warning: " + e.Message)
	case pipeline.EventWatching:
		w.show.say(fmt.Sprintf("watching %s; interrupt to end", count(e.Total, "folder")))
	}
}

func (w *watch) setBroken(b bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = b
}

func (w *watch) interrupted() {
	if w.busy() {
		w.show.say(draining)
	}
}

func (w *watch) busy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.running
}

func (w *watch) spent() map[string]stages.Spent {
	w.mu.Lock()
	s := w.session
	w.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.Spent()
}
