package pipeline

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Only what a run has failed of already begins no other: not what changed
// since, nor another file beside it, nor the plan.
func TestRestlessExplains(t *testing.T) {
	dir := t.TempDir()
	in, other, gone := filepath.Join(dir, "in"), filepath.Join(dir, "other"), filepath.Join(dir, "gone")
	for _, p := range []string{in, other} {
		if err := os.WriteFile(p, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name  string
		out   *Outcome
		ended time.Duration // after now
		hints hints
		want  bool
	}{
		{"by the run", &Outcome{Restless: []string{in}}, time.Minute, hints{names: map[string]meaning{in: meansInput}}, true},
		{"since the run", &Outcome{Restless: []string{in}}, -time.Minute, hints{names: map[string]meaning{in: meansInput}}, false},
		{"and another", &Outcome{Restless: []string{in}}, time.Minute, hints{names: map[string]meaning{in: meansInput, other: meansInput}}, false},
		{"gone", &Outcome{Restless: []string{gone}}, time.Minute, hints{names: map[string]meaning{gone: meansInput}}, false},
		{"the plan too", &Outcome{Restless: []string{in}}, time.Minute, hints{names: map[string]meaning{in: meansPlan}}, false},
		{"more than is told", &Outcome{Restless: []string{in}}, time.Minute, hints{all: true, names: map[string]meaning{in: meansInput}}, false},
		{"nothing", &Outcome{Restless: []string{in}}, time.Minute, hints{}, false},
		{"nothing failed", &Outcome{}, time.Minute, hints{names: map[string]meaning{in: meansInput}}, false},
		{"it could not begin", nil, time.Minute, hints{names: map[string]meaning{in: meansInput}}, false},
	} {
		var r restless
		r.end(test.out)
		r.ended = time.Now().Add(test.ended)
		if got := r.explains(&test.hints); got != test.want {
			t.Errorf("%s: %t, want %t", test.name, got, test.want)
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
