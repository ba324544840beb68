package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// traced reads a trace. One whose end is missing is read up to there.
func traced(t *testing.T, file string, ended bool) []traceEvent {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !ended {
		if bytes.HasSuffix(b, []byte("]\n")) {
			t.Error("the trace has an end")
		}
		b = append(b, ']')
	}
	var events []traceEvent
	if err := json.Unmarshal(b, &events); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return events
}

type traceLane struct{ process, lane int }

// spansOf gathers the complete events by lane, and fails where two overlap.
func spansOf(t *testing.T, events []traceEvent) map[traceLane][]traceEvent {
	t.Helper()
	lanes := map[traceLane][]traceEvent{}
	for _, e := range events {
		if e.Phase == "X" {
			l := traceLane{e.Process, e.Lane}
			for _, o := range lanes[l] {
				if e.Time < o.Time+*o.Duration && o.Time < e.Time+*e.Duration {
					t.Errorf("on lane %+v %s and %s overlap", l, o.Name, e.Name)
				}
			}
			lanes[l] = append(lanes[l], e)
		}
	}
	return lanes
}

func TestTrace(t *testing.T) {
	s := llmtest.New(llmtest.Config{Latency: 20 * time.Millisecond})
	defer s.Close()
	dir := t.TempDir()
	const n, workers, flight = 30, 3, 5
	writeStudy(t, dir, n, fmt.Sprintf("base_url = %q\nmodel = \"m\"\nlimits { in_flight = %d }", s.URL, flight))
	if code, said := runProgram(t, dir, "run", "--trace", "trace.json", "--max-workers", fmt.Sprint(workers)); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	events := traced(t, filepath.Join(dir, "trace.json"), true)
	named := map[traceLane]bool{}
	counters := map[string]bool{}
	for _, e := range events {
		switch {
		case e.Phase == "M" && e.Name == "thread_name":
			named[traceLane{e.Process, e.Lane}] = true
		case e.Phase == "C":
			counters[e.Name] = true
		}
		if e.Time < 0 || e.Process != traceWorkers && e.Process != traceNetwork {
			t.Errorf("%+v", e)
		}
	}
	nodes, waits := map[string]float64{}, map[string]bool{}
	for lane, spans := range spansOf(t, events) {
		if !named[lane] || lane.process == traceWorkers && lane.lane > workers {
			t.Errorf("lane %+v of %d workers: named %t", lane, workers, named[lane])
		}
		for _, e := range spans {
			if lane.lane == traceEngine {
				continue
			}
			stage, instance, _ := strings.Cut(e.Name, "/")
			if e.Category != stage || instance != "" && e.Args["instance"] != instance || e.Args["state"] != "done" || e.Args["reason"] != "never ran" ||
				stage == "conclude.bound" && e.Args["status"] != "success" {
				t.Errorf("%+v", e)
			}
			nodes[e.Name] += *e.Duration
			if lane.process == traceNetwork {
				waits[e.Name] = true
				if *e.Duration < 20e3 {
					t.Errorf("%s waited %v µs for an answer that takes 20 ms", e.Name, *e.Duration)
				}
			}
		}
	}
	if len(nodes) != 2*n+1 || len(waits) != n {
		t.Errorf("%d nodes were drawn, %d of them on the network, want %d and %d", len(nodes), len(waits), 2*n+1, n)
	}
	if !counters["nodes at work"] {
		t.Errorf("counters %v", counters)
	}
	is := func(name, phase string) func(traceEvent) bool {
		return func(e traceEvent) bool { return e.Name == name && e.Phase == phase }
	}
	if !slices.ContainsFunc(events, is("scan", "X")) || !slices.ContainsFunc(events, is("end", "i")) {
		t.Error("no scan, or no end")
	}

	// The second time there is nothing to draw but that.
	if code, said := runProgram(t, dir, "run", "--trace", "trace.json"); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	events = traced(t, filepath.Join(dir, "trace.json"), true)
	upToDate := 0.0
	for _, e := range events {
		if strings.HasSuffix(e.Name, " up to date") && e.Phase == "i" {
			upToDate += e.Args["total"].(float64)
		}
	}
	if lanes := spansOf(t, events); upToDate != 2*n+1 || len(lanes) != 1 {
		t.Errorf("%v nodes up to date on %d lanes, want %d and the engine's alone", upToDate, len(lanes), 2*n+1)
	}
}

// The trace of a run that is killed opens, and shows what was until then.
func TestTraceOfAKilledRun(t *testing.T) {
	enough := make(chan struct{})
	s := llmtest.New(llmtest.Config{Latency: 100 * time.Millisecond, Script: func(r llmtest.Request) llmtest.Fault {
		if r.N == 25 { // one after the other they take longer than the file lags behind
			close(enough)
		}
		return llmtest.None
	}})
	defer s.Close()
	dir := t.TempDir()
	writeStudy(t, dir, 40, fmt.Sprintf("base_url = %q\nmodel = \"m\"\nlimits { in_flight = 1 }", s.URL))
	cmd, _ := program(t, dir, "run", "--trace", "trace.json")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-enough
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // says that it was killed
	events := traced(t, filepath.Join(dir, "trace.json"), false)
	lanes := spansOf(t, events)
	if len(lanes[traceLane{traceNetwork, 1}]) == 0 || !slices.ContainsFunc(events, func(e traceEvent) bool { return e.Name == "requests in flight" }) {
		t.Errorf("%d events on %d lanes, no answer or no counter among them", len(events), len(lanes))
	}
}

// A node that runs once more, one that did not run, and readings.
func TestTracer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace.json")
	tr, err := newTracer(file, "test")
	if err != nil {
		t.Fatal(err)
	}
	at := func(ms int) time.Time { return tr.began.Add(time.Duration(ms) * time.Millisecond) }
	span := func(network bool, lane, from, to int) pipeline.Span {
		return pipeline.Span{Network: network, Lane: lane, From: at(from), To: at(to)}
	}
	for _, e := range []pipeline.Event{
		{Event: pipeline.EventNodeStarted, Stage: "load.a", Instance: "x y", Reason: "size <1>", Time: at(1), Progress: pipeline.Progress{Running: 1}},
		{Event: pipeline.EventWarning, Stage: "load.a", Instance: "x y", Message: "again", Time: at(20), Spans: []pipeline.Span{span(false, 1, 1, 20)}},
		{Event: pipeline.EventNodeStarted, Stage: "load.a", Instance: "x y", Reason: "size <1>", Time: at(21), Progress: pipeline.Progress{Running: 1}},
		{Event: pipeline.EventNodeFinished, Stage: "load.a", Instance: "x y", State: "failed", Error: "no \"file\"", Time: at(60),
			Spans: []pipeline.Span{span(false, 0, 21, 30), span(true, 2, 30, 50), span(false, 1, 50, 60)}},
		{Event: pipeline.EventNodeFinished, Stage: "plot.b", Instance: "x y", State: "skipped", Message: "load.a failed", Time: at(61)},
		{Event: pipeline.EventBatch, Total: 7, Reason: "room", Time: at(62)},
	} {
		tr.event(e)
	}
	if err := tr.close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range traced(t, file, true) {
		line := fmt.Sprintf("%s %d/%d %v %s", e.Phase, e.Process, e.Lane, e.Time/1000, e.Name)
		if e.Duration != nil {
			line += fmt.Sprintf(" +%v", *e.Duration/1000)
		}
		got = append(got, fmt.Sprint(line, " ", e.Args))
	}
	want := []string{
		"M 1/0 0 process_name map[name:test: workers]",
		"M 2/0 0 process_name map[name:test: network]",
		"M 1/0 0 thread_name map[name:engine]",
		"C 1/0 1 nodes at work map[on a slot:1 on the network:0]",
		"M 1/1 0 thread_name map[name:worker 1]",
		"M 1/2 0 thread_name map[name:worker 2]",
		"X 1/2 1 load.a/x y +19 map[instance:x y reason:size <1> state:again]",
		"i 1/0 20 load.a/x y warning map[instance:x y message:again]",
		"C 1/0 20 nodes at work map[on a slot:0 on the network:0]",
		"X 1/1 21 load.a/x y +9 map[error:no \"file\" instance:x y reason:size <1> state:failed]",
		"M 2/1 0 thread_name map[name:waiting 1]",
		"M 2/2 0 thread_name map[name:waiting 2]",
		"M 2/3 0 thread_name map[name:waiting 3]",
		"X 2/3 30 load.a/x y +20 map[error:no \"file\" instance:x y reason:size <1> state:failed]",
		"X 1/2 50 load.a/x y +10 map[error:no \"file\" instance:x y reason:size <1> state:failed]",
		"C 1/0 21 nodes at work map[on a slot:1 on the network:0]",
		"C 1/0 60 nodes at work map[on a slot:0 on the network:0]",
		"i 1/0 61 plot.b/x y skipped map[instance:x y message:load.a failed]",
		"i 1/0 62 batch map[reason:room total:7]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A run does not end because it cannot be drawn, but says so.
func TestTraceThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	s := llmtest.New(llmtest.Config{})
	defer s.Close()
	writeStudy(t, dir, 2, fmt.Sprintf("base_url = %q\nmodel = \"m\"", s.URL))
	for _, test := range []struct {
		args string
		code int
		want string
		runs bool
	}{
		{"--trace nosuch/trace.json", exitFault, "the trace cannot be written: open nosuch/trace.json", false},
		{"--trace t.json --dry-run", exitWrong, "--trace and --dry-run exclude each other", false},
		{"--trace /dev/full", exitFault, "the trace: write /dev/full: no space left on device", true},
	} {
		if _, err := os.Stat("/dev/full"); err != nil && test.runs {
			t.Skip("there is no full device")
		}
		args := append([]string{"run", "--instances", "i0000"}, strings.Fields(test.args)...)
		code, said := runProgram(t, dir, args...)
		if _, err := os.Stat(filepath.Join(dir, "results", "datasets", "i0000.json")); code != test.code || !strings.Contains(said, test.want) || (err == nil) != test.runs {
			t.Errorf("%s: exit code %d, want %d; dataset: %v\n%s", test.args, code, test.code, err, said)
		}
	}
}

// BenchmarkTrace is what a node costs that is drawn: time, and bytes of file.
func BenchmarkTrace(b *testing.B) {
	file := filepath.Join(b.TempDir(), "trace.json")
	tr, err := newTracer(file, "bench")
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		at := tr.began.Add(time.Duration(n) * 30 * time.Microsecond)
		instance := fmt.Sprintf("i%07d", n)
		tr.event(pipeline.Event{Event: pipeline.EventNodeStarted, Stage: "load.points", Instance: instance, Reason: "never ran", Time: at, Progress: pipeline.Progress{Running: 1}})
		end := at.Add(25 * time.Microsecond)
		tr.event(pipeline.Event{Event: pipeline.EventNodeFinished, Stage: "load.points", Instance: instance, State: "done", Status: "success", Time: end,
			Spans: []pipeline.Span{{From: at, To: end}}})
		n++
	}
	if err := tr.close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(n), "B/node")
}
