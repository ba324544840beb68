package pipeline

import (
	"fmt"
	"slices"
)

// Write writes an output that is at hand. It costs less than writing to the path
// that Output returns, which is read again to be digested; a task that asks for
// a path gains nothing by it. Different outputs may be written at once, and none
// when the node has ended. The error of the system is an *fs.PathError, and the
// node fails even if its kind goes on.
func (t *Task) Write(name string, b []byte) error {
	i := slices.IndexFunc(t.outputs, func(o privateOutput) bool { return o.name == name })
	if i < 0 {
		return fmt.Errorf("stage %s has no output %q", t.Stage, name)
	}
	o := &t.outputs[i]
	file, err := t.files.Write(o.path, b)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		file.Discard()
		return fmt.Errorf("stage %s writes its output %s after its end", t.Stage, name)
	}
	if tooManyFiles(err) { // because of those that this task keeps open?
		t.name()
		file, err = t.files.Write(o.path, b)
	}
	if o.file.Nameless() {
		o.file.Discard()
		t.held--
	}
	if !file.Nameless() || o.named || t.lent.Load() || t.held == mostHeld {
		o.named = true
		if err == nil {
			err = t.files.Name(&file)
		}
	} else {
		t.held++
	}
	o.file, o.written, o.failed = file, err == nil, err
	return err
}

// mostHeld is how many files without a name, each of which is an open one, a
// task has at once.
const mostHeld = 4

// name gives the files that were written their names in the private folder. The
// caller holds mu.
func (t *Task) name() {
	for i := range t.outputs {
		if o := &t.outputs[i]; o.file.Nameless() {
			o.named = true
			if err := t.files.Name(&o.file); err != nil {
				o.failed = err
			}
		}
	}
	t.held = 0
}

// lend notes that a path in the private folder is given away: from now on what
// was written is to be found there.
func (t *Task) lend() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lent.Store(true)
	if !t.ended {
		t.name()
	}
}

// over is called when the code of a task has ended, and when its node has: code
// that was abandoned may end later. From the first on nothing is written any
// more; then what was written and not published is given up.
func (t *Task) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.ended = true
		return
	}
	for i := range t.outputs {
		t.outputs[i].file.Discard()
	}
}
