package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// unwritableDir, when set in the environment, makes TestUnwritableChild run in
// that folder, as a user whom permissions bind.
const unwritableDir = "PIPELINE_TEST_UNWRITABLE_DIR"

// Results that cannot be written are a fault of the run, as a full disk is, not
// of the instances that meet it first.
func TestResultsThatCannotBeWritten(t *testing.T) {
	dir, err := os.MkdirTemp("", "unwritable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	child := exec.Command("/proc/self/exe", "-test.run=^TestUnwritableChild$", "-test.v")
	child.Dir = dir
	child.Env = append(os.Environ(), unwritableDir+"="+dir, "TMPDIR="+dir)
	asOrdinaryUser(child)
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestUnwritableChild(t *testing.T) {
	dir := os.Getenv(unwritableDir)
	if dir == "" {
		t.Skip("started by TestResultsThatCannotBeWritten")
	}
	tests := []struct {
		name   string
		folder string // made read-only when the run has begun
		want   string
	}{
		{"staging", "results", "load.points: the results directory cannot be written: "},
		{"publishing", "results/load", "load.points: its output out cannot be written to "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, "a", "b", "c")
			w.opts.MaxWorkers = 1
			hook := false
			w.kind("load").Failed = func(task *Task, _ error) error {
				hook = true
				return w.writeAll(task)
			}
			if err := os.MkdirAll(w.path(test.folder), 0o777); err != nil {
				t.Fatal(err)
			}
			w.opts.Observe = func(e Event) { // what a run needs at its beginning is there
				if e.Event != EventRunStarted {
					return
				}
				if err := os.Chmod(w.path(test.folder), 0o555); err != nil {
					t.Error(err)
				}
			}
			_, out, err := w.try()
			if err := os.Chmod(w.path(test.folder), 0o755); err != nil {
				t.Fatal(err)
			}
			if !errors.Is(err, fs.ErrPermission) || out == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("outcome %+v, error %v, want %q", out, err, test.want)
			}
			if out.Failed != 1 || out.Executed != 0 || hook {
				t.Errorf("failed %d, executed %d, Failed hook called %t", out.Failed, out.Executed, hook)
			}
			w.opts.Observe = nil
			w.runs(all("a", "b", "c")...)
			w.runs()
		})
	}

	// A cache that may not be read, or written, is done without.
	cache := newWorld(t, "a", "b")
	cache.age()
	cache.runs(all("a", "b")...)
	if err := os.Chmod(cache.path(stateDirName+"/files"), 0); err != nil {
		t.Fatal(err)
	}
	cache.runs()
	cache.write("data/a", "new")
	cache.runs(all("a")...)

	// What a stage itself may not do is its own error.
	w := newWorld(t, "a", "b")
	w.when("load", func(_ context.Context, task *Task) error {
		if task.Instance == "a" {
			return &fs.PathError{Op: "open", Path: filepath.Join(task.Folder, "secret"), Err: fs.ErrPermission}
		}
		return w.writeAll(task)
	})
	_, out, err := w.try()
	if err != nil {
		t.Fatal(err)
	}
	w.wantStates(out, map[string]string{"load/a": "failed", "load/b": "done"})
}

// asOrdinaryUser makes a command run as a user who is not root.
func asOrdinaryUser(cmd *exec.Cmd) {
	const nobody = 65534
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
}
