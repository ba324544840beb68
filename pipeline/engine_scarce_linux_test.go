package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/concluder/concluder/pipeline/resource"
	"github.com/zclconf/go-cty/cty"
)

// scarceFiles, when set in the environment, makes TestTooManyFilesChild run,
// with that limit of open files.
const scarceFiles = "PIPELINE_TEST_FILES"

func TestTooManyFiles(t *testing.T) {
	child := exec.Command("/proc/self/exe", "-test.run=^TestTooManyFilesChild$", "-test.v")
	child.Env = append(os.Environ(), scarceFiles+"=1")
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTooManyFilesChild(t *testing.T) {
	if os.Getenv(scarceFiles) == "" {
		t.Skip("started by TestTooManyFiles")
	}
	const limit = 64
	setLimit := func(n uint64) {
		t.Helper()
		var l syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
			t.Fatal(err)
		}
		l.Cur = n
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
			t.Fatal(err)
		}
	}
	// opens opens files as a stage might, and keeps them until it has written.
	opens := func(w *world, n int, then func(error)) func(context.Context, *Task) error {
		return func(_ context.Context, task *Task) error {
			for range n {
				f, err := os.Open(w.path("pipeline.hcl"))
				if err != nil {
					then(err)
					return fmt.Errorf("its table: %w", err)
				}
				defer f.Close()
			}
			then(nil)
			return w.writeAll(task)
		}
	}
	setLimit(limit)

	t.Run("fewer at work", func(t *testing.T) {
		w := newWorld(t, names20...)
		w.opts.MaxWorkers = 8
		var warnings []string
		w.opts.Observe = func(e Event) {
			if e.Event == EventWarning {
				warnings = append(warnings, e.Message)
			}
		}
		met := make(chan struct{})
		var once sync.Once
		w.when("load", opens(w, 12, func(err error) { // 8 times 12 is more than there are
			if err != nil {
				once.Do(func() { close(met) })
			}
			<-met
		}))
		_, out, err := w.try()
		if err != nil || out.Executed != 61 || out.Failed != 0 {
			t.Fatalf("%+v, %v", out, err)
		}
		said := strings.Join(warnings, "\n")
		if !strings.Contains(said, "too many open files; from now on at most ") || !strings.Contains(said, "ulimit -n") {
			t.Errorf("warnings:\n%s", said)
		}
		w.when("load", nil)
		w.runs()
	})

	t.Run("one alone", func(t *testing.T) {
		w := newWorld(t, "a", "b", "c")
		w.opts.MaxWorkers = 2
		w.runs(all("a", "b", "c")...)
		good := w.read("results/load/a.txt")
		w.write("data/a", "changed")
		hook := false
		w.kind("load").Failed = func(task *Task, _ error) error {
			hook = true
			return w.writeAll(task)
		}
		w.when("load", opens(w, limit, func(error) {}))
		_, out, err := w.try()
		want := "load.points: its table: open " + w.path("pipeline.hcl") + ": too many open files: this process may have 64 files open: raise the limit with `ulimit -n`"
		if !errors.Is(err, syscall.EMFILE) || err.Error() != want {
			t.Fatalf("error %v, want %s", err, want)
		}
		if out.Failed != 1 || hook || w.read("results/load/a.txt") != good {
			t.Errorf("failed %d, Failed hook called %t, output %q", out.Failed, hook, w.read("results/load/a.txt"))
		}
		setLimit(2 * limit)
		defer setLimit(limit)
		w.runs("load/a", "conclude/a", "plot/a", "report")
		w.runs()
	})
}

// tmpfs mounts a small file system, and returns how to change its size.
func tmpfs(t *testing.T, dir, size string) (resize func(string)) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small file system cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return func(size string) {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size="+size); err != nil {
			t.Fatal(err)
		}
	}
}

// Before the disk is full the run warns; when it is, the run ends with an error
// that says so, and everything that was there still is.
func TestFullDiskOfResults(t *testing.T) {
	w := newWorld(t, names20...)
	resize := tmpfs(t, w.path("results"), "4m")
	w.opts.MaxWorkers = 2
	w.runs(all(names20...)...)
	before := map[string]string{}
	for _, i := range names20 {
		before[i] = w.read("results/load/" + i + ".txt")
	}

	w.settings["load.points"]["x"] = cty.StringVal("large")
	pad := strings.Repeat("x", 300<<10) // 20 of them do not fit
	warned := make(chan struct{})
	var warnings []string
	w.opts.Observe = func(e Event) {
		if e.Event == EventWarning {
			if len(warnings) == 0 {
				close(warned)
			}
			warnings = append(warnings, e.Message)
		}
	}
	w.when("load", func(_ context.Context, task *Task) error {
		<-warned
		return os.WriteFile(task.Output("out"), []byte(pad+task.Instance), 0o644)
	})
	filler := w.path("results/filler")
	if err := os.WriteFile(filler, make([]byte, 3700<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	_, out, err := w.try()
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "load.points: ") || out == nil {
		t.Fatalf("outcome %+v, error %v", out, err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], " left on the disk of the results") {
		t.Errorf("warnings %q, want one", warnings)
	}
	whole := 0
	for _, i := range names20 {
		switch w.read("results/load/" + i + ".txt") {
		case before[i]:
		case pad + i:
			whole++
		default:
			t.Errorf("%s is neither as it was nor whole", i)
		}
	}
	if whole == len(names20) || whole > out.Executed {
		t.Errorf("%d outputs are new, %d nodes executed", whole, out.Executed)
	}
	w.opts.Observe = nil
	resize("64m")
	if _, out, err = w.try(); err != nil || out.Failed != 0 {
		t.Fatalf("with room again: %+v, %v", out, err)
	}
	for _, i := range names20 {
		if w.read("results/load/"+i+".txt") != pad+i {
			t.Errorf("%s was not made", i)
		}
	}
	w.runs()
}

// A command that finds the disk full fails in its own words: what it left tells.
func TestFullDiskMetByACommand(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	resize := tmpfs(t, w.path("results"), "1m")
	w.opts.MaxWorkers = 1
	hook := false
	w.kind("load").Failed = func(task *Task, _ error) error {
		hook = true
		return w.writeAll(task)
	}
	w.when("load", func(_ context.Context, task *Task) error {
		if err := os.WriteFile(task.Output("out"), make([]byte, 1200<<10), 0o644); err != nil {
			return errors.New("exit status 1")
		}
		return nil
	})
	_, out, err := w.try()
	want := "load.points: the disk of the results is full (no space left on device): exit status 1"
	if !errors.Is(err, syscall.ENOSPC) || err.Error() != want {
		t.Fatalf("error %v, want %s", err, want)
	}
	if out.Failed != 1 || hook {
		t.Errorf("failed %d, Failed hook called %t", out.Failed, hook)
	}
	// With room an error is just that.
	resize("64m")
	if _, out, err = w.try(); err != nil || out.Failed != 0 {
		t.Fatalf("with room: %+v, %v", out, err)
	}
}

// Where the state cannot be written the run says so, and the next one makes
// again what was not remembered.
func TestFullDiskOfState(t *testing.T) {
	w := newWorld(t, names20...)
	w.opts.StateDir = w.path("state")
	tmpfs(t, w.opts.StateDir, "1m")
	w.runs(all(names20...)...)
	w.settings["load.points"]["x"] = cty.StringVal(strings.Repeat("other", 100))
	filler := filepath.Join(w.opts.StateDir, "filler")
	w.opts.Observe = func(e Event) {
		if e.Event != EventRunStarted {
			return
		}
		if err := os.WriteFile(filler, make([]byte, 2<<20), 0o644); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("the disk is not full: %v", err)
		}
	}
	_, out, err := w.try()
	if !errors.Is(err, syscall.ENOSPC) || out == nil {
		t.Fatalf("outcome %+v, error %v", out, err)
	}
	w.opts.Observe = nil
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, out, err = w.try(); err != nil || out.Failed != 0 || out.Executed == 0 {
		t.Fatalf("with room again: %+v, %v", out, err)
	}
	w.runs()
	for _, i := range names20 {
		if got := w.read("results/load/" + i + ".txt"); !strings.Contains(got, "otherother") {
			t.Errorf("%s was not made: %q", i, got)
		}
	}
}

// A snapshot of nodes whose records could not be written would hide that from
// the next run.
func TestFullDiskOfLog(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	w.opts.StateDir = filepath.Join(w.dir, stateDirName)
	tmpfs(t, w.home(), "1m")
	w.runs(all("a", "b", "c")...)
	w.settings["load.points"]["x"] = cty.StringVal("other")
	w.failFor("load", errors.New(strings.Repeat("why ", 100<<10)), "c")
	w.opts.Observe = func(e Event) {
		if e.Event == EventRunStarted { // the snapshot fits, the error does not
			if err := os.WriteFile(filepath.Join(w.home(), "filler"), make([]byte, 900<<10), 0o644); err != nil {
				t.Error(err)
			}
		}
	}
	w.compile("")
	if out, err := Run(t.Context(), w.plan, w.opts); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%+v, %v", out, err)
	}
	w.opts.Observe = nil
	w.failFor("load", nil)
	if err := os.Remove(filepath.Join(w.home(), "filler")); err != nil {
		t.Fatal(err)
	}
	w.compile("")
	if out, err := Run(t.Context(), w.plan, w.opts); err != nil || out.Failed > 0 {
		t.Fatalf("with room: %+v, %v", out, err)
	}
	plans, err := Explain(t.Context(), w.plan, w.opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		if p.Action != Keep {
			t.Errorf("%s %s was left as it was: %v", p.Stage.Address(), p.Instance, p.Reasons)
		}
	}
}

func TestWithFilesLimit(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("other"), "other"},
		{fmt.Errorf("open x: %w", syscall.EMFILE), fmt.Sprintf("open x: too many open files: this process may have %d files open: raise the limit with `ulimit -n`", resource.FilesLimit())},
		{syscall.ENFILE, "too many open files in system: all programs of this machine together have as many open as it allows"},
	} {
		got := ""
		if err := withFilesLimit(test.err); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}
