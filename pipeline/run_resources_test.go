package pipeline

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"context"
)

// While nodes are at work their resources are told now and then.
func TestProgressEvents(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.opts.MaxWorkers = 1
	synctest.Test(t, func(t *testing.T) {
		w.when("load", func(_ context.Context, task *Task) error {
			time.Sleep(5 * time.Second)
			return w.writeAll(task)
		})
		var seen []Event
		var began time.Time
		w.opts.Observe = func(e Event) {
			switch e.Event {
			case EventRunStarted:
				began = e.Time
			case EventProgress:
				seen = append(seen, e)
			}
		}
		if _, _, err := w.try(); err != nil {
			t.Fatal(err)
		}
		if len(seen) != 4 && len(seen) != 5 { // in 10 s; the last one may come too late
			t.Fatalf("%d events in 10 s, want one every 2 s", len(seen))
		}
		for i, e := range seen {
			if at := e.Time.Sub(began); at != time.Duration(2*(i+1))*time.Second {
				t.Errorf("event %d after %s", i, at)
			}
			if e.Resources == nil || e.Resources.CPUs < 1 {
				t.Errorf("event %d: resources %+v", i, e.Resources)
			}
		}
		b, err := json.Marshal(seen[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"event":"progress"`, `"resources":{"cpu":`, `"progress":{"instances":2,"instances_done":0,"nodes":7,"executed":0,`, `"running":1,"on_network":0}`} {
			if !strings.Contains(string(b), want) {
				t.Errorf("no %s in %s", want, b)
			}
		}
		// … and where nothing is at work none are read.
		seen = nil
		if _, _, err := w.try(); err != nil || len(seen) != 0 {
			t.Errorf("nothing to do: %v, %d events", err, len(seen))
		}
	})
}

// Spans tell where every node was at work, and never two at once on one lane.
func TestSpans(t *testing.T) {
	w := newWorld(t, names20...)
	w.opts.MaxWorkers, w.opts.MaxWaiting = 3, 5
	synctest.Test(t, func(t *testing.T) {
		var network most
		w.asking(&network)
		w.when("plot", func(_ context.Context, task *Task) error {
			time.Sleep(time.Second)
			return w.writeAll(task)
		})
		type lane struct {
			network bool
			n       int
		}
		lanes := map[lane][]Span{}
		var began time.Time
		nodes := 0
		w.opts.Observe = func(e Event) {
			if e.Event == EventRunStarted {
				began = e.Time
			}
			if e.Event != EventNodeFinished {
				return
			}
			nodes++
			var sum, waited time.Duration
			for i, s := range e.Spans {
				if s.To.Before(s.From) || s.From.Before(began) || s.To.After(e.Time) || i > 0 && s.From.Before(e.Spans[i-1].To) {
					t.Errorf("%s %s: span %+v in %+v", e.Stage, e.Instance, s, e.Spans)
				}
				sum += s.To.Sub(s.From)
				if s.Network {
					waited += s.To.Sub(s.From)
				}
				lanes[lane{s.Network, s.Lane}] = append(lanes[lane{s.Network, s.Lane}], s)
			}
			want, asks := time.Duration(0), time.Duration(0)
			switch e.Stage {
			case "plot.picture":
				want = time.Second
			case "conclude.bound":
				want, asks = sum, time.Second // the wait for a place on the network counts
			}
			if sum != want || waited != asks {
				t.Errorf("%s %s: spans of %s, %s of them on the network, want %s and %s", e.Stage, e.Instance, sum, waited, want, asks)
			}
		}
		if _, out, err := w.try(); err != nil || nodes != out.Executed || nodes != 61 {
			t.Fatalf("%d nodes, %+v, %v", nodes, out, err)
		}
		for l, spans := range lanes {
			if l.n >= 3 && !l.network || l.n >= 5 {
				t.Errorf("lane %+v, with 3 slots and 5 places", l)
			}
			for i, a := range spans {
				for _, b := range spans[:i] {
					if a.From.Before(b.To) && b.From.Before(a.To) {
						t.Errorf("lane %+v: %+v and %+v overlap", l, a, b)
					}
				}
			}
		}
		if len(lanes) != 8 {
			t.Errorf("%d lanes were used, want 8", len(lanes))
		}
	})
}

func TestScanIsTold(t *testing.T) {
	w := newWorld(t, names20...)
	count := func() (scans int) {
		w.opts.Observe = func(e Event) {
			if e.Event == EventScanned {
				scans++
				if e.Seconds <= 0 || e.Seconds > 60 {
					t.Errorf("scanned in %v s", e.Seconds)
				}
			}
		}
		if _, _, err := w.try(); err != nil {
			t.Fatal(err)
		}
		return scans
	}
	for _, what := range []string{"first", "second"} {
		if n := count(); n != 1 {
			t.Errorf("%s run: %d scans", what, n)
		}
	}
}
