package pipeline

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func (w *world) status() *Status {
	w.t.Helper()
	s, err := ReadStatus(w.plan, w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestStatusBeforeTheFirstRun(t *testing.T) {
	w := newWorld(t, "a", "b")
	s := w.status()
	if s.LastRun != nil || s.Holder != nil || len(s.Stages) != 4 {
		t.Errorf("status %+v", s)
	}
	if st := s.Stages[0]; st.Nodes != 2 || st.Never != 2 || st.Done != 0 {
		t.Errorf("load.points: %+v", st)
	}
	if _, err := os.Stat(w.path(".concluder")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state directory was made: %v", err)
	}
}

func TestStatusCountsHowNodesEnded(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d")
	w.when("conclude", func(_ context.Context, task *Task) error {
		task.SetStatus("success")
		switch task.Instance {
		case "a":
			task.SetStatus("error")
			return errors.New("no")
		case "b":
			if err := w.writeAll(task); err != nil {
				return err
			}
			return &ProvisionalError{errors.New("server out of reach")}
		}
		return w.writeAll(task)
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	s := w.status()
	st := s.Stages[1]
	if st.Stage.Address() != "conclude.bound" || st.Done != 3 || st.Provisional != 1 || st.Failed != 1 || st.Never != 0 ||
		!maps.Equal(st.Statuses, map[string]int{"success": 3, "error": 1}) {
		t.Errorf("conclude.bound: %+v", st)
	}
	if st := s.Stages[2]; st.Skipped != 1 || st.Done != 3 {
		t.Errorf("plot.picture: %+v", st)
	}
	r := s.LastRun
	if r == nil || r.ID != out.Run || !r.Finished || r.Nodes != out.Nodes || r.Executed != out.Executed ||
		r.Failed != out.Failed || r.Skipped != out.Skipped || r.Cached != 0 || r.Duration <= 0 || !maps.Equal(r.Statuses, out.Statuses) {
		t.Errorf("last run %+v, want %+v", r, out)
	}

	w.when("conclude", nil)
	_, out, err = w.try()
	if err != nil {
		t.Fatal(err)
	}
	if r := w.status().LastRun; r.ID != out.Run || r.Cached != out.Cached || r.Executed != out.Executed {
		t.Errorf("last run %+v, want %+v", r, out)
	}
}

// During a run everything can be seen, and seeing it does not get in its way.
func TestStatusDuringARun(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.MaxWorkers = 2
	held, let := make(chan struct{}, 2), make(chan struct{})
	w.when("conclude", func(_ context.Context, task *Task) error {
		held <- struct{}{}
		<-let
		return w.writeAll(task)
	})
	done := make(chan error, 1)
	go func() {
		_, err := Run(context.Background(), w.plan, w.opts)
		done <- err
	}()
	<-held
	<-held
	// What happened is in the file at the next flush.
	s := w.status()
	for s.LastRun == nil || len(s.LastRun.Running) < 2 {
		s = w.status()
	}
	if s.Holder == nil || s.Holder.PID != os.Getpid() {
		t.Errorf("holder %+v, want this process", s.Holder)
	}
	r := s.LastRun
	concludes := slices.DeleteFunc(slices.Clone(r.Running), func(node string) bool { return !strings.HasPrefix(node, "conclude.bound/") })
	if r.Finished || r.Nodes != 10 || r.Executed < 2 || len(concludes) != 2 || len(r.Running) != 2 {
		t.Errorf("run %+v", r)
	}
	close(let)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s := w.status(); s.Holder != nil || !s.LastRun.Finished {
		t.Errorf("after the run: holder %+v, run %+v", s.Holder, s.LastRun)
	}
}

// Runs of other pipelines and damaged lines are passed over.
func TestStatusOfDamagedEvents(t *testing.T) {
	w := newWorld(t, "a")
	w.runs(all("a")...)
	want := w.status().LastRun.ID
	for name, text := range map[string]string{
		"29990101T000000-000001.jsonl": `{"event":"run_started","pipeline":"other-12345678","total":5}` + "\n",
		"29990101T000000-000002.jsonl": "",
		"29990101T000000-000003.jsonl": "\x00\xff{",
		"29990101T000000-000004.jsonl": "[]\n",
		"notes.txt":                    "mine",
	} {
		w.write(".concluder/runs/"+name, text)
	}
	if r := w.status().LastRun; r == nil || r.ID != want {
		t.Errorf("last run %+v, want %s", r, want)
	}
	// A run that was killed: its last line is torn, and nobody holds the lock.
	b := w.read(".concluder/runs/" + want + ".jsonl")
	lines := strings.SplitAfter(b, "\n")
	torn := strings.Join(lines[:3], "") + lines[3][:10]
	w.write(".concluder/runs/"+want+".jsonl", torn)
	s := w.status()
	if s.Holder != nil || s.LastRun == nil || s.LastRun.Finished || len(s.LastRun.Running) > 1 {
		t.Errorf("killed run: %+v", s.LastRun)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, ".concluder", "runs")); err != nil {
		t.Fatal(err)
	}
	if s := w.status(); s.LastRun != nil {
		t.Errorf("a run without events: %+v", s.LastRun)
	}
}
