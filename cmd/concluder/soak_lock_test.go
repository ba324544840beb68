//go:build unix

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var soakPairs = flag.Int("soak-pairs", 6, "times that TestTwoAtOnce starts two processes together; 200 in full")

// Two processes are started together, again and again. One runs, the other says
// who holds the lock and ends with 2, or waits where it is told to; meanwhile
// status, why and plan answer. The one that runs comes to a command that waits
// for the test, so the other always finds it at work.
func TestTwoAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	p := newPair(t)
	refused, waited := 0, 0
	for round := range *soakPairs {
		write(t, filepath.Join(p.dir, "data", "a.csv"), soakData("a", round))
		switch round % 4 {
		case 0, 1:
			p.refuses(round)
			refused++
		case 2:
			p.waits(round)
			waited++
		case 3:
			p.elsewhere(round)
			refused++
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	t.Logf("%d times the second was refused, %d times it waited", refused, waited)
}

type pair struct {
	t    *testing.T
	dir  string
	gate string // a pipe that the command reads to its end
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, dir: t.TempDir()}
	p.gate = filepath.Join(p.dir, "gate")
	if err := syscall.Mkfifo(p.gate, 0o600); err != nil {
		t.Skipf("named pipes cannot be made here: %v", err)
	}
	if err := os.Mkdir(filepath.Join(p.dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(p.dir, "pipeline.hcl"), `pipeline "pair" {
  instances = stems("data/*.csv")
}
stage "exec" "gate" {
  command = ["sh", "-c", "cat gate data/${instance}.csv > \"$1\"", "sh", "${output.copy}"]
  inputs  = ["data/${instance}.csv"]
  outputs = { copy = "copies/${instance}.csv" }
}
stage "load" "points" {
  measurements = stage.exec.gate.copy
  x            = "n"
  y            = "s"
}
stage "conclude" "bound" {
  dataset = stage.load.points
}
stage "summarize" "report" {
  conclusions = stage.conclude.bound
}
`)
	return p
}

// A contender is one of two processes.
type contender struct {
	cmd            *exec.Cmd
	stdout, stderr *said
	end            chan struct{}
}

func (p *pair) start(args ...string) *contender {
	p.t.Helper()
	cmd, _ := program(p.t, p.dir, append([]string{"run", "--json"}, args...)...)
	c := &contender{cmd: cmd, stdout: new(said), stderr: new(said), end: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = c.stdout, c.stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		cmd.Wait() // the exit code is looked at
		close(c.end)
	}()
	return c
}

// ends waits for a process's end and checks its exit code.
func (p *pair) ends(c *contender, want int) {
	p.t.Helper()
	<-c.end
	if got := c.cmd.ProcessState.ExitCode(); got != want {
		p.t.Errorf("exit code %d, want %d\n%s%s", got, want, c.stdout, c.stderr)
	}
}

// executed is what a process says that it executed.
func (p *pair) executed(c *contender) int {
	p.t.Helper()
	lines := strings.Split(strings.TrimSpace(c.stdout.String()), "\n")
	var last struct {
		Event    string
		Executed int
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Event != "run_finished" {
		p.t.Errorf("the last event is %s (%v)", lines[len(lines)-1], err)
	}
	return last.Executed
}

// open lets the command of one run go on: it waits for a reader.
func (p *pair) open() {
	p.t.Helper()
	f, err := os.OpenFile(p.gate, os.O_WRONLY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		p.t.Fatal(err)
	}
}

// first returns which of two processes ended first.
func first(a, b *contender) (ended, other *contender) {
	select {
	case <-a.end:
		return a, b
	case <-b.end:
		return b, a
	}
}

func (p *pair) refuses(round int) {
	p.t.Helper()
	loser, winner := first(p.start(), p.start())
	p.ends(loser, exitFault)
	p.blames(loser, winner)
	p.meanwhile(winner, round)
	p.open()
	p.ends(winner, exitOK)
	if n := p.executed(winner); n != 4 {
		p.t.Errorf("the winner executed %d nodes, want 4", n)
	}
}

// blames checks that a process says which other holds the lock.
func (p *pair) blames(loser, winner *contender) {
	p.t.Helper()
	want := fmt.Sprintf("process %d holds the lock ", winner.cmd.Process.Pid)
	if said := loser.stderr.String(); !strings.Contains(said, want) {
		p.t.Errorf("the second says %q, want %q", said, want)
	}
}

// meanwhile checks what answers during a run.
func (p *pair) meanwhile(winner *contender, round int) {
	p.t.Helper()
	atWork(p.t, winner.stdout)
	var st struct {
		Running *struct{ PID int }
	}
	code, said := runProgram(p.t, p.dir, "status", "--json")
	if err := json.Unmarshal([]byte(said), &st); code != exitOK || err != nil || st.Running == nil || st.Running.PID != winner.cmd.Process.Pid {
		p.t.Errorf("status: exit code %d (%v)\n%s", code, err, said)
	}
	switch round % 3 {
	case 0:
		if code, said := runProgram(p.t, p.dir, "why", "exec.gate/a"); code != exitOK || !strings.HasPrefix(said, "exec.gate/a runs:") {
			p.t.Errorf("why: exit code %d\n%s", code, said)
		}
	case 1:
		if code, said := runProgram(p.t, p.dir, "plan"); code != exitOK {
			p.t.Errorf("plan: exit code %d\n%s", code, said)
		}
	case 2: // what would remove something does not
		if code, said := runProgram(p.t, p.dir, "gc"); code != exitFault || !strings.Contains(said, fmt.Sprintf("process %d holds the lock ", winner.cmd.Process.Pid)) {
			p.t.Errorf("gc: exit code %d\n%s", code, said)
		}
	}
}

func (p *pair) waits(round int) {
	p.t.Helper()
	a, b := p.start("--wait"), p.start("--wait")
	waiting, winner := p.firstToWait(a, b)
	if want := fmt.Sprintf("waiting: process %d holds the lock ", winner.cmd.Process.Pid); !strings.Contains(waiting.stdout.String(), want) {
		p.t.Errorf("the one that waits says %q, want %q", waiting.stdout, want)
	}
	p.meanwhile(winner, round)
	p.open()
	p.ends(a, exitOK)
	p.ends(b, exitOK)
	if n, m := p.executed(winner), p.executed(waiting); n != 4 || m != 0 {
		p.t.Errorf("the two executed %d and %d nodes, want 4 and none", n, m)
	}
}

// firstToWait returns the one of two processes that says that it waits.
func (p *pair) firstToWait(a, b *contender) (waiting, other *contender) {
	p.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		switch {
		case strings.Contains(a.stdout.String(), "waiting: "):
			return a, b
		case strings.Contains(b.stdout.String(), "waiting: "):
			return b, a
		}
		time.Sleep(time.Millisecond) // they are other processes: there is nothing to wait on
	}
	p.t.Fatalf("nobody waits:\n%s%s%s%s", a.stdout, a.stderr, b.stdout, b.stderr)
	return nil, nil
}

// elsewhere starts two with state directories of their own: the results are
// one, so only one of them may run.
func (p *pair) elsewhere(round int) {
	p.t.Helper()
	states := []string{fmt.Sprintf("left%d", round), fmt.Sprintf("right%d", round)}
	loser, winner := first(p.start("--state-dir", states[0]), p.start("--state-dir", states[1]))
	p.ends(loser, exitFault)
	if want := "a run with another state directory writes to "; !strings.Contains(loser.stderr.String(), want) {
		p.t.Errorf("the second says %q, want %q", loser.stderr, want)
	}
	p.open()
	p.ends(winner, exitOK)
	for _, s := range states {
		if err := os.RemoveAll(filepath.Join(p.dir, s)); err != nil {
			p.t.Fatal(err)
		}
	}
}
