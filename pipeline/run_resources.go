package pipeline

import (
	"fmt"
	"syscall"
	"time"

	"github.com/concluder/concluder/pipeline/resource"
)

// readEvery is how often resources are read while nodes are at work: seldom
// enough that the events of a long run stay small, often enough to follow
// memory that fills up.
const readEvery = 2 * time.Second

// supplies is what the scheduler knows of the resources.
type supplies struct {
	crowd
	autoBatch bool
	over      chan struct{} // closed when the scheduler takes no more messages
	reading   bool          // resources are being read
	readings  int
	warned    map[string]bool // by resource.Shortage.What
}

// startReading reads resources from the first node at work on, so that a run
// with nothing to do reads none. A file system that does not answer holds up
// the readings alone.
func (r *run) startReading() {
	if r.reading {
		return
	}
	r.reading, r.warned = true, map[string]bool{}
	if r.autoBatch {
		r.emit(Event{Event: EventBatch, Total: r.window, Reason: "the beginning: twice what can be at work at once"})
	}
	meter := resource.NewMeter(r.results, r.opts.StateDir, r.opts.cpus())
	go func() {
		tick := time.NewTicker(readEvery)
		defer tick.Stop()
		for {
			m := meter.Read()
			select {
			case r.messages <- message{reading: &m}:
			case <-r.over:
				return
			}
			select {
			case <-tick.C:
			case <-r.over:
				return
			}
		}
	}()
}

// takeReading warns of what is about to run out, once of each, and adapts the
// window. The first reading is only for that: a short run says nothing more.
func (r *run) takeReading(m *resource.Reading) {
	for _, s := range m.Scarce() {
		if !r.warned[s.What] {
			r.warned[s.What] = true
			r.emit(Event{Event: EventWarning, Message: s.Short + ": " + s.Help})
		}
	}
	if r.autoBatch {
		r.adaptBatch(*m)
	}
	if r.readings++; r.readings > 1 {
		r.emit(Event{Event: EventProgress, Resources: m})
	}
}

// orFullDisk returns the error of a node that failed, or says that it is a full
// disk, which a command has no other way to tell than in words. Asked while what
// the node wrote is still there.
func (r *run) orFullDisk(err error) error {
	if faultOfRun(err) || !resource.Full(r.results) {
		return err
	}
	return fmt.Errorf("the disk of the results is full (%w): %w", syscall.ENOSPC, err)
}
