package stages

import (
	"context"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/llm"
	"github.com/hashicorp/hcl/v2"
)

// Options are what a run is told beside its pipeline file. The zero value runs
// everything that is not up to date.
type Options struct {
	Instances  []string // only these; nil for all
	NoCache    bool     // every selected node anew, models asked again
	Force      bool     // every selected node anew, recorded answers reused
	NoPlot     bool     // leave the plot stages out
	MaxWorkers int      // 0: as the file says
	CPUs       int      // max_workers where neither says it; 0: runtime.GOMAXPROCS
	BatchSize  int      // 0: as the file says
	BatchAuto  bool

	Vars        map[string]string // values of the file's variables
	ResultsDir  string            // "": as the file says; else relative to the working directory
	StateDir    string            // "": .concluder beside the pipeline file
	RetryFailed bool              // instances that ended as llm_failed too
	FailFast    bool              // start nothing more after the first failure
	Wait        bool              // wait while another process holds the lock
	Program     string            // version of the calling program, for the record

	Observe func(pipeline.Event) // receives every event, in order
	Warn    func(string)         // receives what people should know of the providers; may be called from several goroutines
	Drain   <-chan struct{}      // closed: finish what runs, start nothing more
}

// Run runs a pipeline file and returns the result of every declared instance
// by name. Instances that end without a conclusion are results like others,
// not errors; a run that ended before its time gives the error beside the
// results there are: a *PausedError where a later run can go on.
func Run(ctx context.Context, file string, opt Options) (map[string]*Result, error) {
	s, err := Open(file, opt)
	if err != nil {
		return nil, err
	}
	out, err := s.Run(ctx)
	if out == nil {
		return nil, err
	}
	results, readErr := s.Results(out)
	if err == nil {
		err = readErr
	}
	if err == nil {
		switch {
		case out.Stopped != nil:
			err = out.Stopped
		case out.Interrupted:
			err = errors.Join(errors.New("interrupted; another run goes on from here"), ctx.Err())
		case out.Paused != "":
			err = &PausedError{Why: out.Paused, Mend: Mend(out)}
		}
	}
	return results, err
}

// A PausedError says that a run cannot go on now but can later.
type PausedError struct {
	Why  string
	Mend string // what has to happen before another run gets further
}

func (e *PausedError) Error() string { return "paused: " + e.Why + "; " + e.Mend }

// Mend says what has to happen before another run gets further than one that
// paused, "" where it did not.
func Mend(out *pipeline.Outcome) string {
	var pause *llm.PauseError
	switch {
	case out.Paused == "":
		return ""
	case errors.As(out.Pause, &pause):
		return pause.Mend()
	}
	return "run again to go on from here"
}

// A FileError is everything that is wrong with a pipeline file.
type FileError struct {
	Diagnostics hcl.Diagnostics
	sources     pipeline.Sources
}

func (e *FileError) Error() string {
	var b strings.Builder
	e.Write(&b)
	return strings.TrimSpace(b.String())
}

// Write renders the mistakes with file, line, column and the source underlined.
func (e *FileError) Write(w io.Writer) error {
	return pipeline.WriteDiagnostics(w, e.Diagnostics, e.sources)
}

// A Session is a pipeline file, checked and ready to run, once at a time.
type Session struct {
	Plan *pipeline.Plan
	env  *environ
	opt  Options

	warnings *FileError // none of them an error

	supersede <-chan *pipeline.Plan // see pipeline.Options
	first     []string              // likewise
}

// Open reads and checks a pipeline file. A mistake in it is a *FileError.
func Open(file string, opt Options) (*Session, error) { return open(file, opt, nil) }

// open also says what it looked at.
func open(file string, opt Options, looked *pipeline.Looked) (*Session, error) {
	env := &environ{started: time.Now(), opt: opt}
	in := pipeline.Input{Vars: opt.Vars, StateDir: opt.StateDir, Program: opt.Program, Sources: pipeline.Sources{}, Looked: looked}
	if opt.ResultsDir != "" {
		dir, err := filepath.Abs(opt.ResultsDir)
		if err != nil {
			return nil, err
		}
		in.ResultsDir = dir
	}
	plan, diags := pipeline.Load(file, env.kinds(), in)
	if diags.HasErrors() {
		return nil, &FileError{Diagnostics: diags, sources: in.Sources}
	}
	env.plan = plan
	return &Session{Plan: plan, env: env, opt: opt, warnings: &FileError{Diagnostics: diags, sources: in.Sources}}, nil
}

// WriteWarnings renders what is odd in the pipeline file but no mistake, as
// FileError.Write does; it writes nothing where nothing is.
func (s *Session) WriteWarnings(w io.Writer) error { return s.warnings.Write(w) }

func (s *Session) options() (pipeline.Options, error) {
	opt := pipeline.Options{
		Instances: s.opt.Instances, MaxWorkers: s.opt.MaxWorkers, CPUs: s.opt.CPUs, BatchSize: s.opt.BatchSize, BatchAuto: s.opt.BatchAuto,
		Force: s.opt.Force || s.opt.NoCache, Anew: s.opt.NoCache, FailFast: s.opt.FailFast, Wait: s.opt.Wait,
		MaxWaiting: s.env.inFlight(), Asking: s.env.asking, Program: s.opt.Program, Observe: s.opt.Observe, Drain: s.opt.Drain, Supersede: s.supersede, First: s.first,
		Statuses: func(nodes iter.Seq[pipeline.NodeResult]) map[string]int {
			counts := map[string]int{}
			for _, st := range s.statuses(nodes) {
				counts[string(st)]++
			}
			return counts
		},
	}
	if s.opt.NoPlot {
		opt.Without = []string{"plot"}
	}
	if s.opt.RetryFailed {
		opt.RetryStatuses = []string{string(StatusLLMFailed)}
	}
	if s.opt.StateDir != "" {
		dir, err := filepath.Abs(s.opt.StateDir)
		if err != nil {
			return opt, err
		}
		opt.StateDir = dir
	}
	return opt, nil
}

// Run brings everything selected up to date. The outcome is nil only where the
// run could not begin.
func (s *Session) Run(ctx context.Context) (out *pipeline.Outcome, err error) {
	if err := s.Ready(); err != nil {
		return nil, err
	}
	opt, err := s.options()
	if err != nil {
		return nil, err
	}
	s.env.begin(opt)
	defer func() { err = errors.Join(err, s.env.close()) }()
	return pipeline.Run(ctx, s.Plan, opt)
}

// Spent is what the run has sent so far, by provider. It may be called while
// Run is at work, and afterwards.
func (s *Session) Spent() map[string]Spent { return s.env.spent() }

// Explain says what Run would do and why, and does nothing.
func (s *Session) Explain(ctx context.Context) ([]pipeline.NodePlan, error) {
	opt, err := s.options()
	if err != nil {
		return nil, err
	}
	return pipeline.Explain(ctx, s.Plan, opt)
}

// resultStage is the stage that says how an instance ended: the main conclude
// stage, or in a pipeline without one the last per-instance stage. Nil when
// every stage is aggregate.
func (s *Session) resultStage() *pipeline.Stage {
	var last *pipeline.Stage
	for _, st := range s.Plan.Stages {
		if st.Kind.Name == "conclude" && st.Prefix == "" {
			return st
		}
		if st.PerInstance && st.Kind.Name != "plot" {
			last = st
		}
	}
	return last
}

// statuses is how each selected instance ended.
func (s *Session) statuses(nodes iter.Seq[pipeline.NodeResult]) map[string]Status {
	of := map[string]Status{}
	stage := s.resultStage()
	for n := range nodes {
		if n.Stage == stage && n.Selected {
			of[n.Instance] = statusOf(n)
		}
	}
	return of
}

func statusOf(n pipeline.NodeResult) Status {
	switch {
	case n.State == pipeline.NotRun:
		return StatusNotRun
	case n.Status != "":
		return Status(n.Status)
	case n.State == pipeline.Done || n.State == pipeline.Cached:
		return StatusSuccess
	}
	return StatusError
}

// Results reads the result of every declared instance as a run left it.
func (s *Session) Results(out *pipeline.Outcome) (map[string]*Result, error) {
	results := make(map[string]*Result, len(s.Plan.Instances))
	plots := map[string]string{}
	stage := s.resultStage()
	for n := range out.Results {
		switch {
		case n.Stage.Kind.Name == "plot" && n.State == pipeline.Failed:
			plots[n.Instance] = n.Error
		case n.Stage == stage && stage.Kind.Name == "conclude":
			r, err := resultOf(n.AsUpstream())
			if err != nil {
				return nil, err
			}
			results[n.Instance] = r
		case n.Stage == stage:
			r := &Result{InstanceName: n.Instance, Status: statusOf(n), Stale: n.Stale}
			if n.Error != "" {
				r.Error = &n.Error
			}
			results[n.Instance] = r
		}
	}
	for name, why := range plots {
		if r := results[name]; r != nil {
			r.PlotError = &why
		}
	}
	return results, nil
}

// Provisional counts the selected instances that have a conclusion which the
// next run makes again.
func (s *Session) Provisional(out *pipeline.Outcome) int {
	count := 0
	stage := s.resultStage()
	for n := range out.Results {
		if n.Stage == stage && n.Selected && n.Stale && n.State == pipeline.Done {
			count++
		}
	}
	return count
}

// Rejected counts the selected instances that ended as llm_failed by the
// verdict on the last answer, and names the first of them.
func (s *Session) Rejected(out *pipeline.Outcome) (verdicts map[string]int, first string) {
	verdicts = map[string]int{}
	stage := s.resultStage()
	for n := range out.Results {
		if n.Stage != stage || !n.Selected || Status(n.Status) != StatusLLMFailed {
			continue
		}
		u := n.AsUpstream()
		u.State = pipeline.Done
		r, err := resultOf(u)
		if err != nil || r.Rejected == nil {
			continue
		}
		verdicts[r.Rejected.Verdict]++
		if first == "" {
			first = n.Instance
		}
	}
	return verdicts, first
}
