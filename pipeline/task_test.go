package pipeline

import "testing"

// A task of no run has no log, unless its setup says so: a command that a test
// runs writes none where nobody looks for it.
func TestLogOfATaskOfNoRun(t *testing.T) {
	for _, setup := range []TaskSetup{{}, {File: "a"}, {Log: "logs/a.log"}, {File: "a", Log: "logs/a.log"}} {
		if got := NewTask(setup).Log(); got != setup.Log {
			t.Errorf("of %+v: %q", setup, got)
		}
	}
}
