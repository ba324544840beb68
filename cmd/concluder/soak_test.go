package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The soak tests do to the program what years of use do to it. They are small
// by default; docs/durability.md says what each does and how to run it in full.
var soakSeed = flag.Uint64("soak-seed", 0, "seed of the soak tests; 0 for a new one, which a failure names")

// soakRand is a source of numbers that a failure can be repeated with.
func soakRand(t *testing.T) *rand.Rand {
	seed := *soakSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("-soak-seed=%d repeats the choices, though not the moments", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// A soak is a pipeline of four stages for each instance and a summary, with no
// server and no command. Its results lie in dir/results, or beside it in those
// of undisturbed runs.
type soak struct {
	t       *testing.T
	dir     string
	names   []string       // of the instances
	version map[string]int // of each instance's data; -1 while it is away
	limit   int            // a setting, which changes all nodes; 0 for none
}

const soakFile = `pipeline "soak" {
  instances = stems("data/*.csv")
}
variable "limit" { default = 1e9 }
stage "load" "points" {
  measurements = "data/${instance}.csv"
  x            = "n"
  y            = "s"
  limit        = var.limit
}
stage "conclude" "bound" {
  dataset = stage.load.points
}
stage "conclude" "second" {
  dataset = stage.load.points
  blind   = false
}
stage "plot" "comparison" {
  dataset    = stage.load.points
  conclusion = stage.conclude.bound
  formats    = ["svg"]
}
stage "summarize" "report" {
  conclusions = [stage.conclude.bound, stage.conclude.second]
  plots       = stage.plot.comparison
}
`

func newSoak(t *testing.T, instances int) *soak {
	t.Helper()
	s := &soak{t: t, dir: t.TempDir(), version: map[string]int{}, limit: 1e9}
	if err := os.Mkdir(filepath.Join(s.dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, "pipeline.hcl"), soakFile)
	for i := range instances {
		s.names = append(s.names, fmt.Sprintf("i%04d", i))
		s.set(s.names[i], 0)
	}
	return s
}

func (s *soak) dataFile(name string) string { return filepath.Join(s.dir, "data", name+".csv") }

// set writes a version of an instance's data; -1 takes it away.
func (s *soak) set(name string, version int) {
	s.t.Helper()
	s.version[name] = version
	if version >= 0 {
		write(s.t, s.dataFile(name), soakData(name, version))
	} else if err := os.Remove(s.dataFile(name)); err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
}

// soakData is measurements that no other name or version has, of some class.
func soakData(name string, version int) string {
	i := 0
	fmt.Sscanf(strings.TrimLeft(name, "i0"), "%d", &i)
	var b strings.Builder
	b.WriteString("n,s\n")
	for k := 1; k <= 8; k++ {
		x := 100 * float64(k)
		y := float64(i+1) * (1 + 0.3*float64(version)) * (1 + 0.02*math.Sin(float64(i+7*k)))
		switch (i + version) % 3 {
		case 0:
			y *= x
		case 1:
			y *= x * x
		case 2:
			y *= math.Exp(x / 90)
		}
		fmt.Fprintf(&b, "%g,%.6g\n", x, y)
	}
	return b.String()
}

// args are a command's arguments for results and state of a name: "" for the
// usual places.
func (s *soak) args(place, command string, more ...string) []string {
	a := []string{command}
	if s.limit > 0 && (command == "run" || command == "why" || command == "plan" || command == "gc") {
		a = append(a, "--var", fmt.Sprintf("limit=%d", s.limit))
	}
	if place != "" {
		a = append(a, "--results-dir", place, "--state-dir", place+"-state")
	}
	return append(a, more...)
}

// runs brings everything up to date in a process that nobody disturbs.
func (s *soak) runs(place string) {
	s.t.Helper()
	if code, said := runProgram(s.t, s.dir, s.args(place, "run")...); code != exitOK {
		s.t.Fatalf("exit code %d\n%s", code, said)
	}
}

// idle checks that one more run executes nothing.
func (s *soak) idle(place string) {
	s.t.Helper()
	if n := s.executed(place); n != 0 {
		s.t.Errorf("one more run executes %d nodes", n)
	}
}

// executed runs once more, and returns how many nodes that executed.
func (s *soak) executed(place string) int {
	s.t.Helper()
	cmd, said := program(s.t, s.dir, s.args(place, "run", "--json")...)
	cmd.Stderr = nil
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("%v\n%s", err, said)
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	var last struct {
		Event                            string
		Nodes, Executed, Failed, Skipped int
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Event != "run_finished" || last.Nodes == 0 {
		s.t.Fatalf("the last event is %s (%v)", lines[len(lines)-1], err)
	}
	if last.Failed+last.Skipped > 0 {
		s.t.Errorf("%d nodes failed, %d were skipped", last.Failed, last.Skipped)
	}
	return last.Executed
}

// some returns n different names of instances.
func (s *soak) some(rng *rand.Rand, n int) []string {
	var chosen []string
	for _, i := range rng.Perm(len(s.names))[:min(n, len(s.names))] {
		chosen = append(chosen, s.names[i])
	}
	return chosen
}

// A said is what a process has written so far.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// withoutOwner leaves out the file that says where the pipeline file lies.
func withoutOwner(m map[string][]byte) map[string][]byte {
	delete(m, ".concluder-owner")
	return m
}
