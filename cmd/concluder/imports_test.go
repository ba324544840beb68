package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/concluder/concluder"

// mayImport is who of ours may import whom: the first prefix of the importing
// folder that matches decides. Data flows one way, from the command to the
// parts that know nothing of it.
var mayImport = []struct {
	folder  string
	allowed []string // folders of ours, by prefix
}{
	{"pipeline/store", nil},
	{"pipeline/resource", nil},
	{"pipeline", []string{"pipeline/store", "pipeline/resource"}},
	{"stages/expr/ball", nil},
	{"stages/expr", []string{"stages/expr/ball"}},
	{"stages/growth", []string{"stages/expr", "stages/expr/ball"}},
	{"stages/llm/llmtest", []string{"stages/llm/llmtest"}},
	{"stages/llm", []string{"stages/expr"}},
	{"stages", []string{"pipeline", "stages/expr", "stages/growth", "stages/llm"}},
	{"examples", nil},
	{"cmd", []string{"pipeline", "pipeline/resource", "stages", "cmd"}},
}

// confined names the modules that only one folder may import.
var confined = map[string]string{
	"github.com/sashabaranov/go-openai": "stages/llm",
	"modernc.org/sqlite":                "stages/llm",
	"github.com/spf13/cobra":            "cmd",
	"gonum.org/v1/plot":                 "stages",
	"github.com/fsnotify/fsnotify":      "pipeline",
	"golang.org/x/sync":                 "pipeline stages/llm",
}

func TestImports(t *testing.T) {
	checked := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		checked++
		rel, err := filepath.Rel("../..", path)
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(rel))
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			checkImport(t, rel, folder, imported, strings.HasSuffix(path, "_test.go"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 20 {
		t.Fatalf("only %d files were found", checked)
	}
}

func checkImport(t *testing.T, file, folder, imported string, test bool) {
	for mod, homes := range confined {
		if within(imported, mod) && !withinAny(folder, strings.Fields(homes)) {
			t.Errorf("%s imports %s, which only %s may", file, imported, homes)
		}
	}
	ours, ok := strings.CutPrefix(imported, module+"/")
	if !ok || ours == folder {
		return
	}
	for _, rule := range mayImport {
		if !within(folder, rule.folder) {
			continue
		}
		// Tests may use the test server of the package they test.
		if test && ours == "stages/llm/llmtest" && within(folder, "stages") {
			return
		}
		for _, a := range rule.allowed {
			if ours == a || a == "pipeline" && ours == "pipeline/store" || within(ours, a) && (a == "stages" || a == "cmd" || a == "stages/llm/llmtest") {
				return
			}
		}
		if test && within(folder, "examples") {
			return // the examples' tests run them
		}
		t.Errorf("%s imports %s, which %s may not", file, ours, rule.folder)
		return
	}
	t.Errorf("%s: no rule for folder %s", file, folder)
}

func withinAny(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if within(path, p) {
			return true
		}
	}
	return false
}

func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}
