package pipeline

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Only what a node has failed of already begins no other run: not what changed
// since, even while others ran, nor another file beside it, nor the plan.
func TestRestlessExplains(t *testing.T) {
	dir := t.TempDir()
	in, other, gone := filepath.Join(dir, "in"), filepath.Join(dir, "other"), filepath.Join(dir, "gone")
	for _, p := range []string{in, other} {
		if err := os.WriteFile(p, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name   string
		failed time.Duration // after now; 0: nothing failed of a restless input
		of     string
		hints  hints
		want   bool
	}{
		{"by the node", time.Minute, in, hints{names: map[string]meaning{in: meansInput}}, true},
		{"since the node", -time.Minute, in, hints{names: map[string]meaning{in: meansInput}}, false},
		{"and another", time.Minute, in, hints{names: map[string]meaning{in: meansInput, other: meansInput}}, false},
		{"gone", time.Minute, gone, hints{names: map[string]meaning{gone: meansInput}}, false},
		{"the plan too", time.Minute, in, hints{names: map[string]meaning{in: meansPlan}}, false},
		{"more than is told", time.Minute, in, hints{all: true, names: map[string]meaning{in: meansInput}}, false},
		{"nothing", time.Minute, in, hints{}, false},
		{"nothing failed", 0, "", hints{names: map[string]meaning{in: meansInput}}, false},
	} {
		out := &Outcome{}
		if test.failed != 0 {
			out.Restless = map[string]time.Time{test.of: time.Now().Add(test.failed)}
		}
		var r restless
		r.end(out)
		if got := r.explains(&test.hints); got != test.want {
			t.Errorf("%s: %t, want %t", test.name, got, test.want)
		}
		r.end(&Outcome{Restless: out.Restless, Superseded: true}) // it did not come to its end
		if r.explains(&test.hints) {
			t.Errorf("%s: explained by a run that left nodes for the next one", test.name)
		}
		r.end(nil) // it could not begin
		if r.explains(&test.hints) {
			t.Errorf("%s: explained by a run that could not begin", test.name)
		}
	}
}

// A file may cancel run after run as often as a node is tried; a run that came
// to its end begins the count anew, and what shapes the plan always may.
func TestRestlessMayCancel(t *testing.T) {
	var r restless
	input := &hints{names: map[string]meaning{"in": meansInput}}
	cancels := func() (n int) {
		for range 20 {
			if !r.mayCancel(input) {
				return n
			}
			n++
			r.end(&Outcome{Superseded: true})
		}
		return n
	}
	if n := cancels(); n != maxAttempts {
		t.Errorf("it cancelled %d runs, want %d", n, maxAttempts)
	}
	if !r.mayCancel(&hints{names: map[string]meaning{"in": meansInput, "pipeline.hcl": meansPlan}}) || !r.mayCancel(&hints{all: true}) {
		t.Error("a change of the plan may not cancel")
	}
	r.end(&Outcome{})
	if n := cancels(); n != maxAttempts {
		t.Errorf("after a run that came to its end it cancelled %d, want %d", n, maxAttempts)
	}
}

// That nothing runs again is said, once after each run.
func TestRestIsSaid(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.WriteFile(in, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	var said []string
	w := &watcher{ran: &Watched{Plan: &Plan{Dir: dir}}}
	w.opts.Observe = func(e Event) { said = append(said, e.Event+": "+e.Message) }
	hint := &hints{names: map[string]meaning{in: meansInput}}
	failed := &Outcome{Restless: map[string]time.Time{in: time.Now().Add(time.Minute)}}
	for range 2 {
		w.restless.end(failed)
		said = nil
		for range 3 {
			if !w.rests(hint) {
				t.Fatal("a change by the run itself begins another")
			}
		}
		if want := "warning: in was changed by the run itself, or by others all the time that it ran: nothing runs again before the next change"; len(said) != 1 || said[0] != want {
			t.Errorf("said %q, want once %q", said, want)
		}
	}
	w.restless.end(&Outcome{})
	said = nil
	if w.rests(hint) || len(said) > 0 {
		t.Errorf("a change from outside begins no run; said %q", said)
	}
}
