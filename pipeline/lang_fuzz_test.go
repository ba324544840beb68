package pipeline

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"
)

// Whatever a file holds, Load returns a plan or an error with a true position,
// in order, that can be written.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"mistakes/*.txtar", "plans/*.txtar"} {
		for _, path := range goldenFiles(f, pattern) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(a.Files[0].Data)
		}
	}
	dir := f.TempDir()
	if err := os.WriteFile(dir+"/a.json", []byte("{}"), 0o666); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		path := dir + "/pipeline.hcl"
		sources := Sources{path: src}
		p, diags := Load(path, languageKinds(), Input{Sources: sources, Vars: map[string]string{"model": "[1, }", "n": "2"}})
		if (p == nil) != diags.HasErrors() {
			t.Fatalf("plan %v beside %v", p, diags)
		}
		last := -1
		for _, d := range diags {
			if d.Subject == nil || d.Subject.Filename != path {
				continue
			}
			if d.Subject.Start.Byte < last {
				t.Errorf("out of order: %v", d)
			}
			last = d.Subject.Start.Byte
			if d.Subject.Start.Byte > len(src) || d.Subject.Start.Line < 1 {
				t.Errorf("no true position: %v", d)
			}
		}
		if err := WriteDiagnostics(&bytes.Buffer{}, diags, sources); err != nil {
			t.Error(err)
		}
		if p != nil {
			for _, format := range []string{"dot", "mermaid", "json"} {
				if err := WriteGraph(&bytes.Buffer{}, p, format); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// A formatted file stays as it is when formatted again, and means the same.
func FuzzFormat(f *testing.F) {
	for _, path := range goldenFiles(f, "plans/*.txtar") {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(a.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		once, err := Format(src)
		if err != nil {
			var diags hcl.Diagnostics
			if !errors.As(err, &diags) || !diags.HasErrors() {
				t.Errorf("error without diagnostics: %v", err)
			}
			return
		}
		twice, err := Format(once)
		if err != nil {
			t.Fatalf("what Format wrote does not parse: %v\n%s", err, once)
		}
		if !bytes.Equal(once, twice) {
			t.Errorf("not stable:\n%s\n--\n%s", once, twice)
		}
	})
}
