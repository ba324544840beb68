package stages

import (
	"context"
	"time"

	"github.com/concluder/concluder/pipeline"
)

// WatchOptions are what Watch is told beside the options of each run.
type WatchOptions struct {
	Debounce time.Duration        // how long nothing more must change before a run begins; 0 for 50 ms
	Stop     <-chan struct{}      // closed: end after the run at work, which is told to drain
	Observe  func(pipeline.Event) // receives changed, broken and watching; each run's events go to Options.Observe

	Begin func(*Session)                           // before each run
	End   func(*Session, *pipeline.Outcome, error) // after it; the outcome is nil where it could not begin
}

// Watch runs a pipeline file now and whenever something it depends on changes,
// until Stop is closed or the context ends: see pipeline.Watch. Every run waits
// while another process holds the lock. What Options ask to do anew is done
// once, by a run that goes to its end whatever changes meanwhile: to begin it
// again would ask models again.
func Watch(ctx context.Context, file string, opt Options, w WatchOptions) error {
	opt.Wait = true
	// Runs follow one another, so nothing here needs a lock.
	once := Options{Force: opt.Force, NoCache: opt.NoCache, RetryFailed: opt.RetryFailed}
	read := func() (*pipeline.Watched, error) {
		t := &pipeline.Watched{}
		s, err := open(file, opt, &t.Looked)
		if err != nil {
			return t, err
		}
		t.Plan = s.Plan
		for _, p := range s.Plan.Providers {
			if path, ok := Recording(p); ok { // no run begins before it is there
				t.Looked.Reads = append(t.Looked.Reads, path)
			}
		}
		t.Run = func(ctx context.Context, drain <-chan struct{}, supersede <-chan *pipeline.Plan, first []string) {
			s.env.renew()
			s.opt.Force, s.opt.NoCache, s.opt.RetryFailed = once.Force, once.NoCache, once.RetryFailed
			s.opt.Drain, s.supersede, s.first = drain, supersede, first
			if once.Force || once.NoCache || once.RetryFailed {
				s.supersede = nil
			}
			w.Begin(s)
			out, err := s.Run(ctx)
			t.Outcome = out
			if out != nil {
				once = Options{}
			}
			w.End(s, out, err)
		}
		return t, nil
	}
	return pipeline.Watch(ctx, pipeline.WatchOptions{File: file, Open: read, Debounce: w.Debounce, Observe: w.Observe, Stop: w.Stop})
}

// renew makes an environ ready for another run.
func (e *environ) renew() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.started, e.final = time.Now(), nil
	e.stopped.Store(false)
	e.concluded.Store(false)
}
