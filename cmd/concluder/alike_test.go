package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
)

func TestPattern(t *testing.T) {
	for _, test := range []struct{ err, instance, want string }{
		{`measurements: data/a.json: no record has "t"`, "a", `measurements: data/….json: no record has "t"`},
		{"a: a failed, as did aa and a_a", "a", "…: … failed, as did aa and a_a"},
		{"fit.py é/zwölf: exit status 1", "zwölf", "fit.py é/…: exit status 1"},
		{"out of memory", "", "out of memory"},
		{"out of memory", "heap-sort", "out of memory"},
	} {
		if got := pattern(test.err, test.instance); got != test.want {
			t.Errorf("%q of %q: got %q, want %q", test.err, test.instance, got, test.want)
		}
	}
}

// Failures that are alike are told twice, and others are not lost among them.
func TestProgressOfFailuresAlike(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, func() map[string]stages.Spent { return nil })
	p.event(pipeline.Event{Event: pipeline.EventRunStarted})
	fails := func(instance, err string) {
		p.event(pipeline.Event{Event: pipeline.EventNodeFinished, Stage: "load.points", Instance: instance, State: pipeline.Failed.String(), Error: err})
	}
	for i := range 30 {
		name := fmt.Sprint("i", i)
		fails(name, name+".csv: the header has no column \"t\"")
	}
	fails("z", "z.csv: the file is empty")
	const want = `failed: load.points/i0: i0.csv: the header has no column "t"
failed: load.points/i1: i1.csv: the header has no column "t"
failed: more of load.points alike; the end of the run counts them
failed: load.points/z: z.csv: the file is empty
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	p.event(pipeline.Event{Event: pipeline.EventRunStarted})
	fails("i0", "i0.csv: the header has no column \"t\"")
	if n := strings.Count(b.String(), "i0.csv"); n != 2 {
		t.Errorf("the next run's first failure is told %d times in all, want 2", n)
	}
}
