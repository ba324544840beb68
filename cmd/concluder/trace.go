package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
)

// A tracer draws a run: it writes its events in the trace event format of
// Chrome, as a JSON array, which Perfetto and chrome://tracing open. The format
// allows the array to lack its end, so that the file of a killed run opens too;
// whole events are written at a time.
//
// There are two processes: the workers, one lane for each slot, and the network,
// one lane for each node that waits on it. What is no node's lies on lane 0 of
// the workers. It remembers the first error, since a run does not end because it
// cannot be drawn, and is safe for concurrent use.
type tracer struct {
	mu      sync.Mutex
	f       *os.File
	err     error
	buf     bytes.Buffer
	enc     *json.Encoder
	some    bool // an event was written
	began   time.Time
	reasons map[[2]string]string // of nodes at work, by stage and instance
	lanes   [3]int               // by process, those that have a name

	// The counter of nodes at work: as it stands and since when, and as it was
	// drawn last.
	count, counted pipeline.Progress
	since, drawn   time.Time
}

// The processes of a trace, and the lane of what is no node's.
const (
	traceWorkers = 1
	traceNetwork = 2
	traceEngine  = 0
)

const (
	traceBuffer = 64 << 10
	// The nodes at work are counted about so often, and where the number stays
	// the same for so long: finer than anybody sees, and less than the nodes
	// themselves take in the file.
	traceCounts = 5 * time.Millisecond
)

// A traceEvent is one event of the format. Times are microseconds.
type traceEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Time     float64        `json:"ts"`
	Duration *float64       `json:"dur,omitempty"` // of complete events
	Process  int            `json:"pid"`
	Lane     int            `json:"tid"`
	Scope    string         `json:"s,omitempty"` // of instant events: "p", the process
	Args     map[string]any `json:"args,omitempty"`
}

// newTracer creates the file. The caller closes it.
func newTracer(path, pipeline string) (*tracer, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	t := &tracer{f: f, began: time.Now(), reasons: map[[2]string]string{}}
	t.enc = json.NewEncoder(&t.buf)
	t.enc.SetEscapeHTML(false)
	t.buf.WriteString("[\n")
	t.name("process_name", traceWorkers, 0, pipeline+": workers")
	t.name("process_name", traceNetwork, 0, pipeline+": network")
	t.name("thread_name", traceWorkers, traceEngine, "engine")
	t.flush()
	return t, nil
}

func (t *tracer) at(when time.Time) float64 {
	return max(0, float64(when.Sub(t.began).Nanoseconds())/1000)
}

// put adds an event. All but the first follow a comma, so that the file is
// valid, but for its end, after each of them.
func (t *tracer) put(e traceEvent) {
	if t.err != nil {
		return
	}
	if t.some {
		t.buf.WriteByte(',')
	}
	t.some = true
	if t.err = t.enc.Encode(e); t.err == nil && t.buf.Len() >= traceBuffer {
		t.flush()
	}
}

func (t *tracer) flush() {
	if t.err == nil {
		_, t.err = t.f.Write(t.buf.Bytes())
	}
	t.buf.Reset()
}

// name names a process or a lane.
func (t *tracer) name(what string, process, lane int, name string) {
	t.put(traceEvent{Name: what, Phase: "M", Process: process, Lane: lane, Args: map[string]any{"name": name}})
}

// lane names the lanes up to this one, and returns its number in the file.
func (t *tracer) lane(process, lane int) int {
	for t.lanes[process] <= lane {
		t.lanes[process]++
		name := "worker "
		if process == traceNetwork {
			name = "waiting "
		}
		t.name("thread_name", process, t.lanes[process], name+strconv.Itoa(t.lanes[process]))
	}
	return lane + 1
}

// event draws what happened.
func (t *tracer) event(e pipeline.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e.Event {
	case pipeline.EventNodeStarted:
		t.reasons[[2]string{e.Stage, e.Instance}] = e.Reason
	case pipeline.EventNodeFinished:
		t.node(e, e.State)
		if len(e.Spans) == 0 {
			t.instant(e, e.State)
		}
	case pipeline.EventNodesCached:
		t.instant(e, "up to date")
	case pipeline.EventScanned:
		d := e.Seconds * 1e6
		t.put(traceEvent{Name: "scan", Category: "engine", Phase: "X", Time: max(0, t.at(e.Time)-d), Duration: &d, Process: traceWorkers, Lane: traceEngine})
	case pipeline.EventWarning:
		t.node(e, "again")
		t.instant(e, "warning")
	case pipeline.EventPaused, pipeline.EventBatch:
		t.instant(e, e.Event)
	case pipeline.EventProgress:
		t.resources(e)
	case pipeline.EventRunFinished:
		t.instant(e, "end")
	}
	t.nodes(e)
}

// node draws the spans of a node: on the CPU with everything that is known of
// it, on the network as waiting.
func (t *tracer) node(e pipeline.Event, state string) {
	key := [2]string{e.Stage, e.Instance}
	for _, s := range e.Spans {
		d := max(0, float64(s.To.Sub(s.From).Nanoseconds())/1000)
		ev := traceEvent{Name: nodeName(e.Stage, e.Instance), Category: e.Stage, Phase: "X", Time: t.at(s.From), Duration: &d,
			Process: traceWorkers, Args: map[string]any{"state": state}}
		if s.Network {
			ev.Process = traceNetwork
		}
		ev.Lane = t.lane(ev.Process, s.Lane)
		for name, value := range map[string]string{"instance": e.Instance, "reason": t.reasons[key], "status": e.Status, "error": e.Error} {
			if value != "" {
				ev.Args[name] = value
			}
		}
		t.put(ev)
	}
	if len(e.Spans) > 0 {
		delete(t.reasons, key)
	}
}

// instant draws something without a duration.
func (t *tracer) instant(e pipeline.Event, name string) {
	ev := traceEvent{Name: name, Category: e.Stage, Phase: "i", Time: t.at(e.Time), Process: traceWorkers, Lane: traceEngine, Scope: "p", Args: map[string]any{}}
	if e.Stage != "" {
		ev.Name = nodeName(e.Stage, e.Instance) + " " + name
	}
	if e.Total > 0 {
		ev.Args["total"] = e.Total
	}
	for arg, value := range map[string]string{"instance": e.Instance, "reason": e.Reason, "message": e.Message, "error": e.Error} {
		if value != "" {
			ev.Args[arg] = value
		}
	}
	t.put(ev)
}

func (t *tracer) counter(when time.Time, name string, args map[string]any) {
	t.put(traceEvent{Name: name, Phase: "C", Time: t.at(when), Process: traceWorkers, Args: args})
}

// nodes counts the nodes at work.
func (t *tracer) nodes(e pipeline.Event) {
	if e.Time.Sub(t.since) >= traceCounts {
		t.drawNodes()
	}
	if !sameAtWork(e.Progress, t.count) || t.since.IsZero() {
		t.count, t.since = e.Progress, e.Time
	}
	if e.Event == pipeline.EventRunFinished || e.Time.Sub(t.drawn) >= traceCounts {
		t.drawNodes()
	}
}

func sameAtWork(a, b pipeline.Progress) bool {
	return a.Running == b.Running && a.OnNetwork == b.OnNetwork
}

func (t *tracer) drawNodes() {
	if t.since.IsZero() || sameAtWork(t.count, t.counted) && !t.drawn.IsZero() {
		return
	}
	t.drawn, t.counted = t.since, t.count
	t.counter(t.since, "nodes at work", map[string]any{"on a slot": max(0, t.count.Running-t.count.OnNetwork), "on the network": t.count.OnNetwork})
}

// resources draws a reading.
func (t *tracer) resources(e pipeline.Event) {
	r := e.Resources
	if r == nil {
		return
	}
	const mega = 1e6
	t.counter(e.Time, "CPU", map[string]any{"processors": r.CPU})
	if r.RSS > 0 {
		t.counter(e.Time, "memory in use (MB)", map[string]any{"process": float64(r.RSS) / mega})
	}
	if r.MemoryTotal > 0 {
		t.counter(e.Time, "memory available (MB)", map[string]any{"machine": float64(r.MemoryAvailable) / mega})
	}
	if r.Files > 0 {
		t.counter(e.Time, "open files", map[string]any{"process": r.Files})
	}
}

// tick draws what no event tells, and hands everything to the file.
func (t *tracer) tick(spent map[string]stages.Spent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.drawNodes()
	if len(spent) > 0 {
		args := map[string]any{}
		for name, s := range spent {
			args[name] = s.InFlight
		}
		t.counter(now, "requests in flight", args)
	}
	t.flush()
}

// close ends the file, and returns what went wrong with it.
func (t *tracer) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.WriteString("]\n")
	t.flush()
	return errors.Join(t.err, t.f.Close())
}
