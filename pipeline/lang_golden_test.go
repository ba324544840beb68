package pipeline

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write golden files anew")

// archive unpacks a golden test's files into a folder and makes it current.
// Files named want and vars are the test's own.
func archive(t *testing.T, path string) (*txtar.Archive, map[string]string) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir, vars := t.TempDir(), map[string]string(nil)
	for _, f := range a.Files {
		switch f.Name {
		case "want":
			continue
		case "vars":
			vars = make(map[string]string)
			for line := range strings.Lines(string(f.Data)) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
				vars[name] = value
			}
			continue
		}
		to := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			t.Fatal(err)
		}
		data := f.Data
		if strings.HasSuffix(f.Name, ".bin") {
			data = []byte{0xff, 0xfe, 0x00} // txtar holds texts alone
		}
		if err := os.WriteFile(to, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return a, vars
}

// golden compares with the archive's last file, want, or writes it.
func golden(t *testing.T, path string, a *txtar.Archive, got string) {
	t.Helper()
	i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
	if *update {
		if i < 0 {
			a.Files, i = append(a.Files, txtar.File{Name: "want"}), len(a.Files)
		}
		a.Files[i].Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(a), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if i < 0 {
		t.Fatalf("%s has no file want; make it with -update", path)
	}
	if want := string(a.Files[i].Data); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func goldenFiles(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files %s: %v", pattern, err)
	}
	for i := range files {
		if files[i], err = filepath.Abs(files[i]); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// Each archive in testdata/mistakes is a pipeline file with a mistake, and what
// a person is told about it.
func TestMistakes(t *testing.T) {
	for _, path := range goldenFiles(t, "mistakes/*.txtar") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, vars := archive(t, path)
			sources := Sources{}
			plan, diags := Load("pipeline.hcl", languageKinds(), Input{Vars: vars, Sources: sources})
			if len(diags) == 0 {
				t.Error("no mistake was found")
			}
			if (plan == nil) != diags.HasErrors() {
				t.Errorf("plan %v beside %v", plan, diags)
			}
			var b strings.Builder
			if err := WriteDiagnostics(&b, diags, sources); err != nil {
				t.Fatal(err)
			}
			golden(t, path, a, b.String())
			for _, d := range diags {
				if d.Subject == nil {
					continue
				}
				if r := *d.Subject; r.Start.Line < 1 || r.Start.Column < 1 || r.End.Byte < r.Start.Byte || sources[r.Filename] == nil {
					t.Errorf("%s: no true position: %#v", d.Summary, r)
				}
			}
			again, _ := Load("pipeline.hcl", languageKinds(), Input{Vars: vars})
			if fmt.Sprint(again == nil) != fmt.Sprint(plan == nil) {
				t.Error("a second reading says otherwise")
			}
		})
	}
}
