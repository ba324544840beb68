package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/concluder/concluder/stages"
)

// listed is when each file below a folder was written, by its path there, but
// for those that a program keeps for itself.
func listed(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	found := map[string]time.Time{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		found[rel] = info.ModTime()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// changed leaves the files that were not there before, or not so new.
func changed(before, after map[string]time.Time) map[string]time.Time {
	maps.DeleteFunc(after, func(rel string, at time.Time) bool { return at.Equal(before[rel]) })
	return after
}

// A name that the commands of build.ninja and the shell must not read as theirs.
const oddPrefix = `it's "$5": $x ${y} #;&é~`

// Both programs write files of the same names, first for all and then for the
// one instance whose data changed.
func TestSameGraph(t *testing.T) {
	if _, err := exec.LookPath("ninja"); err != nil {
		t.Skip("ninja is not installed")
	}
	for _, c := range []struct {
		name  string
		graph graph
	}{
		{"plain", graph{instances: 4, prefix: "i"}},
		{"summary", graph{instances: 3, prefix: "i", summary: true}},
		{"odd names", graph{instances: 3, prefix: oddPrefix, summary: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "graph")
			if err := c.graph.write(dir); err != nil {
				t.Fatal(err)
			}
			both := func() {
				t.Helper()
				got, err := stages.Run(context.Background(), filepath.Join(dir, "pipeline.hcl"), stages.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for name, r := range got {
					if r.Status != stages.StatusSuccess {
						t.Errorf("%s: %s", name, r.Status)
					}
				}
				if out, err := exec.Command("ninja", "-C", dir).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			same := func(ours, ninjas map[string]time.Time, want int) {
				t.Helper()
				a, b := slices.Sorted(maps.Keys(ours)), slices.Sorted(maps.Keys(ninjas))
				if !slices.Equal(a, b) || len(a) != want {
					t.Errorf("want %d files\nconcluder: %q\nninja:     %q", want, a, b)
				}
			}
			results, built := filepath.Join(dir, "results"), filepath.Join(dir, "ninja")
			both()
			all, one := 4*c.graph.instances, 4
			if c.graph.summary {
				all, one = all+2, one+2
			}
			ours, ninjas := listed(t, results), listed(t, built)
			same(ours, ninjas, all)
			if out, err := exec.Command("ninja", "-C", dir).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("no work to do")) {
				t.Errorf("ninja again: %v\n%s", err, out)
			}

			data := filepath.Join(dir, "data", c.graph.name(1)+".csv")
			if err := os.WriteFile(data, points(77), 0o666); err != nil {
				t.Fatal(err)
			}
			// Newer than all outputs, however slowly the clock of files ticks.
			soon := time.Now().Add(time.Second)
			if err := os.Chtimes(data, soon, soon); err != nil {
				t.Fatal(err)
			}
			both()
			same(changed(ours, listed(t, results)), changed(ninjas, listed(t, built)), one)
		})
	}
}

func TestRefused(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.tex"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-n", "2"}, "name one to write into"},
		{[]string{"-n", "0", t.TempDir()}, "from 1 to"},
		{[]string{"-n", "2", full}, "is not empty"},
		{[]string{"-prefix", "a/b", t.TempDir()}, "-prefix"},
		{[]string{"-prefix", "a\nb", t.TempDir()}, "-prefix"},
		{[]string{"-prefix", ".a", t.TempDir()}, "-prefix"},
		{[]string{"-prefix", "a|b", t.TempDir()}, "-prefix"},
	} {
		if err := run(c.args, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
	}
	if found := listed(t, full); len(found) != 1 {
		t.Errorf("a folder that was refused holds %v", found)
	}
}

func TestCompare(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	for _, name := range []string{"bash", "ninja", "/usr/bin/time"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	out, err := exec.Command("bash", "compare.sh", "-n", "3", "-k", "2", "-s").CombinedOutput()
	if err != nil || bytes.Count(out, []byte("| ratio ")) != 2 || !bytes.Contains(out, []byte("; 10 nodes;")) {
		t.Errorf("%v\n%s", err, out)
	}
}
