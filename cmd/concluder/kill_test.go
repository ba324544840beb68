package main

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm/llmtest"
)

var (
	kills         = flag.Int("kills", 8, "times that TestKilledRun kills the program")
	killInstances = flag.Int("kill-instances", 200, "instances of its pipeline")
)

const killInFlight = 64

// kill -9 at random moments, again and again until all is answered: every
// answer that the program got whole is kept, nothing that is kept is asked for
// again, and the results are those of a run that nobody disturbed.
func TestKilledRun(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	// Latencies differ, so that at every moment some answers are on their way.
	s := llmtest.New(llmtest.Config{Latency: 10 * time.Millisecond, Spread: 20 * time.Millisecond})
	defer s.Close()
	dir := t.TempDir()
	writeStudy(t, dir, *killInstances, fmt.Sprintf("base_url = %q\nmodel = \"m\"\nlimits { in_flight = %d }", s.URL, killInFlight))

	start := time.Now()
	if code, said := runProgram(t, dir, "run", "--results-dir", "calm", "--state-dir", "calm-state"); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	calm, calmRequests := time.Since(start), s.Requests()
	want := results(t, filepath.Join(dir, "calm"))
	if len(want) < 2**killInstances {
		t.Fatalf("an undisturbed run leaves %d files", len(want))
	}
	start = time.Now()
	runProgram(t, dir, "version")
	startup := time.Since(start)

	// A life gets so much done that all of them together take about as long
	// as an undisturbed run.
	most := startup + max(100*time.Millisecond, 2*calm/time.Duration(*kills))
	killed, requests, lost := 0, 0, 0
	for pass := 0; killed < *kills; pass++ {
		l := &lives{t: t, s: s, dir: dir, results: fmt.Sprintf("results%d", pass), state: fmt.Sprintf("state%d", pass), from: s.Requests(), kept: map[string]bool{}}
		for !l.live(killed < *kills, most) {
			killed++
		}
		requests, lost = requests+s.Requests()-l.from, lost+l.lost
		sameResults(t, want, results(t, filepath.Join(dir, l.results)))
		if n := s.Requests(); l.live(false, 0) && s.Requests() != n {
			t.Errorf("one more run sends %d requests", s.Requests()-n)
		}
		if pass > 2**kills {
			t.Fatalf("only %d kills: the work is done before the program can be killed", killed)
		}
		t.Logf("pass %d: %d kills so far, %d requests, %d answers on their way at a kill", pass, killed, requests, lost)
	}
	t.Logf("%d instances, %d kills; an undisturbed run: %d requests in %s", *killInstances, killed, calmRequests, calm.Round(time.Millisecond))
}

// lives are processes on one state directory, one after the other.
type lives struct {
	t                   *testing.T
	s                   *llmtest.Server
	dir, results, state string
	from                int             // requests to the server before
	kept                map[string]bool // digests of the requests whose answer is in the journal
	lost                int             // answers sent to a process that was killed before it had them
}

// live starts the program, kills it at a random moment before most, where kill
// says so, and looks at what it left. It reports whether the run came to its
// end.
func (l *lives) live(kill bool, most time.Duration) (ended bool) {
	l.t.Helper()
	before := l.s.Requests()
	cmd, said := program(l.t, l.dir, "run", "--results-dir", l.results, "--state-dir", l.state)
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	end := make(chan error, 1)
	go func() { end <- cmd.Wait() }()
	var timer <-chan time.Time
	if kill {
		timer = time.After(rand.N(most))
	}
	var err error
	select {
	case err = <-end:
	case <-timer:
		cmd.Process.Kill()
		err = <-end
	}
	if ended = cmd.ProcessState.Exited(); ended && err != nil {
		l.t.Fatalf("%v\n%s", err, said)
	}
	l.check(before, ended)
	return ended
}

// check compares the server's log with the journal after one life.
func (l *lives) check(before int, ended bool) {
	l.t.Helper()
	answers := exported(l.t, l.dir, l.state)
	// Now, so that what a killed process had sent has arrived.
	log := l.s.Log()
	for _, r := range log[before:] {
		if l.kept[r.Digest] {
			l.t.Errorf("a request was sent again after its answer was kept")
		}
	}
	kept, news := map[string]bool{}, 0
	for _, a := range answers {
		sum := sha256.Sum256([]byte(a.Prompt))
		d := hex.EncodeToString(sum[:])
		if kept[d] {
			l.t.Errorf("the journal has two answers to one request")
		}
		if kept[d] = true; !l.kept[d] {
			news++
		}
	}
	for d := range l.kept {
		if !kept[d] {
			l.t.Errorf("an answer that was kept is no longer in the journal")
		}
	}
	l.kept = kept
	// What was sent and is not kept was under way: a place in flight is free
	// only when its answer is on disk.
	if n := len(log) - before - news; n > killInFlight || ended && n > 0 {
		l.t.Errorf("of %d requests of a process %d have no kept answer", len(log)-before, n)
	}
	for _, r := range log[before:] {
		if r.Sent == "answer" && !kept[r.Digest] {
			l.lost++
		}
	}
	if !ended {
		return
	}
	for _, r := range log[l.from:] {
		if r.Sent == "answer" && !kept[r.Digest] {
			l.t.Errorf("at the end an answer of the server is not in the journal")
		}
	}
}
