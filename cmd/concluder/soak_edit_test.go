package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var soakEdits = flag.Int("soak-edits", 16, "edits that TestEditedWhileItRuns and TestEditedByHand each make; 200 in full")

// An edit writes a new version of a file, as editors and people do.
type edit struct {
	name string
	do   func(path, text string) error
}

var edits = []edit{
	{"in place", inPlace},
	{"in place, time kept", keepingTime(inPlace)},
	{"by rename", byRename},
	{"by rename, time kept", keepingTime(byRename)},
	{"deleted first", func(path, text string) error { return errors.Join(os.Remove(path), inPlace(path, text)) }},
	{"to and fro", func(path, text string) error {
		return errors.Join(inPlace(path, strings.Repeat("n,s\n", 40)), inPlace(path, text))
	}},
}

func inPlace(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) }

func byRename(path, text string) error {
	tmp := filepath.Join(filepath.Dir(path), ".edit-"+filepath.Base(path))
	return errors.Join(os.WriteFile(tmp, []byte(text), 0o644), os.Rename(tmp, path))
}

func keepingTime(do func(path, text string) error) func(path, text string) error {
	return func(path, text string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return errors.Join(do(path, text), os.Chtimes(path, info.ModTime(), info.ModTime()))
	}
}

const (
	editInstances = 4 // edited in one run
	editVersions  = 7 // of data, all of one size
)

// editFile has a command that takes some time over an input, of which it reads
// the content at some moment.
const editFile = `pipeline "edits" {
  instances   = stems("data/*.csv")
  max_workers = 4
}
stage "exec" "copy" {
  command = ["sh", "-c", "sleep 0.01; cat \"$1\" > \"$2\"; sleep 0.01", "sh", "data/${instance}.csv", "${output.copy}"]
  inputs  = ["data/${instance}.csv"]
  outputs = { copy = "copies/${instance}.csv" }
}
stage "load" "points" {
  measurements = stage.exec.copy.copy
  x            = "n"
  y            = "s"
}
stage "conclude" "bound" {
  dataset = stage.load.points
}
stage "summarize" "report" {
  conclusions = stage.conclude.bound
}
`

// editData is a version of measurements; all have one size.
func editData(version int) string {
	var b strings.Builder
	b.WriteString("n,s\n")
	for k := 1; k <= 8; k++ {
		fmt.Fprintf(&b, "%d,%05d\n", k, k*(10+version))
	}
	return b.String()
}

// An input that is edited while its node runs, at whatever moment and however,
// is never recorded as seen: the next run leaves what a fresh one does.
func TestEditedWhileItRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s, rng := newSoak(t, 0), soakRand(t)
	calm := newSoak(t, 0) // the same in another folder, whose inputs rest while it runs
	for _, s := range []*soak{s, calm} {
		s.limit = 0
		write(t, filepath.Join(s.dir, "pipeline.hcl"), editFile)
	}
	now := map[string]int{}
	for i := range editInstances {
		name := fmt.Sprintf("i%d", i)
		s.names = append(s.names, name)
		write(t, s.dataFile(name), editData(0))
	}
	s.runs("")
	tally := map[string]int{} // by whether the node was at work
	for made := 0; made < *soakEdits; made += editInstances {
		for _, name := range s.names {
			now[name] = (now[name] + 1 + rng.IntN(editVersions-1)) % editVersions
			write(t, s.dataFile(name), editData(now[name]))
		}
		cmd, _ := program(t, s.dir, "run", "--json")
		out := new(said)
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		began := atWork(t, out)
		var wg sync.WaitGroup
		log := make([]editDone, len(s.names))
		for i, name := range s.names {
			first := now[name]
			other := (first + 1 + rng.IntN(editVersions-1)) % editVersions
			log[i] = editDone{name: name, how: edits[rng.IntN(len(edits))], back: rng.IntN(2) == 0}
			if !log[i].back {
				now[name] = other
			}
			after, stay := time.Duration(rng.Int64N(int64(40*time.Millisecond))), time.Duration(rng.Int64N(int64(20*time.Millisecond)))
			wg.Go(func() {
				time.Sleep(time.Until(began.Add(after))) // a random moment
				log[i].from = time.Now()
				err := log[i].how.do(s.dataFile(name), editData(other))
				if log[i].back {
					time.Sleep(stay) // for a random time
					err = errors.Join(err, log[i].how.do(s.dataFile(name), editData(first)))
				}
				if err != nil {
					t.Error(err)
				}
				log[i].to = time.Now()
			})
		}
		wg.Wait()
		// A command may have met a file that was not there for a moment.
		if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != exitIncomplete {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, e := range log {
			tally[e.met(t, out.String())]++
		}
		s.runs("")
		for _, name := range s.names {
			write(t, calm.dataFile(name), editData(now[name]))
		}
		if code, said := runProgram(t, calm.dir, "run", "--force"); code != exitOK {
			t.Fatalf("exit code %d\n%s", code, said)
		}
		sameResults(t, results(t, filepath.Join(calm.dir, "results")), results(t, filepath.Join(s.dir, "results")))
		for _, name := range s.names {
			if b, err := os.ReadFile(filepath.Join(s.dir, "copies", name+".csv")); err != nil || string(b) != editData(now[name]) {
				t.Errorf("the copy of %s is not of the last data (%v):\n%s", name, err, b)
			}
		}
		s.idle("")
		if t.Failed() {
			for _, e := range log {
				t.Logf("%s was edited %s, %s; back to what it was: %t", e.name, e.how.name, e.met(t, out.String()), e.back)
			}
			t.Fatalf("after %d edits", made)
		}
	}
	t.Logf("edits: %v", tally)
	if *soakEdits >= 16 && tally["while its node ran"] == 0 {
		t.Error("no edit was made while a node ran")
	}
}

// An editDone is when and how an instance's data was edited.
type editDone struct {
	name     string
	how      edit
	back     bool // and then back to what it was: a digest would not tell
	from, to time.Time
}

// met says where in its node's life the edit came, as the run's events tell.
func (e *editDone) met(t *testing.T, events string) string {
	t.Helper()
	var starts, ends []time.Time
	for line := range strings.Lines(events) {
		var v struct {
			Event, Stage, Instance string
			Time                   time.Time
		}
		if json.Unmarshal([]byte(line), &v) != nil || v.Stage != "exec.copy" || v.Instance != e.name {
			continue
		}
		if v.Event == "node_started" {
			starts = append(starts, v.Time)
		} else {
			ends = append(ends, v.Time)
		}
	}
	switch {
	case len(starts) == 0 || e.to.Before(starts[0]):
		return "before its node ran"
	case len(ends) == 0 || e.from.After(ends[len(ends)-1]):
		return "after its node ran"
	}
	return "while its node ran"
}

// atWork waits until a process says that a node has started.
func atWork(t *testing.T, out *said) time.Time {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if strings.Contains(out.String(), "node_started") {
			return time.Now()
		}
		time.Sleep(200 * time.Microsecond) // another process: there is nothing to wait on
	}
	t.Fatalf("no node started:\n%s", out)
	return time.Time{}
}

// An input that is edited in the same moment in which a run looked at it, before
// or after, size as before: the file system's clock need not have ticked.
func TestEditedAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	w, rng := &damaged{soak: newSoak(t, 0)}, soakRand(t)
	for i := range editInstances {
		w.names = append(w.names, fmt.Sprintf("i%d", i))
		write(t, w.dataFile(w.names[i]), editData(0))
	}
	for made := range *soakEdits {
		name := w.names[rng.IntN(len(w.names))]
		for _, version := range []int{1 + made%3, 4 + made%3} {
			how := edits[rng.IntN(2)]
			if err := how.do(w.dataFile(name), editData(version)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(rng.IntN(2)) * time.Duration(rng.Int64N(int64(6*time.Millisecond))))
			w.inside(exitOK, "run")
			b, err := os.ReadFile(filepath.Join(w.dir, "results", "datasets", name+".json"))
			if want := fmt.Sprintf("[8,%d]", 8*(10+version)); err != nil || !strings.Contains(strings.ReplaceAll(string(b), " ", ""), want) {
				t.Fatalf("edit %d, %s: the dataset of %s has not %s (%v):\n%s", made, how.name, name, want, err, b)
			}
		}
	}
	w.idle("")
}

// A result that is edited by hand is found, size and time stamp as before or
// not, at once after the run that wrote it or later, and made again.
func TestEditedByHand(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s, rng := newSoak(t, 5), soakRand(t)
	s.runs("")
	want := results(t, filepath.Join(s.dir, "results"))
	outputs := map[string]string{
		"load.points":     "datasets/%s.json",
		"conclude.bound":  "conclusion/%s.json",
		"plot.comparison": "plots/%s_original_only.svg",
	}
	for made := range *soakEdits {
		for stage, file := range outputs {
			name := s.names[rng.IntN(len(s.names))]
			path := filepath.Join(s.dir, "results", fmt.Sprintf(file, name))
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			how := edits[rng.IntN(len(edits))]
			b[rng.IntN(len(b))] ^= 1
			text, what := string(b), how.name
			if rng.IntN(3) == 0 {
				text, what = text[:rng.IntN(len(text))], what+", shorter"
			}
			if err := how.do(path, text); err != nil {
				t.Fatal(err)
			}
			if made%4 == 0 {
				node := stage + "/" + name
				if code, said := runProgram(t, s.dir, s.args("", "why", node)...); code != exitOK || !strings.Contains(said, "was changed by hand") {
					t.Errorf("why %s, edited %s: exit code %d\n%s", node, what, code, said)
				}
			}
			if n := s.executed(""); n != 1 {
				t.Errorf("%s edited %s: %d nodes are executed, want 1", path, what, n)
			}
			sameResults(t, want, results(t, filepath.Join(s.dir, "results")))
			time.Sleep(pause(rng)) // from at once to past the tick of the file system's clock
		}
		if t.Failed() {
			t.Fatalf("after %d edits", made)
		}
	}
	s.idle("")
}

// pause is no time at all, or up to 40 ms.
func pause(rng *rand.Rand) time.Duration {
	return time.Duration(rng.IntN(2)) * time.Duration(rng.Int64N(int64(40*time.Millisecond)))
}
