package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	soakBits    = flag.Int("soak-bits", 1, "how many bits of each byte TestDamagedState flips, at random; 8 for all")
	soakDamages = flag.Int("soak-damages", 120, "damages that TestDamagedState and TestStateOfAnotherTime each try, a random choice; 0 for all: in full")
	soakPart    = flag.String("soak-part", "1/1", "K/N: of each N bytes damage the Kth")
)

// Whatever happens to a file of the state directory, but for the journal:
// nothing crashes, nothing stale is taken for up to date, what is executed for
// it is said with a reason, and after one run all is well. A bit of every byte
// flipped, every file cut at every byte, and every file with zeros from every
// byte on, as a power failure leaves it.
func TestDamagedState(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	w := newDamaged(t)
	rng := soakRand(t)
	var all []damage
	for _, name := range slices.Sorted(maps.Keys(w.state)) {
		for at := soakFirst(t); at < len(w.state[name]); at += soakEvery(t) {
			for _, bit := range rng.Perm(8)[:*soakBits] {
				all = append(all, damage{name, flipped, at, bit})
			}
			all = append(all, damage{name, cut, at, 0}, damage{name, zeroed, at, 0})
		}
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if *soakDamages > 0 {
		all = all[:min(len(all), *soakDamages)]
	}
	tried, cost := map[string]int{}, map[string]int{}
	for i, d := range all {
		w.restore()
		w.put(d.file, d.apply(w.state[d.file]))
		// A log that is cut between two records looks as if it had been written
		// so far: then "never ran" is the reason.
		w.quiet = d.how == cut
		name := filepath.Base(d.file)
		if strings.HasSuffix(name, ".jsonl") {
			name = "runs/*.jsonl"
		}
		tried[name]++
		cost[name] += w.check(d.String(), i)
		if t.Failed() && i > 50 {
			t.Fatal("enough")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tried)) {
		t.Logf("%-14s %6d damages, %6d nodes executed for them", name, tried[name], cost[name])
	}
	t.Logf("%d state files of %d bytes", len(w.state), w.bytes())
}

// soakFirst and soakEvery say which bytes -soak-part chooses.
func soakFirst(t *testing.T) int { k, _ := soakPartOf(t); return k - 1 }
func soakEvery(t *testing.T) int { _, n := soakPartOf(t); return n }

func soakPartOf(t *testing.T) (k, n int) {
	t.Helper()
	if read, err := fmt.Sscanf(*soakPart, "%d/%d", &k, &n); read != 2 || k < 1 || k > n {
		t.Fatalf("-soak-part is %q, want K/N (%v)", *soakPart, err)
	}
	return k, n
}

// Files of the state directory may also be of another time than the others: a
// backup, a copy that was interrupted. Every mixture of now, before and never.
func TestStateOfAnotherTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	w := newDamaged(t)
	var names []string
	for name := range w.state {
		if !strings.HasSuffix(name, ".jsonl") && filepath.Base(name) != "clock" && filepath.Base(name) != ".gitignore" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	mixtures := 1
	for range names {
		mixtures *= 3
	}
	chosen := soakRand(t).Perm(mixtures)
	if *soakDamages > 0 {
		chosen = chosen[:min(len(chosen), *soakDamages/3)]
	}
	for _, m := range chosen {
		w.restore()
		var what []string
		for i, k := 0, m; i < len(names); i, k = i+1, k/3 {
			switch k % 3 {
			case 1:
				what = append(what, "old "+names[i])
				if b, ok := w.before[names[i]]; ok {
					w.put(names[i], b)
				}
			case 2:
				what = append(what, "no "+names[i])
				if err := os.Remove(filepath.Join(w.dir, stateFolder, names[i])); err != nil {
					t.Fatal(err)
				}
			}
		}
		// What is lost as a whole is nobody's damage: there is nothing to report.
		w.quiet = true
		w.check(strings.Join(what, ", "), m)
	}
	t.Logf("%d of %d mixtures of %v", len(chosen), mixtures, names)
}

// A damage is one thing that happened to one file.
type damage struct {
	file    string
	how     int
	at, bit int
}

const (
	flipped = iota
	cut
	zeroed
)

func (d damage) String() string {
	switch d.how {
	case flipped:
		return fmt.Sprintf("%s: bit %d of byte %d flipped", d.file, d.bit, d.at)
	case cut:
		return fmt.Sprintf("%s: cut to %d bytes", d.file, d.at)
	}
	return fmt.Sprintf("%s: zeros from byte %d on", d.file, d.at)
}

func (d damage) apply(b []byte) []byte {
	b = bytes.Clone(b)
	switch d.how {
	case flipped:
		b[d.at] ^= 1 << d.bit
	case cut:
		b = b[:d.at]
	case zeroed:
		clear(b[d.at:])
	}
	return b
}

const stateFolder = ".concluder"

// A damaged is a pipeline of three instances, one of them up to date, one with
// new data, and one with an output that was edited by hand, size and time stamp
// as before; and its state as it was left.
type damaged struct {
	*soak
	state, before map[string][]byte // files of the state directory, now and at an earlier time
	stale         map[string][]byte // results that are not as they will be
	want          map[string][]byte // results
	baseline      int               // nodes that are executed where nothing is damaged
	quiet         bool              // damage that nobody can see
}

func newDamaged(t *testing.T) *damaged {
	t.Helper()
	w := &damaged{soak: newSoak(t, 3)}
	fresh, edited, byHand := w.names[0], w.names[1], w.names[2]
	w.set(edited, 2)
	w.inside(exitOK, "run")
	w.before = files(t, filepath.Join(w.dir, stateFolder))
	w.set(edited, 0)
	w.settle()
	w.set(edited, 1)
	w.runs("calm")
	w.want = results(t, filepath.Join(w.dir, "calm"))

	output := filepath.Join(w.dir, "results", "conclusion", byHand+".json")
	info, err := os.Stat(output)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	write(t, output, strings.Replace(string(b), "success", "sucesss", 1))
	if err := os.Chtimes(output, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	w.state = files(t, filepath.Join(w.dir, stateFolder))
	w.newestRun()
	have := results(t, filepath.Join(w.dir, "results"))
	raw := files(t, filepath.Join(w.dir, "results"))
	w.stale = map[string][]byte{}
	for name, b := range raw {
		if !bytes.Equal(have[name], w.want[name]) || name == summaryFile {
			w.stale[name] = b
		}
	}
	for name := range w.stale {
		if strings.Contains(name, fresh) {
			t.Fatalf("%s is stale", name)
		}
	}
	w.check("nothing", 0)
	w.baseline = w.ran(w.inside(exitOK, "run", "--json")) // 0: it has run
	if w.baseline != 0 {
		t.Fatalf("the second run executes %d nodes", w.baseline)
	}
	w.restore()
	w.baseline = w.ran(w.inside(exitOK, "run", "--json"))
	// load, two conclude and plot of one, one conclude of the other, the summary
	if w.baseline != 6 {
		t.Fatalf("without damage %d nodes are executed, want 6", w.baseline)
	}
	return w
}

// settle runs until what is remembered of files is complete: stats that were
// too fresh are not trusted.
func (w *damaged) settle() {
	w.t.Helper()
	for before := -1; ; {
		w.inside(exitOK, "run")
		info, err := os.Stat(filepath.Join(w.dir, stateFolder, "files"))
		if err != nil {
			w.t.Fatal(err)
		}
		if int(info.Size()) == before {
			return
		}
		before = int(info.Size())
		time.Sleep(50 * time.Millisecond) // until the file system's clock has left the files behind
	}
}

// newestRun forgets all events but the last run's.
func (w *damaged) newestRun() {
	var runs []string
	for name := range w.state {
		if strings.HasSuffix(name, ".jsonl") {
			runs = append(runs, name)
		}
	}
	slices.Sort(runs)
	for _, name := range runs[:len(runs)-1] {
		delete(w.state, name)
	}
}

func (w *damaged) bytes() (n int) {
	for _, b := range w.state {
		n += len(b)
	}
	return n
}

// put writes a file of the state directory.
func (w *damaged) put(name string, b []byte) {
	w.t.Helper()
	path := filepath.Join(w.dir, stateFolder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	write(w.t, path, string(b))
}

// restore puts everything back as it was, without touching what is up to date:
// the stats of that are remembered.
func (w *damaged) restore() {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.dir, stateFolder)); err != nil {
		w.t.Fatal(err)
	}
	for name, b := range w.state {
		w.put(name, b)
	}
	for name, b := range w.stale {
		write(w.t, filepath.Join(w.dir, "results", name), string(b))
	}
}

// inside runs the program in this process. Standard output is returned first.
// No test may start processes meanwhile: until its program begins, a child
// holds the locks that its parent had.
func (w *damaged) inside(want int, command string, more ...string) (stdout, stderr string) {
	w.t.Helper()
	args := append([]string{command}, more...)
	var out, err bytes.Buffer
	defer func() {
		if p := recover(); p != nil {
			w.t.Errorf("concluder %s: panic: %v\n%s", strings.Join(args, " "), p, debug.Stack())
		}
	}()
	if code := run(append(args, filepath.Join(w.dir, "pipeline.hcl")), &out, &err); code != want {
		w.t.Errorf("concluder %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, out.String(), err.String())
	}
	return out.String(), err.String()
}

// ran returns how many nodes were executed, and checks that each has a reason.
func (w *damaged) ran(stdout, _ string) (n int) {
	w.t.Helper()
	for line := range strings.Lines(stdout) {
		var e struct{ Event, Stage, Instance, Reason string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.t.Errorf("%v in %s", err, line)
		}
		if e.Event == "node_started" {
			if n++; e.Reason == "" {
				w.t.Errorf("%s/%s runs without a reason", e.Stage, e.Instance)
			}
		}
	}
	return n
}

// check looks at a state, runs with it, and returns how many nodes were
// executed that would not have been without damage.
func (w *damaged) check(what string, turn int) int {
	w.t.Helper()
	failed := w.t.Failed()
	node := []string{"load.points/", "conclude.bound/", "conclude.second/", "plot.comparison/"}[turn%4] + w.names[turn/4%3]
	switch turn % 5 { // what reads without a lock
	case 0:
		if _, said := w.inside(exitOK, "status"); said != "" {
			w.t.Logf("status: %s", said)
		}
	case 1:
		w.inside(exitOK, "plan")
	case 2:
		w.inside(exitOK, "gc", "--dry-run")
	default:
		w.inside(exitOK, "why", node)
	}
	stdout, stderr := w.inside(exitOK, "run", "--json")
	n := w.ran(stdout, stderr) - w.baseline
	if w.baseline > 0 && n < 0 {
		w.t.Errorf("%d nodes less are executed than without damage", -n)
	}
	if w.baseline > 0 && n > 0 && !w.quiet && !strings.Contains(stderr, "warning: ") {
		w.t.Errorf("%d nodes more are executed, and nothing is said of it:\n%s", n, stderr)
	}
	got := results(w.t, filepath.Join(w.dir, "results"))
	sameResults(w.t, w.want, got)
	if turn%3 == 0 {
		stdout, stderr = w.inside(exitOK, "run", "--json")
		if again := w.ran(stdout, stderr); again > 0 || strings.Contains(stderr, "warning: ") {
			w.t.Errorf("one more run executes %d nodes: %s", again, stderr)
		}
	}
	if w.t.Failed() && !failed {
		w.t.Errorf("after this: %s", what)
	} else if w.t.Failed() {
		w.t.Logf("so far: %s", what)
	}
	return max(n, 0)
}
