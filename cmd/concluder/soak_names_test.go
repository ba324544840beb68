package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var soakNames = flag.Int("soak-names", 40, "hostile names of instances that TestHostileNames tries; 2000 in full")

// hostile are parts that names are made of: what means something to a file
// system, a shell, HCL, CSV, JSON or a terminal, here or elsewhere. All are in
// the composed form of Unicode, to which HCL brings every text.
var hostile = []string{
	"..", ".", "/", "\\", "//", "../", "..\\", "~", "-", "--help", " ", "  ", "\t", "\n", "\r\n", "\x00", "\x1b[2J", "\x7f", "\u0085", "\u2028",
	"%", "%2F", "%2e", "%00", "$", "${x}", "%{if}", "$$", "`id`", "$(id)", ";", "&", "|", "<", ">", "*", "?", "[a]", "{a,b}", "!", "#", "'", "\"", "=", ",", ":",
	"a", "A", "b", "ß", "ſ", "K", "k", "i", "ı", "İ", "é", "É", "漢", "字", "🦆", "ﬀ", "\u200b", "\u202e", "\ufeff", "\U0010ffff",
	"CON", "nul", "aux.txt", "COM1", ".git", ".concluder", ".concluder-staging", ".concluder-owner", "results", "datasets", "conclusion", "plots", "second", "report.csv",
	"etc/passwd", "/tmp/x", "C:\\x", "\\\\host\\share", "file:///x", ".json", ".tmp", "~1", "~0123456789abcdef",
}

func hostileName(rng *rand.Rand) string {
	var b strings.Builder
	for range 1 + rng.IntN(5) {
		b.WriteString(hostile[rng.IntN(len(hostile))])
	}
	name := b.String()
	switch rng.IntN(12) {
	case 0: // as long as a file name may be
		for len(name) < 255 {
			name += hostile[rng.IntN(len(hostile))]
		}
		name = name[:255]
	case 1: // longer
		name = strings.Repeat(name, 400/len(name)+1)
	case 2: // alike but for the case
		name = strings.ToUpper(name)
	case 3:
		name = strings.ToLower(name)
	}
	return strings.ToValidUTF8(name, "")
}

// hclText is a text as a pipeline file has it.
func hclText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString("\\" + string(r))
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case r == '$' || r == '%' || !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// A walled is a pipeline in a folder within others, which hold files of the
// user: nothing of those may change.
type walled struct {
	*soak
	outside string
	before  map[string]string
}

func newWalled(t *testing.T) *walled {
	t.Helper()
	w := &walled{outside: t.TempDir(), soak: &soak{t: t, limit: 1e9}}
	w.dir = filepath.Join(w.outside, "a", "b", "study")
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", "a", "a/b", "a/b/study"} {
		for _, name := range []string{"a.json", "b.json", "k.json", "x", "results.json", "passwd"} {
			write(t, filepath.Join(w.outside, dir, name), "of the user")
		}
	}
	return w
}

// file writes the pipeline file for these instances, which all have the same
// data.
func (w *walled) file(names []string, text string) {
	w.t.Helper()
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = hclText(n)
	}
	text = strings.Replace(text, `stems("data/*.csv")`, "[\n"+strings.Join(list, ",\n")+"\n]", 1)
	write(w.t, filepath.Join(w.dir, "pipeline.hcl"), strings.Replace(text, `"data/${instance}.csv"`, `"points.csv"`, 1))
	write(w.t, filepath.Join(w.dir, "points.csv"), soakData("i0", 0))
	w.before = w.everything()
}

// everything is the type and content of all that is there.
func (w *walled) everything() map[string]string {
	w.t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(w.outside, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(w.dir, path)
		if err != nil {
			return err
		}
		m[rel] = d.Type().String()
		if d.Type().IsRegular() {
			var b []byte
			b, err = os.ReadFile(path)
			m[rel] += string(b)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// unharmed checks that nothing changed but in these folders, and returns what
// is in those.
func (w *walled) unharmed(but ...string) (inside []string) {
	w.t.Helper()
	after := w.everything()
	for _, path := range slices.Sorted(maps.Keys(after)) {
		top, _, _ := strings.Cut(filepath.ToSlash(path), "/")
		if slices.Contains(but, top) {
			inside = append(inside, path)
		} else if was, ok := w.before[path]; !ok || was != after[path] {
			w.t.Errorf("written outside: %q", path)
		}
	}
	for path := range w.before {
		if _, ok := after[path]; !ok {
			w.t.Errorf("gone: %q", path)
		}
	}
	return inside
}

// Whatever instances are called, nothing is written outside the results and
// the state, each has files of its own, also where case does not count, and one
// more run finds them.
func TestHostileNames(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	rng := soakRand(t)
	for tried := 0; tried < *soakNames; {
		w := newWalled(t)
		chosen := map[string]bool{}
		for len(chosen) < 40 {
			if n := hostileName(rng); n != "" && strings.TrimSpace(n) != "" {
				chosen[n] = true
			}
		}
		names := slices.Sorted(maps.Keys(chosen))
		tried += len(names)
		w.file(names, soakFile)
		if code, said := runProgram(t, w.dir, w.args("", "run")...); code != exitOK {
			t.Fatalf("exit code %d\n%s", code, said)
		}
		w.own(names, w.unharmed("results", stateFolder))
		w.idle("")
		for _, i := range rng.Perm(len(names))[:3] {
			if node := "load.points/" + names[i]; !strings.Contains(node, "\x00") { // arguments cannot hold it
				if code, said := runProgram(t, w.dir, w.args("", "why", node)...); code != exitOK || !strings.Contains(said, " is up to date") {
					t.Errorf("why %q: exit code %d\n%s", node, code, said)
				}
			}
		}

		// What is not declared any more goes, and nothing else.
		rest := names[:len(names)/2]
		w.file(rest, soakFile)
		for _, command := range []string{"run", "gc"} {
			if code, said := runProgram(t, w.dir, w.args("", command)...); code != exitOK {
				t.Fatalf("%s: exit code %d\n%s", command, code, said)
			}
		}
		// Which of two twins keeps its name depends on who is there.
		w.runs("")
		delete(w.before, "")
		for path := range w.before {
			if top, _, _ := strings.Cut(path, "/"); top == "results" || top == stateFolder {
				delete(w.before, path)
			}
		}
		w.own(rest, w.unharmed("results", stateFolder))
		if t.Failed() {
			t.Fatalf("names %q", names)
		}
	}
}

// Such names as those of data files, from which instances are listed.
func TestHostileDataFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	rng := soakRand(t)
	for tried := 0; tried < *soakNames; {
		w := newWalled(t)
		if err := os.Mkdir(filepath.Join(w.dir, "data"), 0o755); err != nil {
			t.Fatal(err)
		}
		chosen := map[string]bool{}
		for len(chosen) < 20 {
			// A pattern finds no file whose name begins with a dot.
			n := strings.TrimLeft(strings.NewReplacer("/", "", "\x00", "").Replace(hostileName(rng)), ".")
			if n = strings.ToValidUTF8(n[:min(len(n), 251)], ""); strings.TrimSpace(n) != "" && !chosen[n] {
				chosen[n] = true
				write(t, w.dataFile(n), soakData("i0", 0))
			}
		}
		names := slices.Sorted(maps.Keys(chosen))
		tried += len(names)
		write(t, filepath.Join(w.dir, "pipeline.hcl"), soakFile)
		w.before = w.everything()
		if code, said := runProgram(t, w.dir, w.args("", "run")...); code != exitOK {
			t.Fatalf("names %q: exit code %d\n%s", names, code, said)
		}
		w.own(names, w.unharmed("results", stateFolder))
		w.idle("")
		// An edit is found by whatever name.
		write(t, w.dataFile(names[rng.IntN(len(names))]), soakData("i0", 1))
		if n := w.executed(""); n != 5 {
			t.Errorf("after an edit %d nodes are executed, want 5", n)
		}
		if t.Failed() {
			t.Fatalf("names %q", names)
		}
	}
}

// own checks that each instance has its files, by what is in them.
func (w *walled) own(names, inside []string) {
	w.t.Helper()
	byFolder := map[string][]string{}
	for _, path := range inside {
		info, err := os.Lstat(filepath.Join(w.dir, path))
		if err != nil {
			w.t.Fatal(err)
		}
		if !info.IsDir() {
			byFolder[filepath.Dir(path)] = append(byFolder[filepath.Dir(path)], filepath.Base(path))
		}
	}
	for folder, each := range map[string]int{"results/datasets": 1, "results/conclusion": 1, "results/second/conclusion": 1, "results/plots": 2} {
		found := byFolder[folder]
		if len(found) != each*len(names) {
			w.t.Errorf("%s holds %d files for %d instances: %q", folder, len(found), len(names), found)
		}
		for i, name := range found {
			if len(name) > 255 || !utf8.ValidString(name) || strings.HasPrefix(name, ".") || strings.ContainsFunc(name, unicode.IsControl) || strings.Contains(name, `\`) {
				w.t.Errorf("%s holds a file %q", folder, name)
			}
			for _, other := range found[:i] {
				if strings.EqualFold(name, other) {
					w.t.Errorf("%s: %q and %q are one file where case does not count", folder, name, other)
				}
			}
		}
		if each > 1 {
			continue
		}
		var seen []string
		for _, name := range found {
			var v struct {
				Name string `json:"instance_name"`
			}
			b, err := os.ReadFile(filepath.Join(w.dir, folder, name))
			if err = errors.Join(err, json.Unmarshal(b, &v)); err != nil {
				w.t.Errorf("%s/%s: %v", folder, name, err)
			}
			seen = append(seen, v.Name)
		}
		slices.Sort(seen)
		if !slices.Equal(seen, names) {
			w.t.Errorf("%s holds files of %q, want %q", folder, seen, names)
		}
	}
}

// A command's output is declared with the instance's name as it is: what would
// lead out of the pipeline's folder, or onto a file that is not the command's,
// is refused, and nothing is written.
func TestHostileNamesOfOutputs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	rng := soakRand(t)
	tally := map[string]int{}
	w := newWalled(t)
	names := []string{"../x", "../points.csv", "../pipeline.hcl", "../../x", "x/../../a.json", "..", ".", "/", strings.Repeat("n", 256)}
	for range *soakNames / 4 {
		if name := hostileName(rng); strings.TrimSpace(name) != "" {
			names = append(names, name)
		}
	}
	for _, name := range names {
		w.file([]string{name}, `pipeline "outputs" {
  instances = stems("data/*.csv")
}
stage "exec" "copy" {
  command = ["cp", "points.csv", "${output.copy}"]
  inputs  = ["points.csv"]
  outputs = { copy = "copies/${instance}" }
}
`)
		w.limit = 0
		code, said := runProgram(t, w.dir, w.args("", "run")...)
		tally[fmt.Sprint("exit ", code)]++
		inside := w.unharmed("copies", "results", stateFolder)
		switch {
		case code == exitOK:
			copied, err := os.ReadFile(filepath.Join(w.dir, "copies", name))
			if err != nil || !bytes.Equal(copied, []byte(soakData("i0", 0))) {
				t.Errorf("%q: there is no copy (%v): %q", name, err, inside)
			}
		case code != exitWrong && code != exitIncomplete: // the system's own limits show only when it runs
			t.Errorf("%q: exit code %d\n%s", name, code, said)
		default:
			if strings.Contains(said, "panic") || !strings.Contains(said, "copy") {
				t.Errorf("%q: it is not said what is wrong:\n%s", name, said)
			}
			for _, path := range inside {
				if strings.HasPrefix(path, "copies/") {
					t.Errorf("%q: refused, and yet there is %q", name, path)
				}
			}
		}
		for _, dir := range []string{"copies", "results", stateFolder} {
			if err := os.RemoveAll(filepath.Join(w.dir, dir)); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Log(tally)
}
