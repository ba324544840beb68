package pipeline

import (
	"path/filepath"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// A restless is what a watch knows of inputs that change while they are used. A
// command that rewrites its own input would otherwise be run for ever: by the
// change that each run leaves behind, or, where the change cancels it before it
// ends, without ever coming to its end.
type restless struct {
	paths map[string]time.Time // Outcome.Restless of the run that ended last
	said  bool

	during    hints          // what was told of since the last run began
	cancelled map[string]int // runs in a row that a change of the path superseded
}

// end takes in how a run ended.
func (r *restless) end(out *Outcome) {
	r.paths, r.said = nil, false
	if out == nil || out.Superseded { // it left nodes for the next run, which is due whatever changed
		return
	}
	r.paths, r.cancelled = out.Restless, nil
}

// explains reports whether everything that was told of is what a node of the
// last run has failed of already: nothing would come of another run. A change
// that came in the few milliseconds after the node, by which a file system's
// clock lags behind, is taken for one of it; a later one, which may have come
// while other nodes were at work, is not.
func (r *restless) explains(h *hints) bool {
	if h.all || len(h.names) == 0 {
		return false
	}
	for name, m := range h.names {
		failed, ok := r.paths[name]
		if m != meansInput || !ok {
			return false
		}
		st, err := store.StatFile(name)
		if err != nil || max(st.Mtime, st.Ctime) > failed.UnixNano() {
			return false
		}
	}
	return true
}

// note takes in what was told of while a run is at work.
func (r *restless) note(h *hints) {
	for name, m := range h.names {
		r.during.note(name, m)
	}
	r.during.all = r.during.all || h.all
}

// mayCancel reports whether a change may supersede the run at work. One that has
// done so as often as a node is tried may not: then the run comes to its end,
// where the node's own attempts are counted.
func (r *restless) mayCancel(h *hints) bool {
	if r.cancelled == nil {
		r.cancelled = map[string]int{}
	}
	may := h.all || len(h.names) == 0
	for name, m := range h.names {
		r.cancelled[name]++
		may = may || m != meansInput || r.cancelled[name] <= maxAttempts
	}
	return may
}

// rests reports whether nothing is to run for what was told of, and says so once.
func (w *watcher) rests(h *hints) bool {
	if !w.restless.explains(h) {
		return false
	}
	if !w.restless.said {
		w.restless.said = true
		w.say(Event{Event: EventWarning, Message: h.text(w.ran.Plan.Dir) +
			" was changed by the run itself, or by others all the time that it ran: nothing runs again before the next change"})
	}
	return true
}

// pathOf is the absolute path of an input that people know by another name.
func (in *inspection) pathOf(show string) string {
	for i := range in.inputs {
		if in.inputs[i].Show == show {
			return in.inputs[i].Path
		}
	}
	return filepath.FromSlash(show)
}
