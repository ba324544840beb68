package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the program as a process of its own, not yet started: TestMain
// runs it where the test binary is called by its name.
func program(t *testing.T, dir string, args ...string) (cmd *exec.Cmd, said *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said = new(bytes.Buffer)
	return &exec.Cmd{Path: exe, Args: append([]string{"concluder"}, args...), Dir: dir, Stdout: said, Stderr: said}, said
}

// runProgram waits for the program's end and returns its exit code and all that
// it said. A process that a signal ended fails the test.
func runProgram(t *testing.T, dir string, args ...string) (code int, said string) {
	t.Helper()
	cmd, out := program(t, dir, args...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || !cmd.ProcessState.Exited() {
		t.Fatalf("concluder %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// writeStudy makes a pipeline of n instances, no two with the same points, and
// a provider "model" with these attributes.
func writeStudy(t testing.TB, dir string, n int, provider string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		var b strings.Builder
		b.WriteString("n,s\n")
		for k := 1; k <= 8; k++ {
			x := 100 * float64(k)
			y := float64(i+1) * 1e-3 * (1 + 0.02*math.Sin(float64(i+7*k)))
			switch i % 4 {
			case 0:
				y *= x
			case 1:
				y *= x * x
			case 2:
				y *= math.Pow(x, 2.5)
			case 3:
				y *= math.Exp(x / 90)
			}
			fmt.Fprintf(&b, "%g,%.6g\n", x, y)
		}
		write(t, filepath.Join(dir, "data", fmt.Sprintf("i%04d.csv", i)), b.String())
	}
	write(t, filepath.Join(dir, "pipeline.hcl"), `pipeline "study" {
  instances = stems("data/*.csv")
}
provider "openai" "model" {
`+provider+`
}
provider "analytic" "builtin" {}
stage "load" "points" {
  measurements = "data/${instance}.csv"
  x            = "n"
  y            = "s"
}
stage "conclude" "bound" {
  dataset  = stage.load.points
  provider = provider.openai.model
  fallback = provider.analytic.builtin
}
stage "summarize" "report" {
  conclusions = stage.conclude.bound
}
`)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// files is the content of every file under dir, by its path there.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	m := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		m[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const summaryFile = "parallel_llm_conclude_summary.json"

// results is every file of a results folder, with the times taken out of the
// summary.
func results(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	m := files(t, dir)
	var s map[string]any
	if err := json.Unmarshal(m[summaryFile], &s); err != nil {
		t.Fatalf("%s: %v", summaryFile, err)
	}
	delete(s, "timing")
	for _, r := range s["results"].(map[string]any) {
		delete(r.(map[string]any), "timestamp")
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	m[summaryFile] = b
	return m
}

// sameResults fails for every file that differs.
func sameResults(t *testing.T, want, got map[string][]byte) {
	t.Helper()
	for name, w := range want {
		if g, ok := got[name]; !ok {
			t.Errorf("results: there is no %s", name)
		} else if !bytes.Equal(w, g) {
			t.Errorf("results: %s differs from that of an undisturbed run: %s", name, difference(w, g))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("results: %s is not there after an undisturbed run", name)
		}
	}
}

// difference shows where two texts part.
func difference(want, got []byte) string {
	at := 0
	for at < min(len(want), len(got)) && want[at] == got[at] {
		at++
	}
	around := func(b []byte) []byte { return b[max(0, at-60):min(len(b), at+60)] }
	return fmt.Sprintf("at byte %d %q, want %q", at, around(got), around(want))
}

// An answered is a line of an exported journal.
type answered struct {
	Prompt string `json:"prompt"` // the request's body
	Body   string `json:"body"`
}

// exported is what `export journal` writes of a state directory.
func exported(t *testing.T, dir, state string) []answered {
	t.Helper()
	file := filepath.Join(t.TempDir(), "answers.jsonl")
	if code, said := runProgram(t, dir, "export", "journal", file, "--state-dir", state); code != exitOK {
		t.Fatalf("export journal: exit code %d\n%s", code, said)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []answered
	for dec := json.NewDecoder(f); dec.More(); {
		var a answered
		if err := dec.Decode(&a); err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}
