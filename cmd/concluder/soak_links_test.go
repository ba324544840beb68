package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Links of the user's: folders behind them are used, files behind them are
// never written to or removed, and a change behind a link is seen.
func TestLinks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newSoak(t, 3)
	elsewhere := t.TempDir()
	far := func(name string) string { return filepath.Join(elsewhere, name) }
	near := func(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }
	link := func(name, target string) {
		t.Helper()
		if err := os.Symlink(target, near(name)); err != nil {
			t.Fatal(err)
		}
	}
	same := func() {
		t.Helper()
		s.runs("calm")
		sameResults(t, results(t, near("calm")), results(t, near("results")))
		s.idle("")
	}

	// The results, a folder of them, the state and a data file lie elsewhere.
	for _, dir := range []string{"results", "plots", "state", "precious"} {
		if err := os.Mkdir(far(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link("results", far("results"))
	if err := os.Symlink(far("plots"), far("results/plots")); err != nil {
		t.Fatal(err)
	}
	link(stateFolder, far("state"))
	write(t, far("data"), soakData("i0001", 0))
	if err := os.Remove(s.dataFile("i0001")); err != nil {
		t.Fatal(err)
	}
	link("data/i0001.csv", far("data"))
	// A folder that leads to itself is no instance.
	link("data/again", ".")
	link("data/circle", "circle")
	s.runs("")
	if found, err := filepath.Glob(far("plots/*.svg")); err != nil || len(found) != 6 {
		t.Errorf("%d plots behind the link (%v)", len(found), err)
	}
	for name := range files(t, far("results")) {
		if strings.Contains(name, "again") || strings.Contains(name, "circle") {
			t.Errorf("results have %s", name)
		}
	}
	sameBehind := func(want map[string][]byte) { // results does not follow the link among them
		t.Helper()
		got := results(t, far("results"))
		for name, b := range files(t, far("plots")) {
			got["plots/"+name] = b
		}
		sameResults(t, withoutOwner(want), withoutOwner(got))
	}
	s.runs("calm")
	sameBehind(results(t, near("calm")))
	s.idle("")

	write(t, far("data"), soakData("i0001", 1))
	if n := s.executed(""); n != 5 {
		t.Errorf("after an edit behind a link %d nodes are executed, want 5", n)
	}
	// The link now leads to another file, as old and as large.
	info, err := os.Stat(far("data"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, far("other"), strings.Replace(soakData("i0001", 1), "8", "9", 1))
	if err := os.Chtimes(far("other"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(near("data/i0001.csv")); err != nil {
		t.Fatal(err)
	}
	link("data/i0001.csv", far("other"))
	if n := s.executed(""); n != 5 {
		t.Errorf("after a link was changed %d nodes are executed, want 5", n)
	}

	// From here on the results are a folder again.
	for _, name := range []string{"results", stateFolder} {
		if err := os.Remove(near(name)); err != nil {
			t.Fatal(err)
		}
	}
	s.runs("")
	same()
	// In the place of a result, a link to a file of the user: the result is
	// written, and the file stays, also when gc takes the result away.
	for i, result := range []string{"datasets/i0000.json", "conclusion/i0001.json", "plots/i0002_original_only.svg", "report.csv", summaryFile} {
		precious := far(fmt.Sprintf("precious/%d", i))
		write(t, precious, "of the user")
		if err := os.Remove(near("results/" + result)); err != nil {
			t.Fatal(err)
		}
		link("results/"+result, precious)
		if n := s.executed(""); n != 1 {
			t.Errorf("%s is a link: %d nodes are executed, want 1", result, n)
		}
		if b, err := os.ReadFile(precious); err != nil || string(b) != "of the user" {
			t.Errorf("%s: the file behind the link holds %q (%v)", result, b, err)
		}
		if info, err := os.Lstat(near("results/" + result)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s is not a file (%v)", result, err)
		}
	}
	same()
	// A link to what the result holds is the result, and gc removes the link.
	b, err := os.ReadFile(near("results/datasets/i0002.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, far("precious/copy"), string(b))
	if err := os.Remove(near("results/datasets/i0002.json")); err != nil {
		t.Fatal(err)
	}
	link("results/datasets/i0002.json", far("precious/copy"))
	s.runs("")
	s.idle("")
	s.set("i0002", -1)
	for _, command := range []string{"run", "gc"} {
		if code, said := runProgram(t, s.dir, s.args("", command)...); code != exitOK {
			t.Fatalf("%s: exit code %d\n%s", command, code, said)
		}
	}
	if got, err := os.ReadFile(far("precious/copy")); err != nil || string(got) != string(b) {
		t.Errorf("the copy behind a link is changed or gone: %v", err)
	}
	// What the program clears away at its beginning is its own folder, not what
	// a link of that name leads to.
	link("results/.concluder-staging", far("precious"))
	s.set("i0000", 2)
	s.runs("")
	if found, err := os.ReadDir(far("precious")); err != nil || len(found) != 6 {
		t.Errorf("%d files are left behind the link (%v)", len(found), err)
	}
	s.idle("")
}
