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

const (
	killInFlight = 64
	killWithin   = 40 * time.Millisecond // longer than any answer takes
)

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
	// A life gets so much done that all of them together do about what an
	// undisturbed run does.
	most := max(2*killInFlight, 2*calmRequests / *kills)
	killed, requests, lost, busy := 0, 0, 0, 0
	for pass := 0; killed < *kills; pass++ {
		l := &lives{t: t, s: s, dir: dir, results: fmt.Sprintf("results%d", pass), state: fmt.Sprintf("state%d", pass), from: s.Requests(), kept: map[string]bool{}}
		for !l.live(killed < *kills, most) {
			killed++
		}
		requests, lost, busy = requests+s.Requests()-l.from, lost+l.lost, busy+l.busy
		sameResults(t, want, results(t, filepath.Join(dir, l.results)))
		if n := s.Requests(); l.live(false, 0) && s.Requests() != n {
			t.Errorf("one more run sends %d requests", s.Requests()-n)
		}
		if pass > 2**kills {
			t.Fatalf("only %d kills: the work is done before the program can be killed", killed)
		}
		t.Logf("pass %d: %d kills so far, %d of them with requests under way; %d requests, %d answers on their way at a kill", pass, killed, busy, requests, lost)
	}
	if busy < killed/4 {
		t.Errorf("of %d kills %d met requests under way: too few to say much", killed, busy)
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
	busy                int             // processes killed that had sent what was not answered yet
}

// live starts the program, kills it a random moment after a random number of
// requests up to most, where kill says so, and looks at what it left. It reports
// whether the run came to its end.
func (l *lives) live(kill bool, most int) (ended bool) {
	l.t.Helper()
	before := l.s.Requests()
	cmd, said := program(l.t, l.dir, "run", "--results-dir", l.results, "--state-dir", l.state)
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	end := make(chan error, 1)
	go func() { end <- cmd.Wait() }()
	moment := make(chan struct{})
	if kill {
		go l.await(before+rand.N(most+1), moment)
	}
	var err error
	select {
	case err = <-end:
	case <-moment:
		cmd.Process.Kill()
		err = <-end
	}
	if ended = cmd.ProcessState.Exited(); ended && err != nil {
		l.t.Fatalf("%v\n%s", err, said)
	}
	l.check(before, ended)
	return ended
}

// await closes moment a little after the server has had so many requests.
func (l *lives) await(requests int, moment chan<- struct{}) {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(time.Minute); l.s.Requests() < requests && time.Now().Before(deadline); {
		<-look.C
	}
	<-time.After(rand.N(killWithin))
	close(moment)
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
	// What was sent and is not kept was under way, or one of the few that had
	// come and were being written.
	n := len(log) - before - news
	if n > killInFlight+killInFlight/4 || ended && n > 0 {
		l.t.Errorf("of %d requests of a process %d have no kept answer", len(log)-before, n)
	}
	if n > 0 {
		l.busy++
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
