package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/concluder/concluder/pipeline"
)

// From a change of one instance's measurements to the first node that starts,
// in the program itself, beyond the debounce:
//
//	go test -run - -bench Watch/instances=1000$ -benchtime 200x ./cmd/concluder
//	go test -run - -bench Watch/instances=20000$ -benchtime 20x ./cmd/concluder
//
// and WATCH_BENCH_INSTANCES adds a size.
func BenchmarkWatch(b *testing.B) {
	sizes := []int{1_000, 20_000}
	if n, err := strconv.Atoi(os.Getenv("WATCH_BENCH_INSTANCES")); err == nil {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		b.Run(fmt.Sprintf("instances=%d", n), func(b *testing.B) { benchmarkWatch(b, n) })
	}
}

func benchmarkWatch(b *testing.B, n int) {
	dir := b.TempDir()
	writeStudy(b, dir, n, "base_url = \"http://127.0.0.1:1\"\nmodel = \"m\"")
	file := filepath.Join(dir, "pipeline.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	write(b, file, strings.Replace(string(text), "provider.openai.model", "provider.analytic.builtin", 1))
	w := startWatch(b, dir, "--debounce", watchedDebounce.String())
	defer w.end()
	w.await(pipeline.EventWatching)

	var whole, begun []time.Duration
	for b.Loop() {
		k := len(whole)
		i := k * 7919 % n // spread over the instances
		path := filepath.Join(dir, "data", fmt.Sprintf("i%04d.csv", i))
		was, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		write(b, filepath.Join(dir, "next"), fmt.Sprintf("%s%d,%d\n", was, 900+k, 900+k))
		changed := time.Now()
		if err := os.Rename(filepath.Join(dir, "next"), path); err != nil {
			b.Fatal(err)
		}
		begun = append(begun, w.await(pipeline.EventChanged).Time.Sub(changed)-watchedDebounce)
		started := w.await(pipeline.EventNodeStarted)
		if want := fmt.Sprintf("i%04d", i); started.Instance != want {
			b.Fatalf("%s/%s started, want %s", started.Stage, started.Instance, want)
		}
		whole = append(whole, started.Time.Sub(changed)-watchedDebounce)
		w.await(pipeline.EventWatching)
	}
	slices.Sort(whole)
	slices.Sort(begun)
	ms := func(list []time.Duration, percent int) float64 {
		return float64(list[(len(list)-1)*percent/100].Microseconds()) / 1000
	}
	b.ReportMetric(ms(begun, 50), "ms-noticed")
	b.ReportMetric(ms(whole, 0), "ms-least")
	b.ReportMetric(ms(whole, 50), "ms-median")
	b.ReportMetric(ms(whole, 99), "ms-99%")
}

// watchedDebounce is long enough for the steps of one change to be one change
// also where the machine has other things to do.
const watchedDebounce = 50 * time.Millisecond

// A watchedProgram is the program at watch, and its events.
type watchedProgram struct {
	tb     testing.TB
	cmd    *exec.Cmd
	events *bufio.Scanner
	said   *strings.Builder
}

func startWatch(tb testing.TB, dir string, args ...string) *watchedProgram {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	w := &watchedProgram{tb: tb, said: &strings.Builder{}}
	w.cmd = &exec.Cmd{Path: exe, Args: append([]string{"concluder", "watch", "--json"}, args...), Dir: dir, Stderr: w.said}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	w.events = bufio.NewScanner(out)
	if err := w.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	return w
}

// await returns the next event with this name.
func (w *watchedProgram) await(name string) pipeline.Event {
	w.tb.Helper()
	for w.events.Scan() {
		var e pipeline.Event
		if err := json.Unmarshal(w.events.Bytes(), &e); err != nil {
			w.tb.Fatalf("%s: %v", w.events.Text(), err)
		}
		if e.Event == name {
			return e
		}
	}
	w.cmd.Wait()
	w.tb.Fatalf("no event %s; it said\n%s", name, w.said)
	return pipeline.Event{}
}

// end interrupts the program, which must end in order.
func (w *watchedProgram) end() {
	w.tb.Helper()
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		w.tb.Fatal(err)
	}
	for w.events.Scan() {
	}
	if err := w.cmd.Wait(); err != nil {
		w.tb.Errorf("%v\n%s", err, w.said)
	}
}
