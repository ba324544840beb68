package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A graph is what to write: load, conclude and plot for each instance.
type graph struct {
	instances int
	prefix    string // of their names
	summary   bool   // and a stage that reads all
}

// name is that of an instance. It is also its file name in results.
func (g graph) name(i int) string { return fmt.Sprintf("%s%07d", g.prefix, i) }

func (g graph) check() error {
	if g.instances < 1 || g.instances > 9_999_999 {
		return fmt.Errorf("-n %d: from 1 to 9999999 instances can be written", g.instances)
	}
	// What results would spell otherwise, and "|", which ninja cannot escape.
	unsafe := func(r rune) bool { return strings.ContainsRune(`/\%|`, r) || unicode.IsControl(r) }
	if strings.HasPrefix(g.prefix, ".") || strings.HasPrefix(g.prefix, " ") || strings.ContainsFunc(g.prefix, unsafe) || !utf8.ValidString(g.prefix) || len(g.prefix) > 100 {
		return fmt.Errorf(`-prefix %q: it may have 100 bytes, not begin with a dot or a space, and not contain /, \, %%, | or control characters`, g.prefix)
	}
	return nil
}

// write fills a folder, which is made. One that holds something is refused, so
// that nobody's files are mixed with these.
func (g graph) write(dir string) error {
	if err := g.check(); err != nil {
		return err
	}
	switch entries, err := os.ReadDir(dir); {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty: name a new folder", dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o777); err != nil {
		return err
	}
	for i := range g.instances {
		if err := os.WriteFile(filepath.Join(dir, "data", g.name(i)+".csv"), points(i), 0o666); err != nil {
			return err
		}
	}
	if err := writeWith(filepath.Join(dir, "build.ninja"), g.ninja); err != nil {
		return err
	}
	return writeWith(filepath.Join(dir, "pipeline.hcl"), g.pipeline)
}

// points are an instance's measurements: a line through three points is about
// the least work that the analysis can have.
func points(i int) []byte {
	slope := 1 + i%1000
	return fmt.Appendf(nil, "n,s\n1,%d\n2,%d\n3,%d\n", slope, 2*slope, 3*slope)
}

func (g graph) pipeline(w *bufio.Writer) {
	w.WriteString(`pipeline "scale" {
  instances = stems("data/*.csv")
}

stage "load" "points" {
  measurements = "data/${instance}.csv"
  x            = "n"
  y            = "s"
  min_points   = 3
}

stage "conclude" "bound" {
  dataset = stage.load.points
}

stage "plot" "comparison" {
  dataset    = stage.load.points
  conclusion = stage.conclude.bound
  formats    = ["svg"]
}
`)
	if g.summary {
		w.WriteString(`
stage "summarize" "report" {
  conclusions = stage.conclude.bound
  plots       = stage.plot.comparison
}
`)
	}
}

// ninja writes a rule for each stage and an edge for each node.
func (g graph) ninja(w *bufio.Writer) {
	w.WriteString(`builddir = ninja

rule load
  command = cp $in $out
rule conclude
  command = touch $out
rule plot
  command = touch $out
rule summarize
  command = touch $out

`)
	for i := range g.instances {
		n := escape(g.name(i))
		fmt.Fprintf(w, "build ninja/datasets/%s.json: load data/%s.csv\n", n, n)
		fmt.Fprintf(w, "build ninja/conclusion/%s.json: conclude ninja/datasets/%s.json\n", n, n)
		fmt.Fprintf(w, "build ninja/plots/%s_LLM_included.svg ninja/plots/%s_original_only.svg: plot ninja/datasets/%s.json ninja/conclusion/%s.json\n", n, n, n, n)
	}
	if !g.summary {
		return
	}
	w.WriteString("build ninja/parallel_llm_conclude_summary.json ninja/report.csv: summarize")
	for i := range g.instances {
		n := escape(g.name(i))
		fmt.Fprintf(w, " $\n ninja/conclusion/%s.json ninja/plots/%s_LLM_included.svg ninja/plots/%s_original_only.svg", n, n, n)
	}
	w.WriteString("\n")
}

// escape writes a path for build.ninja. What the shell would take as more than
// a letter is ninja's affair: it quotes $in and $out.
func escape(path string) string {
	return strings.NewReplacer("$", "$$", " ", "$ ", ":", "$:").Replace(path)
}

// writeWith writes a file through a buffer, which remembers the first error.
func writeWith(path string, fill func(*bufio.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fill(w)
	return errors.Join(w.Flush(), f.Close())
}
