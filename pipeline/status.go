package pipeline

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// A Status is what is remembered of a pipeline: how each node last ended, and
// its last run, which may be at work. It says nothing of what is up to date;
// Explain does.
type Status struct {
	Stages  []StageStatus    // in stage order
	Holder  *store.HeldError // who runs it now, nil when nobody does
	LastRun *RunStatus       // nil when there was none, or its events are gone
}

// A StageStatus counts the nodes of a stage by how they last ended.
type StageStatus struct {
	Stage       *Stage
	Nodes       int
	Never       int // have no record
	Done        int
	Failed      int
	Skipped     int            // something they depend on failed
	Provisional int            // of Done: to be made again by the next run
	Statuses    map[string]int // by the stage's own word
}

// A RunStatus is how far a run came, as its events say.
type RunStatus struct {
	ID       string
	Began    time.Time
	Finished bool // else it is at work, or was killed

	Nodes, Executed, Cached, Failed, Skipped int
	Duration                                 time.Duration  // of a finished run
	Statuses                                 map[string]int // of a finished run
	Paused                                   string         // why it paused; "" when it did not
	Running                                  []string       // nodes at work, "load.points/6s0", in the order in which they began
}

// ReadStatus reads what is remembered. It takes no lock and works during a
// run: what it sees is at most a moment old.
func ReadStatus(plan *Plan, opts Options) (*Status, error) {
	records, err := Records(plan, opts)
	if err != nil {
		return nil, err
	}
	s := &Status{}
	for _, r := range records {
		if n := len(s.Stages); n == 0 || s.Stages[n-1].Stage != r.Stage {
			s.Stages = append(s.Stages, StageStatus{Stage: r.Stage, Statuses: map[string]int{}})
		}
		s.Stages[len(s.Stages)-1].add(&r)
	}
	if s.Holder, err = Holder(plan, opts); err != nil && !errors.Is(err, fs.ErrPermission) && !faultOfRun(err) {
		return nil, err // where nothing can be written, no run can be at work
	}
	e, err := newInspector(plan, &opts)
	if err != nil {
		return nil, err
	}
	s.LastRun, err = lastRun(opts.StateDir, filepath.Base(e.home))
	return s, err
}

func (s *StageStatus) add(r *NodeResult) {
	s.Nodes++
	switch r.State {
	case NotRun:
		s.Never++
	case Failed:
		s.Failed++
	case Skipped:
		s.Skipped++
	default:
		s.Done++
		if r.Stale {
			s.Provisional++
		}
	}
	if r.Status != "" {
		s.Statuses[r.Status]++
	}
}

// runLogs returns the paths of the event logs in a state directory, newest
// first.
func runLogs(stateDir string) ([]string, error) {
	dir := filepath.Join(stateDir, "runs")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var paths []string
	for _, e := range slices.Backward(entries) { // ReadDir sorts, and IDs sort by time
		if strings.HasSuffix(e.Name(), ".jsonl") && e.Type().IsRegular() {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, err
}

// lastRun finds a pipeline's last run, nil when there is none.
func lastRun(stateDir, home string) (*RunStatus, error) {
	logs, err := runLogs(stateDir)
	if err != nil {
		return nil, err
	}
	for _, path := range logs {
		r, err := readRun(path, home)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if r != nil || err != nil {
			return r, err
		}
	}
	return nil, nil
}

// An eventLine is a line of a run's events, whichever it is.
type eventLine struct {
	finishedLine // the members of run_finished, and "event" of all

	Time     time.Time `json:"time"`
	Pipeline string    `json:"pipeline"`
	Stage    string    `json:"stage"`
	Instance string    `json:"instance"`
	State    string    `json:"state"`
	Total    int       `json:"total"`
	Message  string    `json:"message"`
}

// readRun reads a run's events, nil when the run is another pipeline's. What
// cannot be read is passed over: a run at work may be writing the last line.
func readRun(path, home string) (*RunStatus, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 64<<10)
	run := &RunStatus{ID: strings.TrimSuffix(filepath.Base(path), ".jsonl")}
	for first := true; ; first = false {
		line, err := in.ReadBytes('\n')
		var e eventLine
		if json.Unmarshal(line, &e) != nil {
			e = eventLine{}
		}
		if first && (e.Event != EventRunStarted || e.Pipeline != home) {
			return nil, nil
		}
		run.add(&e)
		if errors.Is(err, io.EOF) {
			return run, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (r *RunStatus) add(e *eventLine) {
	node := strings.TrimSuffix(e.Stage+"/"+e.Instance, "/")
	switch e.Event {
	case EventRunStarted:
		r.Began, r.Nodes = e.Time, e.Total
	case EventNodesCached:
		r.Cached += e.Total
	case EventNodeStarted:
		if !slices.Contains(r.Running, node) {
			r.Running = append(r.Running, node)
		}
	case EventNodeFinished:
		if i := slices.Index(r.Running, node); i >= 0 {
			r.Running = slices.Delete(r.Running, i, i+1)
		}
		switch e.State {
		case Done.String():
			r.Executed++
		case Failed.String():
			r.Failed++
		default:
			r.Skipped++
		}
	case EventPaused:
		r.Paused = e.Message
	case EventRunFinished:
		r.Finished, r.Running = true, nil
		r.Nodes, r.Executed, r.Cached, r.Failed, r.Skipped = e.Nodes, e.Executed, e.Cached, e.Failed, e.Skipped
		r.Duration, r.Statuses = time.Duration(e.Seconds*float64(time.Second)), e.Statuses
	}
}

// firstEvent reads how a run began; zero where that cannot be read.
func firstEvent(path string) (e eventLine) {
	f, err := os.Open(path)
	if err != nil {
		return e
	}
	defer f.Close()
	line, _ := bufio.NewReader(f).ReadBytes('\n')
	if json.Unmarshal(line, &e) != nil {
		return eventLine{}
	}
	return e
}
