package pipeline

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFinishedLine(t *testing.T) {
	o := &Outcome{Nodes: 7, Executed: 4, Cached: 1, Failed: 1, Skipped: 1, Run: "r",
		Counts: map[string]int64{"requests": 3, "tokens": 9}, Duration: 1500 * time.Millisecond,
		Statuses: map[string]int{"success": 2, "error": 1}, Paused: "quota"}
	b, err := json.Marshal(Event{Event: EventRunFinished, Run: "r", Time: time.Now(), Outcome: o})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"event":"run_finished","nodes":7,"executed":4,"cached":1,"failed":1,"skipped":1,"requests":3,"duration_seconds":1.5,"statuses":{"error":1,"success":2}}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	b, err = json.Marshal(&Event{Event: EventRunFinished, Outcome: &Outcome{}})
	if err != nil || !strings.HasSuffix(string(b), `"requests":0,"duration_seconds":0,"statuses":{}}`) {
		t.Errorf("an empty outcome: %s, %v", b, err)
	}
}

// eventLines reads the events of a run back.
func eventLines(t *testing.T, path string) []map[string]any {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []map[string]any
	for s := bufio.NewScanner(f); s.Scan(); {
		var m map[string]any
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
		out = append(out, m)
	}
	return out
}

func TestEventsOfARun(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.MaxWorkers = 1
	w.opts.Program = "1.2"
	w.failFor("conclude", errors.New("no model"), "b")
	var seen []Event
	w.opts.Observe = func(e Event) { seen = append(seen, e) }
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range seen {
		got = append(got, strings.TrimRight(strings.Join([]string{e.Event, e.Stage, e.Instance, e.State, e.Reason, e.Error}, " "), " "))
	}
	want := []string{
		"run_started", "scanned",
		"node_started load.points a  never ran", "node_finished load.points a done",
		"node_started conclude.bound a  never ran", "node_finished conclude.bound a done",
		"node_started plot.picture a  never ran", "node_finished plot.picture a done",
		"node_started load.points b  never ran", "node_finished load.points b done",
		"node_started conclude.bound b  never ran", "node_finished conclude.bound b failed  no model",
		"node_finished plot.picture b skipped  conclude.bound failed: no model",
		"node_started load.points c  never ran", "node_finished load.points c done",
		"node_started conclude.bound c  never ran", "node_finished conclude.bound c done",
		"node_started plot.picture c  never ran", "node_finished plot.picture c done",
		"node_started report.all   never ran", "node_finished report.all  done",
		"run_finished",
	}
	if !slices.Equal(got, want) {
		t.Errorf("events:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	last := seen[len(seen)-1]
	if last.Outcome != out {
		t.Error("run_finished does not carry the outcome")
	}
	if want := (Progress{Instances: 3, InstancesDone: 3, Nodes: 10, Executed: 8, Failed: 1, Skipped: 1}); last.Progress != want {
		t.Errorf("progress %+v, want %+v", last.Progress, want)
	}
	for i, e := range seen {
		if p := e.Progress; p.Running < 0 || p.Running > 1 || p.InstancesDone > p.Instances {
			t.Errorf("event %d: progress %+v", i, p)
		}
		if i > 0 && e.Time.Before(seen[i-1].Time) {
			t.Errorf("event %d is earlier than the one before", i)
		}
	}
	// The same lines are kept with the state.
	lines := eventLines(t, w.path(filepath.Join(stateDirName, "runs", out.Run+".jsonl")))
	if len(lines) != len(seen) || lines[len(lines)-1]["event"] != EventRunFinished {
		t.Errorf("%d lines kept for %d events: %v", len(lines), len(seen), lines[len(lines)-1])
	}

	seen = nil
	w.opts.Observe = func(e Event) { seen = append(seen, e) }
	w.when("conclude", nil)
	w.try()
	w.try() // the second time what is up to date is told in bulk
	cached := 0
	for _, e := range seen[len(seen)-6:] {
		if e.Event == EventNodesCached {
			cached += e.Total
		}
	}
	if cached != 10 {
		t.Errorf("%d nodes were said to be up to date, want 10", cached)
	}
}

func TestPauseIsAnEventOnce(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.when("conclude", func(context.Context, *Task) error { return &PauseError{errors.New("quota")} })
	n := 0
	w.opts.Observe = func(e Event) {
		if e.Event == EventPaused {
			n++
			if e.Message != "quota" {
				t.Errorf("paused: %q", e.Message)
			}
		}
	}
	w.try()
	if n != 1 {
		t.Errorf("%d pauses, want 1", n)
	}
}
