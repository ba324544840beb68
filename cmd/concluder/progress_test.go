package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/pipeline/resource"
	"github.com/concluder/concluder/stages"
)

func TestProgressTellsResources(t *testing.T) {
	plenty := resource.Reading{CPU: 1.94, CPUs: 2, RSS: 310e6, MemoryAvailable: 8e9, MemoryTotal: 16e9, Files: 10, FilesLimit: 100}
	files, memory := plenty, plenty
	files.Files = 93
	memory.MemoryAvailable = 1e9
	memory.Results = &resource.Disk{Free: 120e6, Total: 1e12}
	tests := []struct {
		r    *resource.Reading
		want string
	}{
		{nil, "1/3 instances, 2 running, 0 failed, 1 cached, 0.5 nodes/s, 8s left"},
		{&resource.Reading{CPU: 1}, "8s left, 1.0 CPU"},
		{&plenty, "8s left, 1.9 CPU, 310.0 MB"},
		{&files, "8s left, 1.9 CPU, 310.0 MB, scarce: 93 of 100 files open"},
		{&memory, "310.0 MB, scarce: 1.0 GB of 16.0 GB memory available, scarce: 120.0 MB left on the disk of the results"},
	}
	for _, test := range tests {
		var b bytes.Buffer
		p := newProgress(&b, func() map[string]stages.Spent { return nil })
		now := time.Unix(1e9, 0)
		p.now = func() time.Time { return now }
		at := pipeline.Progress{Instances: 3, InstancesDone: 1, Nodes: 10, Executed: 5, Cached: 1, Running: 2}
		p.event(pipeline.Event{Event: pipeline.EventRunStarted, Progress: at})
		now = now.Add(10 * time.Second)
		p.event(pipeline.Event{Event: pipeline.EventProgress, Progress: at, Resources: test.r})
		if got := strings.TrimSuffix(b.String(), "\n"); !strings.HasSuffix(got, test.want) || strings.Contains(got, "\n") {
			t.Errorf("got  %q\nwant %q", got, test.want)
		}
	}
}

// What concerns one node after the other does not bury the rest.
func TestProgressLimitsWarnings(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, func() map[string]stages.Spent { return nil })
	for i := range 30 {
		p.event(pipeline.Event{Event: pipeline.EventWarning, Stage: "exec.fit", Instance: fmt.Sprint("i", i), Message: "odd"})
	}
	p.event(pipeline.Event{Event: pipeline.EventWarning, Message: "the disk"})
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 12 || lines[0] != "warning: exec.fit/i0: odd" || !strings.HasPrefix(lines[10], "more warnings follow") || lines[11] != "warning: the disk" {
		t.Errorf("%d lines:\n%s", len(lines), b.String())
	}
}
