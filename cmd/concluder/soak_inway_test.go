package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Folders where files should be, files where folders should be, and links that
// lead in circles, wherever the program reads or writes: it says which path is
// in the way, and when that is gone the next run ends as if nothing had been.
func TestThingsInTheWay(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newSoak(t, 3)
	s.runs("calm")
	want := results(t, filepath.Join(s.dir, "calm"))
	s.runs("")
	places := map[string]string{} // relative paths to what they are for
	for name := range files(t, filepath.Join(s.dir, stateFolder)) {
		if !strings.HasSuffix(name, ".jsonl") { // of earlier runs: nobody writes them
			places[filepath.Join(stateFolder, name)] = "state"
		}
	}
	for _, name := range []string{stateFolder, stateFolder + "/state", stateFolder + "/runs"} {
		places[name] = "state"
	}
	for _, name := range []string{
		"results", "results/datasets", "results/conclusion", "results/plots", "results/second",
		"results/datasets/i0001.json", "results/plots/i0001_LLM_included.svg", "results/" + summaryFile,
		"results/report.csv", "results/.concluder-owner", "results/.concluder-staging",
	} {
		places[name] = "results"
	}
	places["data/i0001.csv"] = "data"
	things := map[string]func(path string) error{
		"folder": func(path string) error { return os.MkdirAll(filepath.Join(path, "of the user"), 0o755) },
		"file":   func(path string) error { return os.WriteFile(path, []byte("of the user\n"), 0o644) },
		"loop":   func(path string) error { return os.Symlink(filepath.Base(path), path) },
	}
	for place, what := range places {
		for thing, make := range things {
			t.Run(thing+" as "+place, func(t *testing.T) {
				s.t = t
				path := filepath.Join(s.dir, filepath.FromSlash(place))
				aside := filepath.Join(s.dir, "aside")
				if err := os.Rename(path, aside); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				if err := make(path); err != nil {
					t.Fatal(err)
				}
				// Everything is to be done, so every place is met.
				code, said := runProgram(t, s.dir, s.args("", "run", "--force")...)
				found, err := os.Lstat(path)
				if place != "results/.concluder-staging" && (err != nil || thing == "folder" && !found.IsDir()) {
					t.Errorf("what was in the way is gone: %v", err)
				}
				said = strings.ReplaceAll(said, s.dir+"/", "")
				// A file that is not a table, or a folder that is an instance: no matter.
				if code != exitOK && what != "data" && !strings.Contains(said, place+" is a ") {
					t.Errorf("exit code %d, and it is not said what %s is:\n%s", code, place, said)
				}
				if len(said) > 1000 {
					t.Errorf("%d bytes of message:\n%s", len(said), said)
				}
				if what != "data" && code == exitWrong {
					t.Errorf("exit code %d: nothing is wrong with the command line or the file\n%s", code, said)
				}
				for _, command := range []string{"status", "plan"} { // these answer or say why not
					code, said := runProgram(t, s.dir, s.args("", command)...)
					if code != exitOK && !strings.Contains(strings.ReplaceAll(said, s.dir+"/", ""), filepath.Base(place)) {
						t.Errorf("%s: exit code %d\n%s", command, code, said)
					}
				}
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(aside, path); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				if code, said := runProgram(t, s.dir, s.args("", "run")...); code != exitOK {
					t.Errorf("afterwards: exit code %d\n%s", code, said)
				}
				if what == "data" { // a folder is an instance, whose results are of no use now
					if code, said := runProgram(t, s.dir, s.args("", "gc")...); code != exitOK {
						t.Errorf("gc: exit code %d\n%s", code, said)
					}
				}
				sameResults(t, want, results(t, filepath.Join(s.dir, "results")))
				s.idle("")
			})
		}
	}
}
