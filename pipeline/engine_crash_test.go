package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/concluder/concluder/pipeline/store"
)

// crashDir, when set in the environment, makes TestCrashChild run the pipeline
// in that folder: the process that TestKilledAtAnyMoment kills.
const crashDir = "PIPELINE_TEST_CRASH_DIR"

func crashInstances() []string {
	names := make([]string, 40)
	for i := range names {
		names[i] = fmt.Sprintf("i%02d", i)
	}
	return names
}

func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("started by TestKilledAtAnyMoment")
	}
	w := worldAt(t, dir, crashInstances()...)
	if _, err := Run(context.Background(), w.plan, w.opts); err != nil {
		t.Fatal(err)
	}
}

// A kill at any moment leaves nothing that looks up to date and is not: after
// each, the next whole run ends as if nothing had happened.
func TestKilledAtAnyMoment(t *testing.T) {
	kills := 24
	if testing.Short() {
		kills = 4
	}
	rng := rand.New(rand.NewPCG(1, 2))
	w := newWorld(t, crashInstances()...)
	killed, torn := 0, 0
	for round := range kills {
		for range 3 { // something to do, and a way back to what an earlier run saw
			i := w.plan.Instances[rng.IntN(len(w.plan.Instances))]
			w.write("data/"+i, fmt.Sprintf("data of %s, version %d", i, rng.IntN(3)))
		}
		if round%4 == 3 {
			w.remove("results/load/" + w.plan.Instances[rng.IntN(len(w.plan.Instances))] + ".txt")
		}
		child := exec.Command(os.Args[0], "-test.run=^TestCrashChild$")
		child.Env = append(os.Environ(), crashDir+"="+w.dir)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if waitForLock(t, w) {
			time.Sleep(time.Duration(rng.IntN(30_000)) * time.Microsecond)
		}
		child.Process.Kill()
		if child.Wait() != nil {
			killed++
		}
		if _, err := os.Stat(w.path("results/" + stagingName)); err == nil {
			torn++
		}
		if round%2 == 0 { // every other time the next run is killed as well
			continue
		}
		_, out, err := w.try()
		if err != nil || out.Failed+out.Skipped > 0 {
			t.Fatalf("round %d: %+v, %v", round, out, err)
		}
		want := t.TempDir()
		fresh := worldAt(t, want, w.plan.Instances...)
		fresh.write("pipeline.hcl", "# by hand")
		for _, i := range fresh.plan.Instances {
			fresh.write("data/"+i, w.read("data/"+i))
		}
		if _, _, err := fresh.try(); err != nil {
			t.Fatal(err)
		}
		if diff := differ(w, fresh); diff != "" {
			t.Fatalf("round %d: %s", round, diff)
		}
	}
	t.Logf("%d of %d children were killed before they ended, %d of them with nodes at work", killed, kills, torn)
	if killed == 0 {
		t.Error("no child was killed")
	}
}

// waitForLock waits until a child is at work, and reports whether one came.
func waitForLock(t *testing.T, w *world) bool {
	path := store.PlaceOf(w.path(stateDirName), w.dir, w.plan.Name, w.plan.ResultsDir) + "/lock"
	for range 2000 {
		h, err := store.Holder(path)
		if err != nil {
			t.Fatal(err)
		}
		if h != nil {
			return true
		}
		time.Sleep(time.Millisecond) // the child is another process: nothing to wait on
	}
	return false
}

// differ compares the results of two worlds.
func differ(a, b *world) string {
	names := []string{"report/all.txt"}
	for _, i := range a.plan.Instances {
		names = append(names, "load/"+i+".txt", "conclude/"+i+".txt", "plot/"+i+".txt")
	}
	for _, name := range names {
		x, err1 := os.ReadFile(a.path("results/" + name))
		y, err2 := os.ReadFile(b.path("results/" + name))
		if err := errors.Join(err1, err2); err != nil {
			return err.Error()
		}
		if string(x) != string(y) {
			return fmt.Sprintf("%s differs:\n%s\nwant\n%s", name, first(string(x)), first(string(y)))
		}
	}
	return ""
}

func first(s string) string {
	return strings.Join(strings.SplitN(s, "\n", 6)[:min(5, strings.Count(s, "\n"))], "\n")
}
