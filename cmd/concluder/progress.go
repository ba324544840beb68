package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/pipeline/resource"
	"github.com/concluder/concluder/stages"
	"golang.org/x/term"
)

// progress tells people how a run goes: one line that is drawn over on a
// terminal, a plain line now and then elsewhere.
type progress struct {
	w     io.Writer
	file  *os.File // nil unless w is a terminal
	now   func() time.Time
	spent func() map[string]stages.Spent

	mu      sync.Mutex
	started time.Time
	drawn   time.Time
	width   int // of the line on the terminal
	at      pipeline.Progress
	left    *resource.Reading // nil before the first

	failures int            // announced
	alike    map[string]int // failures by stage and pattern
	warnings int            // of nodes, announced
}

// Between two drawings: often enough to look alive, seldom enough not to cost
// anything; a log file wants far fewer lines.
const (
	redrawEvery = 100 * time.Millisecond
	lineEvery   = 10 * time.Second
)

func newProgress(w io.Writer, spent func() map[string]stages.Spent) *progress {
	p := &progress{w: w, now: time.Now, spent: spent, alike: map[string]int{}}
	if f, ok := terminal(w); ok {
		p.file = f
	}
	return p
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// event takes note of what happened.
func (p *progress) event(e pipeline.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = e.Progress
	switch e.Event {
	case pipeline.EventRunStarted:
		p.started, p.drawn, p.failures, p.warnings, p.left = p.now(), p.now(), 0, 0, nil
		p.alike = map[string]int{}
	case pipeline.EventNodeFinished:
		if e.State == pipeline.Failed.String() {
			p.failure(e)
		}
	case pipeline.EventWarning:
		p.warning(e)
	case pipeline.EventProgress:
		p.left = e.Resources
	case pipeline.EventPaused:
		p.line("paused: " + shortened(e.Message, 160) + " (what needs nothing more of it goes on)")
	}
	p.due()
}

// tick draws when it is time, for stretches in which nothing happens but
// waiting.
func (p *progress) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due()
}

func (p *progress) due() {
	every := lineEvery
	if p.file != nil {
		every = redrawEvery
	}
	if now := p.now(); !p.started.IsZero() && now.Sub(p.drawn) >= every {
		p.drawn = now
		p.draw()
	}
}

func nodeName(stage, instance string) string {
	if instance == "" {
		return stage
	}
	return stage + "/" + instance
}

// shortened is the beginning of a text on one line.
func shortened(s string, limit int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}

// shown is how many failures, and warnings, of nodes are printed.
const shown = 10

// warning prints what concerns the run, and the first of what concerns a node.
func (p *progress) warning(e pipeline.Event) {
	if e.Stage == "" {
		p.line("warning: " + e.Message)
		return
	}
	switch p.warnings++; {
	case p.warnings <= shown:
		p.line(fmt.Sprintf("warning: %s: %s", nodeName(e.Stage, e.Instance), e.Message))
	case p.warnings == shown+1:
		p.line("more warnings follow; the events have them all (--json)")
	}
}

// failure prints the first failures in full; a run in which everything fails
// must not bury what it says, nor say the same again and again.
func (p *progress) failure(e pipeline.Event) {
	if k := e.Stage + "\n" + pattern(e.Error, e.Instance); len(p.alike) < mostPatterns || p.alike[k] > 0 {
		switch p.alike[k]++; {
		case p.alike[k] == repeats+1:
			p.line(fmt.Sprintf("failed: more of %s alike; the end of the run counts them", e.Stage))
			return
		case p.alike[k] > repeats:
			return
		}
	}
	switch p.failures++; {
	case p.failures <= shown:
		p.line(fmt.Sprintf("failed: %s: %s", nodeName(e.Stage, e.Instance), e.Error))
	case p.failures == shown+1:
		p.line("more failures follow; the summary has them all")
	}
}

// say prints a line of its own.
func (p *progress) say(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(s)
}

func (p *progress) line(s string) {
	p.clear()
	fmt.Fprintln(p.w, s)
}

func (p *progress) clear() {
	if p.width > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}

// end removes the line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) draw() {
	s := p.text()
	if p.file == nil {
		fmt.Fprintln(p.w, s)
		return
	}
	if columns, _, err := term.GetSize(int(p.file.Fd())); err == nil && columns > 1 && len(s) >= columns {
		s = s[:columns-1]
	}
	p.clear()
	fmt.Fprint(p.w, s)
	p.width = len(s)
}

// text is the line: instances done, running, failed, cached, rate, time left.
func (p *progress) text() string {
	at := p.at
	s := fmt.Sprintf("%d/%d instances, %d running, %d failed, %d cached", at.InstancesDone, at.Instances, at.Running, at.Failed, at.Cached)
	elapsed := p.now().Sub(p.started)
	if worked := at.Executed + at.Failed; worked > 0 && elapsed > 0 {
		rate := float64(worked) / elapsed.Seconds()
		s += fmt.Sprintf(", %.3g nodes/s", rate)
		if left := at.Nodes - at.Executed - at.Cached - at.Failed - at.Skipped; left > 0 {
			s += fmt.Sprintf(", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
		}
	}
	return s + resources(p.left) + spending(p.spent())
}

// resources is what the program takes of the machine, and what is about to run
// out there.
func resources(r *resource.Reading) string {
	if r == nil {
		return ""
	}
	s := fmt.Sprintf(", %.1f CPU", r.CPU)
	if r.RSS > 0 {
		s += ", " + resource.Bytes(r.RSS)
	}
	for _, short := range r.Scarce() {
		s += ", scarce: " + short.Short
	}
	return s
}

// spending is what was sent so far, "" when nothing was.
func spending(spent map[string]stages.Spent) string {
	names := make([]string, 0, len(spent))
	for name, s := range spent {
		if s.Requests > 0 {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		s := spent[name]
		fmt.Fprintf(&b, "; %s: %s, %d of %d in flight, %.0f/min, %s in, %s out", name, count(int(s.Requests), "request"),
			s.InFlight, s.Concurrency, s.PerMinute, thousands(s.InputTokens), thousands(s.OutputTokens))
		if s.Cost > 0 {
			fmt.Fprintf(&b, ", %s %s", amount(s.Cost), s.Currency)
		}
		if s.RateLimited > 0 {
			fmt.Fprintf(&b, ", %d x 429", s.RateLimited)
		}
		if s.ReAsks > 0 {
			fmt.Fprintf(&b, ", %d re-asked", s.ReAsks)
		}
	}
	return b.String()
}

// thousands shortens a number of tokens.
func thousands(n int64) string {
	switch {
	case n >= 10_000_000:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 10_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(n)
}

// relative is a path as people would type it from here.
func relative(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(rel, "../../..") {
		return rel
	}
	return path
}
