package pipeline

import (
	"fmt"

	"github.com/concluder/concluder/pipeline/store"
)

// An UpstreamError says that a node could not do its work because one that it
// depends on failed.
type UpstreamError struct {
	Stage    string // "load.points"
	Instance string // "" for an aggregate node
	Status   string
	Text     string // what that node's error says
	Others   int    // how many other instances of the stage failed as well

	chained bool // that node could not run either: Text names the one that failed
}

func (e *UpstreamError) Error() string {
	switch {
	case e.Others > 0:
		return fmt.Sprintf("%s failed for %s and %d more: %s", e.Stage, e.Instance, e.Others, e.Text)
	case e.chained:
		return e.Text
	}
	return e.Stage + " failed: " + e.Text
}

// obstacle returns why a node cannot run although everything it depends on has
// ended: something failed, or did not run. stale says that something is not
// what it would be now.
func (e *inspector) obstacle(stage, instance int) (failed *UpstreamError, waits string, stale bool) {
	rs := &e.l.stages[stage]
	for _, need := range rs.needs {
		ns := &e.l.stages[need]
		first, after := instance, instance+1
		if !rs.PerInstance && ns.PerInstance {
			first, after = 0, len(e.l.instances)
		}
		for i := first; i < after; i++ {
			w := e.words.get(e.l.node(need, i))
			stale = stale || w.has(wordStale)
			switch w.shown() {
			case Failed, Skipped:
				if failed != nil {
					if failed.Stage == ns.address {
						failed.Others++
					}
					continue
				}
				v := e.view(need, i)
				failed = &UpstreamError{Stage: ns.address, Instance: v.instance, Status: v.status, Text: v.err, chained: w.shown() == Skipped}
			case NotRun:
				switch {
				case waits != "":
				case w.has(wordSelected):
					waits = e.view(need, i).err
				default:
					waits = ns.address + " has never run and is not selected"
				}
			case Done:
				if w.has(wordStale) && waits == "" {
					waits = ns.address + " is not up to date and not selected"
				}
			}
		}
	}
	return failed, waits, stale
}

// recorded ends a node that is not selected as its last record says.
func recorded(node int, rec store.Record, known, stale bool) ending {
	shown := State(rec.State)
	if !known || shown != Done && shown != Failed && shown != Skipped {
		shown, stale = NotRun, false
	}
	return ending{node: node, state: NotRun, shown: shown, stale: stale, note: "not selected"}
}

// unselected ends a node that is not selected and whose dependencies are whole.
func (e *inspector) unselected(in *inspection) ending {
	stale := in.stale
	if in.known && in.last.State == uint8(Failed) {
		stale = in.err != nil || in.key != in.last.Key
	}
	return recorded(in.node, *in.last, in.known, stale)
}
