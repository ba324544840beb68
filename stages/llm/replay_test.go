package llm_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/concluder/concluder/stages/expr"
	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

const recordingPath = "../../../shared/bmc/llm_responses.jsonl"

func recording(t *testing.T) []llmtest.Record {
	t.Helper()
	if _, err := os.Stat(recordingPath); err != nil {
		t.Skip("the recorded answers are not beside this checkout: ", err)
	}
	recs, err := llmtest.ReadRecording(recordingPath)
	if err != nil {
		t.Fatal(err)
	}
	return recs
}

func recordedQuestion(r llmtest.Record) llm.Question {
	q := question(0)
	q.Equation = r.Equation
	return q
}

// A run over recorded answers, a third of whose questions met a daily quota:
// the quota pauses, the next day's run asks exactly what has no answer, and a
// third run asks nothing.
func TestReplayedRun(t *testing.T) {
	recs := recording(t)
	b := newBench(t, llmtest.Config{Recording: recs}, nil)

	type result struct {
		rep llm.Reply
		err error
	}
	run := func() map[string]result {
		out := map[string]result{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, r := range recs {
			wg.Go(func() {
				rep, err := b.ask(recordedQuestion(r), llm.AskOptions{})
				mu.Lock()
				out[r.Equation] = result{rep, err}
				mu.Unlock()
			})
		}
		wg.Wait()
		return out
	}

	first := run()
	paused := 0
	for eq, r := range first {
		var p *llm.PauseError
		switch {
		case errors.As(r.err, &p):
			paused++
			if p.Kind != llm.DailyQuota {
				t.Errorf("%s: paused by %s, want a daily quota: %v", eq, p.Kind, p)
			}
		case len(r.rep.Attempts) == 0:
			t.Errorf("%s: neither answered nor paused: %v", eq, r.err)
		}
	}
	if paused == 0 {
		t.Fatal("98 quota errors paused nothing")
	}

	// The same day once more: the first request meets the quota again.
	b.reopen()
	before := b.server.Requests()
	run()
	quota := 0
	for _, r := range b.server.Log()[before:] {
		if r.Sent == "quota" {
			quota++
		}
	}
	if quota > b.cfg.Limits.InFlight {
		t.Errorf("the quota was met by %d requests, more than were in flight when the first was", quota)
	}

	b.reopen()
	b.server.EndQuota()
	answered := map[string]bool{}
	for _, r := range b.server.Log() {
		if r.Sent == "answer" {
			answered[r.Digest] = true
		}
	}
	before = b.server.Requests()
	second := run()
	for _, r := range b.server.Log()[before:] {
		if answered[r.Digest] {
			t.Errorf("%s: a request that was answered is sent again", r.Question)
		}
	}
	for eq, r := range second {
		var rejected *llm.RejectedError
		if r.err != nil && !errors.As(r.err, &rejected) {
			t.Errorf("%s: %v", eq, r.err)
		}
		if r.rep.Verdict == "" {
			t.Errorf("%s: no verdict", eq)
		}
		for _, a := range r.rep.Attempts {
			if a.Verdict == "" || a.Verdict != llm.Accepted && a.Detail == "" {
				t.Errorf("%s: answer %d has the verdict %q with detail %q", eq, a.Step, a.Verdict, a.Detail)
			}
		}
	}
	if d := b.server.Doubles(); len(d) > 0 {
		t.Errorf("%d requests were answered twice", len(d))
	}

	b.reopen()
	before = b.server.Requests()
	third := run()
	if n := b.server.Requests() - before; n != 0 {
		t.Errorf("with every question answered, %d requests were sent", n)
	}
	for eq, r := range third {
		if r.rep.Verdict != second[eq].rep.Verdict || r.rep.Answer.UpperBound != second[eq].rep.Answer.UpperBound {
			t.Errorf("%s: the journal gives %s %q, the server gave %s %q", eq, r.rep.Verdict, r.rep.Answer.UpperBound, second[eq].rep.Verdict, second[eq].rep.Answer.UpperBound)
		}
	}
}

// Every recorded answer ends in a typed verdict, none of them by accident:
// most read, in spite of fences, bare quotes and split numbers.
func TestRecordedAnswersRead(t *testing.T) {
	recs := recording(t)
	b := newBench(t, llmtest.Config{Recording: recs}, func(c *llm.Config) { c.ReAsks = -1 })
	got := map[llm.Verdict]int{}
	split := 0
	for _, r := range recs {
		if r.Error != nil {
			continue
		}
		rep, err := b.ask(recordedQuestion(r), llm.AskOptions{})
		var rejected *llm.RejectedError
		if err != nil && !errors.As(err, &rejected) {
			t.Fatalf("%s: %v", r.Instance, err)
		}
		first := rep.Attempts[0]
		got[first.Verdict]++
		if strings.Contains(rep.Answer.UpperBound, "e - ") && first.Verdict == llm.Accepted {
			split++
			if s := rep.Answer.Bound.String(); strings.Contains(s, " - ") || !strings.Contains(s, "e-") {
				t.Errorf("%s: %q is read as %s", r.Instance, rep.Answer.UpperBound, s)
			}
		}
	}
	t.Logf("verdicts of first answers: %v; numbers split by spaces, mended: %d", got, split)
	total := 0
	for v, n := range got {
		total += n
		switch v {
		case llm.Accepted, llm.Degenerate, llm.BadSchema, llm.Trivial, llm.TwoVariables:
		default:
			t.Errorf("%d answers end as %s", n, v)
		}
	}
	if got[llm.Accepted]*10 < total*8 {
		t.Errorf("only %d of %d answers read", got[llm.Accepted], total)
	}
	if split == 0 {
		t.Error("no number split by spaces was mended, though the recording is full of them")
	}
}

// What the program sends quotes the equation word for word: nothing is spaced.
func TestEquationIsQuotedVerbatim(t *testing.T) {
	b := newBench(t, llmtest.Config{}, nil)
	for _, eq := range []string{"5.03e-7*x0", "x0**(-1.84192) + 2", `x0 < 3 & "a"`, "1.0000011**x0"} {
		q := question(0)
		q.Equation = eq
		if _, err := b.ask(q, llm.AskOptions{}); err != nil {
			t.Fatal(err)
		}
		log := b.server.Log()
		if p := log[len(log)-1].Prompt; !strings.Contains(p, "\n"+eq+"\n") {
			t.Errorf("the prompt does not hold %q on a line of its own:\n%s", eq, p)
		}
	}
	// What a model splits is joined.
	r, err := expr.Parse("5.03e - 7*x0", expr.Prose)
	if err != nil || r.Expr.String() != "5.03e-7*x0" {
		t.Errorf("5.03e - 7*x0 reads as %s, %v", r.Expr.String(), err)
	}
}
