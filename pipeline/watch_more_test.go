package pipeline

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A file whose time changes and nothing else is looked at, and no more.
func TestWatchTouch(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	w.watch()
	w.settles("copy/a", "copy/b", "sum")
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(w.path("data/a.txt"), later, later); err != nil {
		t.Fatal(err)
	}
	if e := w.await(EventChanged); e.Message != "data/a.txt" {
		t.Errorf("changed: %s", e.Message)
	}
	w.settles()
	w.overwrite("pipeline.hcl", watchedText) // the same text
	w.await(EventChanged)
	w.settles()
	w.finish()
}

// Version control changes many files at once.
func TestWatchCheckout(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	const n = 60
	w := newWatchWorld(t)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = w.dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	commit := func(branch string, sum func(i int) string) (lines []string) {
		git("checkout", "-q", "-b", branch)
		for i := range n {
			name := fmt.Sprintf("i%02d", i)
			if text := sum(i); text == "" {
				os.Remove(w.path("data/" + name + ".txt"))
			} else {
				w.write("data/"+name+".txt", text)
				lines = append(lines, name, text)
			}
		}
		git("add", "-A", "data", "pipeline.hcl")
		git("commit", "-q", "-m", branch)
		return lines
	}
	git("init", "-q")
	one := commit("one", func(i int) string { return fmt.Sprint("first ", i) })
	two := commit("two", func(i int) string {
		switch i % 3 {
		case 0:
			return fmt.Sprint("first ", i)
		case 1:
			return fmt.Sprint("second ", i)
		}
		return ""
	})
	all, differ := []string{"sum"}, []string{"sum"}
	for i := range n {
		all = append(all, fmt.Sprintf("copy/i%02d", i))
		if i%3 == 1 {
			differ = append(differ, fmt.Sprintf("copy/i%02d", i))
		}
	}
	git("checkout", "-q", "one")
	w.watch()
	w.settles(all...)
	git("checkout", "-q", "two")
	w.settles(differ...)
	w.wantSum(two...)
	git("checkout", "-q", "one") // what was removed is as it was
	w.settles(differ...)
	w.wantSum(one...)
	w.finish()
}

// What a run writes starts nothing, wherever the results lie.
func TestWatchResultsAmongData(t *testing.T) {
	w := newWatchWorld(t, "a")
	w.write("pipeline.hcl", `pipeline "w" {
  instances   = stems("data/*.txt")
  results_dir = "data/results"
}
stage "copy" "c" { input = "data/${instance}.txt" }
stage "sum" "s" { of = stage.copy.c }
`)
	w.watch()
	w.settles("copy/a", "sum")
	for i := range 3 {
		w.write("data/a.txt", fmt.Sprint(i))
		w.settles("copy/a", "sum")
	}
	if n := w.runs.Load(); n != 4 {
		t.Errorf("%d runs, want 4", n)
	}
	w.finish()
}

// A folder that is not there yet, when the watch begins.
func TestWatchBeginsWithoutData(t *testing.T) {
	w := newWatchWorld(t)
	w.watch()
	if e := w.await(EventBroken); !strings.Contains(e.Error, "data") {
		t.Errorf("broken: %s", e.Error)
	}
	w.await(EventWatching)
	w.write("new/a.txt", "a")
	w.rename(w.path("new"), w.path("data"))
	w.settles("copy/a", "sum")
	w.finish()
}

// A folder known by two names, of which one comes to lead elsewhere.
func TestWatchFolderOfTwoNames(t *testing.T) {
	w := newWatchWorld(t)
	w.write("pipeline.hcl", strings.Replace(watchedText, "stems(\"data", "stems(\"v1", 1))
	w.write("v1/a.txt", "v1")
	w.write("v2/a.txt", "v2")
	if err := os.Symlink("v1", w.path("data")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	w.watch()
	w.settles("copy/a", "sum")
	if err := os.Symlink("v2", w.path("next")); err != nil {
		t.Fatal(err)
	}
	w.rename(w.path("next"), w.path("data"))
	w.settles("copy/a", "sum")
	w.wantSum("a", "v2")
	w.finish()
}

// More changes than the system keeps for us, while we are busy.
func TestWatchQueueOverflows(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	w.watch()
	w.settles("copy/a", "copy/b", "sum")
	b, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	if err != nil {
		t.Skipf("nobody knows how many that are: %v", err)
	}
	var most int
	if _, err := fmt.Sscan(string(b), &most); err != nil || most > 100_000 {
		t.Skipf("%d changes are too many for a test, %v", most, err)
	}
	n := w.watcher.notifier
	n.mu.Lock()
	// Each is two events, which the kernel may not merge.
	for range (most + 2*watchBuffer + 4096) / 2 {
		if err := os.WriteFile(w.path("data/noise"), nil, 0o666); err != nil {
			t.Error(err)
		}
		if err := os.Remove(w.path("data/noise")); err != nil {
			t.Error(err)
		}
	}
	w.write("data/a.txt", "unnoticed")
	w.write("data/c.txt", "unnoticed")
	n.mu.Unlock()
	if e := w.await(EventChanged); e.Message != "more than the system tells of" {
		t.Errorf("changed: %s", e.Message)
	}
	w.settles("copy/a", "copy/c", "sum")
	w.wantSum("a", "unnoticed", "b", "data of b", "c", "unnoticed")
	w.write("data/b.txt", "noticed")
	w.settles("copy/b", "sum")
	w.finish()
}
