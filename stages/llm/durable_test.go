package llm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

func startChild(t *testing.T, cc childConfig) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	b, err := json.Marshal(cc)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "LLM_TEST_CHILD="+string(b))
	out := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// checkKept fails for every answer that the server sent and the journal does
// not hold, unless its request was in flight when a process died: announced,
// and without a response. It fails for every request that was sent again after
// its answer was kept.
func checkKept(t *testing.T, s *llmtest.Server, path string) {
	t.Helper()
	kept, open := journalBodies(t, path)
	answered := map[string]int{}
	for _, r := range s.Log() {
		if r.Sent == "answer" {
			answered[r.Digest]++
		}
	}
	lost := 0
	for d, n := range answered {
		switch {
		case kept[d] == 0 && open[d] == 0:
			t.Errorf("an answer is neither kept nor announced")
		case kept[d] == 0:
			lost++
		case kept[d] > 1:
			t.Errorf("a request was sent again after its answer was kept")
		case n > kept[d]+open[d]:
			t.Errorf("the server answered a request %d times, and the journal announces %d", n, kept[d]+open[d])
		}
	}
	if lost > 0 {
		t.Errorf("%d questions have no kept answer", lost)
	}
}

// A kill at each step of persisting: the next process ends the work and loses
// nothing that was kept (fault 51).
func TestKillAtEachStep(t *testing.T) {
	for _, step := range []string{"intent", "before commit", "after commit", "send", "received", "response", "outcome", "verdict"} {
		for _, after := range []int{0, 7} {
			t.Run(fmt.Sprintf("%s, %d before", step, after), func(t *testing.T) {
				s := llmtest.New(llmtest.Config{})
				defer s.Close()
				path := filepath.Join(t.TempDir(), "journal.db")
				cc := childConfig{Journal: path, URL: s.URL, To: 20, Callers: 4, KillAt: step, KillAfter: after}
				cmd, out := startChild(t, cc)
				if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
					t.Fatalf("the process did not die at %q: %v\n%s", step, err, out)
				}
				cc.KillAt = ""
				cmd, out = startChild(t, cc)
				if err := cmd.Wait(); err != nil {
					t.Fatalf("the next process: %v\n%s", err, out)
				}
				checkKept(t, s, path)
				n := s.Requests()
				if n > 20+4+1 {
					t.Errorf("%d requests for 20 questions with 4 callers", n)
				}
				cmd, out = startChild(t, cc)
				if err := cmd.Wait(); err != nil || s.Requests() != n {
					t.Errorf("a third process sent %d requests: %v\n%s", s.Requests()-n, err, out)
				}
			})
		}
	}
}

var (
	kills     = flag.Int("kills", 5, "times that TestKillAtRandom kills the process")
	questions = flag.Int("questions", 300, "questions that TestKillAtRandom asks")
)

// Kills at random moments: the results are those of a run that nobody
// disturbed, and no answer that was kept is asked for again.
func TestKillAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir := t.TempDir()
	calm := llmtest.New(llmtest.Config{Latency: 20 * time.Millisecond})
	defer calm.Close()
	want := filepath.Join(dir, "want.json")
	cc := childConfig{Journal: filepath.Join(dir, "calm.db"), URL: calm.URL, To: *questions, Callers: 96, Out: want}
	cmd, out := startChild(t, cc)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// How long a process takes that has nothing to ask.
	start := time.Now()
	idle := cc
	idle.To, idle.Out = 0, ""
	if cmd, out := startChild(t, idle); cmd.Wait() != nil {
		t.Fatal(out)
	}
	startup := time.Since(start)

	// Latencies differ, so that at every moment some answers are on their way.
	s := llmtest.New(llmtest.Config{Latency: 5 * time.Millisecond, Spread: 80 * time.Millisecond})
	defer s.Close()
	got := filepath.Join(dir, "got.json")
	cc = childConfig{Journal: filepath.Join(dir, "killed.db"), URL: s.URL, To: *questions, Callers: 96, Out: got}
	killed := 0
	for round := 0; killed < *kills; round++ {
		if round > 20**kills {
			t.Fatalf("only %d kills in %d rounds", killed, round)
		}
		// Once the work is done there is nothing to disturb: more of it.
		if _, err := os.Stat(got); err == nil {
			break
		}
		cmd, out := startChild(t, cc)
		end := make(chan error, 1)
		go func() { end <- cmd.Wait() }()
		// Short lives, so that there is something to do for as many as asked.
		life := startup/2 + time.Duration(rand.Int64N(int64(startup/2+100*time.Millisecond)))
		select {
		case err := <-end:
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		case <-time.After(life):
			cmd.Process.Kill()
			if err := <-end; err != nil {
				killed++
			}
		}
	}
	t.Logf("%d kills, %d requests before the last process", killed, s.Requests())
	if _, err := os.Stat(got); err != nil {
		cmd, out := startChild(t, cc)
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	t.Logf("%d requests for %d questions", s.Requests(), *questions)
	checkKept(t, s, cc.Journal)
	a, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the results differ from those of a run that nobody disturbed")
	}
	n := s.Requests()
	if cmd, out := startChild(t, cc); cmd.Wait() != nil || s.Requests() != n {
		t.Errorf("one more run sends %d requests\n%s", s.Requests()-n, out)
	}
}

// Two processes on one journal (fault 53), asking the same questions at the
// same time: both end, the journal is sound, and no question is paid for twice.
func TestTwoProcesses(t *testing.T) {
	s := llmtest.New(llmtest.Config{Latency: 30 * time.Millisecond})
	defer s.Close()
	dir := t.TempDir()
	cc := childConfig{Journal: filepath.Join(dir, "journal.db"), URL: s.URL, To: 100, Callers: 16}
	a, b := cc, cc
	a.Out, b.Out = filepath.Join(dir, "a"), filepath.Join(dir, "b")
	ca, outA := startChild(t, a)
	cb, outB := startChild(t, b)
	if err := ca.Wait(); err != nil {
		t.Errorf("%v\n%s", err, outA)
	}
	if err := cb.Wait(); err != nil {
		t.Errorf("%v\n%s", err, outB)
	}
	if n := s.Requests(); n != 100 {
		t.Errorf("%d requests for 100 questions", n)
	}
	ra, _ := os.ReadFile(a.Out)
	rb, _ := os.ReadFile(b.Out)
	if len(ra) == 0 || !bytes.Equal(ra, rb) {
		t.Error("the two processes have different results")
	}
}

// The same question at the same time in one process is asked once.
func TestSameQuestionOnce(t *testing.T) {
	b := newBench(t, llmtest.Config{Latency: 50 * time.Millisecond}, nil)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := b.ask(question(0), llm.AskOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := b.server.Requests(); n != 1 {
		t.Errorf("%d requests for one question", n)
	}
}

// journalBodies counts the kept answers and the announced requests without a
// response, by the digest of the request's body.
func journalBodies(t *testing.T, path string) (kept, open map[string]int) {
	t.Helper()
	j, err := llm.OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	kept, open, err = j.Bodies(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return kept, open
}

// The write-ahead log is worked off while the journal is open, so that it does
// not grow with the run.
func TestLogStaysShort(t *testing.T) {
	b := newBench(t, llmtest.Config{}, nil)
	askMany(t, b.client, 1500, 16)
	fi, err := os.Stat(b.path + "-wal")
	if err != nil {
		t.Skip("the journal has no write-ahead log on this file system: ", err)
	}
	db, err := os.Stat(b.path)
	if err != nil {
		t.Fatal(err)
	}
	if db.Size() < 2<<20 {
		t.Errorf("after 1,500 answers the database has %d bytes, and its log %d", db.Size(), fi.Size())
	}
}
