package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	soakKills     = flag.Int("soak-kills", 12, "times that TestKilledAnywhere kills the program; 1000 in full")
	soakInstances = flag.Int("soak-instances", 30, "instances of its pipeline, of four nodes each; 500 in full")
)

// kill -9 at random moments of anything that writes: first runs, runs after an
// edit, runs with nothing to do, gc. After one or more kills in a row a run to
// the end leaves what a run leaves that nobody disturbed, beside it, and one
// more executes nothing.
func TestKilledAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	k := &killing{soak: newSoak(t, *soakInstances), rng: soakRand(t), tally: map[string]*killTally{}}
	k.offset = k.rng.IntN(6)
	k.runs("calm")
	k.runs("")
	k.same()
	for kills, round := 0, 0; kills < *soakKills; round++ {
		if round > 20*(*soakKills) {
			t.Fatalf("only %d kills: everything ends before it can be killed", kills)
		}
		kills += k.round(k.choose(round))
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	// The undisturbed runs build on each other as well: hold them against one
	// that begins with nothing.
	k.runs("fresh")
	sameResults(t, results(t, k.path("fresh")), results(t, k.path("calm")))
	for _, what := range slices.Sorted(maps.Keys(k.tally)) {
		n := k.tally[what]
		t.Logf("%-16s %4d rounds, %4d kills, %4d of them with nodes at work", what, n.rounds, n.kills, n.torn)
	}
}

type killing struct {
	*soak
	rng    *rand.Rand
	offset int // of the first disturbance
	tally  map[string]*killTally
}

type killTally struct{ rounds, kills, torn int }

func (k *killing) path(name string) string { return filepath.Join(k.dir, name) }

// A disturbance is what happens in a round: first prepare changes the world,
// then the command is killed some times.
type disturbance struct {
	name    string
	command string
	prepare func()
}

func (k *killing) choose(round int) disturbance {
	all := []disturbance{
		{"edited data", "run", func() {
			for _, n := range k.some(k.rng, 1+k.rng.IntN(1+len(k.names)/4)) {
				k.set(n, k.rng.IntN(3))
			}
		}},
		{"edited results", "run", func() {
			for _, n := range k.some(k.rng, 1+k.rng.IntN(1+len(k.names)/4)) {
				k.damage(n)
			}
		}},
		{"nothing to do", "run", func() {
			// Stats change and contents do not: what is remembered of files is
			// written anew, and nothing else.
			for _, n := range k.some(k.rng, len(k.names)/2) {
				if k.version[n] >= 0 {
					k.set(n, k.version[n])
				}
			}
		}},
		{"gc", "gc", func() {
			for _, n := range k.names {
				switch {
				case k.version[n] < 0:
					k.set(n, 1)
				case k.rng.IntN(5) == 0:
					k.set(n, -1)
				}
			}
			k.set(k.names[0], 0) // no pipeline is without instances
			k.runs("")
			k.runs("calm")
			k.collects("calm")
		}},
		{"changed setting", "run", func() { k.limit += 1e6 }},
		{"first run", "run", func() {
			for _, place := range []string{"results", ".concluder"} {
				if err := os.RemoveAll(k.path(place)); err != nil {
					k.t.Fatal(err)
				}
			}
		}},
	}
	if round < len(all) { // each once, beginning anywhere
		return all[(k.offset+round)%len(all)]
	}
	// What does everything anew takes longest: it has its turn less often.
	return all[[]int{0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5}[k.rng.IntN(14)]]
}

// damage does to an instance's results what people do.
func (k *killing) damage(name string) {
	k.t.Helper()
	files, err := filepath.Glob(k.path("results/*/" + name + "*"))
	if err != nil {
		k.t.Fatal(err)
	}
	for _, f := range files {
		switch k.rng.IntN(4) {
		case 0:
			err = os.Remove(f)
		case 1:
			err = os.WriteFile(f, []byte("by hand"), 0o644)
		case 2: // one letter, the size as before
			var b []byte
			if b, err = os.ReadFile(f); err == nil {
				b[k.rng.IntN(len(b))] ^= 1
				err = os.WriteFile(f, b, 0o644)
			}
		}
		if err != nil {
			k.t.Fatal(err)
		}
	}
}

// collects runs gc to its end.
func (k *killing) collects(place string) {
	k.t.Helper()
	if code, said := runProgram(k.t, k.dir, k.args(place, "gc", "--keep-runs", "3")...); code != exitOK {
		k.t.Fatalf("gc: exit code %d\n%s", code, said)
	}
}

// round disturbs, and returns how often the program was killed in it.
func (k *killing) round(d disturbance) (kills int) {
	k.t.Helper()
	d.prepare()
	begin := time.Now()
	if k.runs("calm"); d.command == "gc" {
		k.collects("calm")
	}
	// The undisturbed life is a measure of the others'. A first run has a
	// longer one, which only means that it is killed early.
	most := time.Since(begin) * 5 / 4
	n := k.tally[d.name]
	if n == nil {
		n = &killTally{}
		k.tally[d.name] = n
	}
	n.rounds++
	args := k.args("", d.command)
	if d.command == "gc" {
		args = append(args, "--keep-runs", "3")
	}
	for range 1 + k.rng.IntN(8) {
		if !k.life(most, args) {
			break // there is nothing left to disturb
		}
		kills++
		if _, err := os.Stat(k.path("results/.concluder-staging")); err == nil {
			n.torn++
		}
	}
	n.kills += kills
	if d.command == "gc" {
		k.collects("")
	}
	k.runs("")
	k.same()
	return kills
}

// life starts a process and kills it at a random moment. It reports whether
// that came before its end.
func (k *killing) life(most time.Duration, args []string) (killed bool) {
	k.t.Helper()
	cmd, said := program(k.t, k.dir, args...)
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	end := make(chan error, 1)
	go func() { end <- cmd.Wait() }()
	var err error
	select {
	case err = <-end:
	case <-time.After(time.Duration(k.rng.Int64N(int64(most)))):
		cmd.Process.Kill()
		err = <-end
	}
	if cmd.ProcessState.Exited() && err != nil {
		k.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return !cmd.ProcessState.Exited()
}

// same holds the results against those of undisturbed runs, byte for byte, and
// checks that the program knows that nothing is to be done.
func (k *killing) same() {
	k.t.Helper()
	sameResults(k.t, results(k.t, k.path("calm")), results(k.t, k.path("results")))
	if _, err := os.Stat(k.path("results/.concluder-staging")); !os.IsNotExist(err) {
		k.t.Errorf("the staging folder is still there (%v)", err)
	}
	for _, stage := range []string{"load.points", "conclude.second", "plot.comparison"} {
		name := k.names[k.rng.IntN(len(k.names))]
		if k.version[name] < 0 {
			continue
		}
		node := fmt.Sprintf("%s/%s", stage, name)
		if code, said := runProgram(k.t, k.dir, k.args("", "why", node)...); code != exitOK || !strings.HasPrefix(said, node+" is up to date") {
			k.t.Errorf("why %s: exit code %d\n%s", node, code, said)
		}
	}
	k.idle("")
}
