package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A run with nothing to do takes more at its word than others: what it goes by
// is damaged as it lies, so that all the stats in it still hold. Every eighth
// time there is something to do, which must be seen nevertheless.
func TestDamagedAtRest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	rng := soakRand(t)
	w := &damaged{soak: newSoak(t, 3)}
	edited := w.names[1]
	var want [2]map[string][]byte
	for v := range want {
		w.set(edited, v)
		w.runs("calm")
		want[v] = results(t, filepath.Join(w.dir, "calm"))
	}
	version := 1
	w.atRest()
	var all []damage
	for name, b := range files(t, filepath.Join(w.dir, stateFolder)) {
		if !strings.Contains(name, string(filepath.Separator)) && name != "files" || strings.HasSuffix(name, ".jsonl") {
			continue
		}
		for at := soakFirst(t); at < len(b); at += soakEvery(t) {
			all = append(all, damage{name, flipped, at, rng.IntN(8)}, damage{name, cut, at, 0}, damage{name, zeroed, at, 0})
		}
	}
	slices.SortFunc(all, func(a, b damage) int { return strings.Compare(a.String(), b.String()) })
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if *soakDamages > 0 {
		all = all[:min(len(all), *soakDamages)]
	}
	tried, cost := map[string]int{}, map[string]int{}
	for i, d := range all {
		stale := i%8 == 0
		if stale {
			w.atRest()
		}
		path := filepath.Join(w.dir, stateFolder, d.file)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d.at >= len(b) {
			continue // it has been written anew since, and shorter
		}
		if stale { // only now: the run after an edit is to be this one
			version = 1 - version
			w.set(edited, version)
		}
		after := d.apply(b)
		write(t, path, string(after))
		stdout, stderr := w.inside(exitOK, "run", "--json")
		least := 0
		if stale {
			least = 5 // load, two conclude and plot of one instance, the summary
		}
		executed := w.whole(stdout)
		tried[filepath.Base(d.file)]++
		cost[filepath.Base(d.file)] += max(0, executed-least)
		if executed < least {
			t.Errorf("%d nodes were executed, want at least %d", executed, least)
		}
		told := strings.Contains(stderr, "warning: ")
		if executed > least && !told && d.how != cut {
			t.Errorf("%d nodes were executed, and nothing was said of it", executed)
		}
		if filepath.Base(d.file) == "snapshot" && !told && !bytes.Equal(b, after) {
			t.Errorf("the snapshot was damaged, and nothing was said of it:\n%s", stderr)
		}
		if stale || i%5 == 0 {
			sameResults(t, want[version], results(t, filepath.Join(w.dir, "results")))
		}
		if t.Failed() {
			t.Fatalf("after this: %s, something to do: %t", d, stale)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tried)) {
		t.Logf("%-14s %6d damages, %6d nodes executed for them", name, tried[name], cost[name])
	}
}

// whole checks what a run says of all nodes together, and returns how many it
// executed.
func (w *damaged) whole(stdout string) int {
	w.t.Helper()
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var last struct {
		Event                                    string
		Nodes, Executed, Cached, Failed, Skipped int
		Statuses                                 map[string]int
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Event != "run_finished" {
		w.t.Fatalf("the last event is %s (%v)", lines[len(lines)-1], err)
	}
	if last.Nodes != 13 || last.Executed+last.Cached != 13 || !maps.Equal(last.Statuses, map[string]int{"success": 3}) {
		w.t.Errorf("%+v", last)
	}
	return last.Executed
}

// atRest runs until a run leaves all that is remembered as it is: until then
// some stats are too fresh to be trusted.
func (w *damaged) atRest() {
	w.t.Helper()
	before := map[string][]byte{}
	for range 50 {
		w.inside(exitOK, "run")
		now := files(w.t, filepath.Join(w.dir, stateFolder))
		maps.DeleteFunc(now, func(name string, _ []byte) bool {
			return strings.HasSuffix(name, ".jsonl") || filepath.Base(name) == "lock"
		})
		if maps.EqualFunc(before, now, bytes.Equal) {
			return
		}
		before = now
		time.Sleep(25 * time.Millisecond) // until the file system's clock has left the files behind
	}
	w.t.Fatal("what is remembered never comes to rest")
}
