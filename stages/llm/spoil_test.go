package llm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// Faults 23, 24 and 33 to 47: an answer that arrives whole and should not be
// taken as it stands gets its own verdict; one sound answer after it is
// accepted; and what was answered is not asked again.
func TestSpoiltAnswers(t *testing.T) {
	for _, c := range []struct {
		fault llmtest.Fault
		first llm.Verdict
		kind  string // of the request after it
	}{
		{llmtest.ChoicesNull, llm.NoChoices, "re_ask"},
		{llmtest.OnlyReasoning, llm.Empty, "re_ask"},
		{llmtest.LengthMidString, llm.Truncated, "larger_cap"},
		{llmtest.WhitespaceLoop, llm.Degenerate, "re_ask"},
		{llmtest.PhraseLoop, llm.Degenerate, "re_ask"},
		{llmtest.FilteredContent, llm.ContentFilter, "reworded"},
		{llmtest.Refusal, llm.Refusal, "reworded"},
		{llmtest.FencedJSON, llm.Accepted, ""},
		{llmtest.ThinkPrefix, llm.Accepted, ""},
		{llmtest.TwoObjects, llm.TwoObjects, "re_ask"},
		{llmtest.LaTeXFraction, llm.ControlCharacter, "re_ask"},
		{llmtest.DuplicateKeys, llm.DuplicateKeys, "re_ask"},
		{llmtest.UnknownVariable, llm.TwoVariables, "re_ask"},
		{llmtest.TrivialBound, llm.Trivial, "re_ask"},
		{llmtest.NoUsage, llm.Accepted, ""},
		{llmtest.LowPromptTokens, llm.PromptCut, "none"},
		{llmtest.OtherModel, llm.Accepted, ""},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			b := newBench(t, llmtest.Config{Script: llmtest.Sequence(c.fault)}, nil)
			rep, err := b.ask(question(0), llm.AskOptions{})
			var rejected *llm.RejectedError
			if c.kind == "none" {
				if !errors.As(err, &rejected) {
					t.Fatalf("got %v, want a rejection", err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if v := rep.Attempts[0].Verdict; v != c.first {
				t.Errorf("the first answer ends as %s (%s), want %s", v, rep.Attempts[0].Detail, c.first)
			}
			switch {
			case c.kind == "" || c.kind == "none":
				if len(rep.Attempts) != 1 {
					t.Errorf("%d answers, want one", len(rep.Attempts))
				}
			case len(rep.Attempts) != 2 || rep.Attempts[1].Kind != c.kind || rep.Verdict != llm.Accepted:
				t.Errorf("%d answers, the last %s (%s), want a second by %s, accepted", len(rep.Attempts), rep.Verdict, rep.Attempts[len(rep.Attempts)-1].Kind, c.kind)
			}
			if c.kind == "re_ask" {
				log := b.server.Log()
				p := log[len(log)-1].Prompt
				if !strings.Contains(p, strings.TrimRight(rep.Attempts[0].Detail, ".")) {
					t.Errorf("the second request does not quote what is wrong (%s):\n%s", rep.Attempts[0].Detail, p)
				}
			}
			if c.fault == llmtest.OtherModel && !b.warned("some-other-model") {
				t.Error("no word about the other model")
			}
			if c.fault == llmtest.NoUsage && !rep.Usage.Estimated {
				t.Error("the usage is not marked as estimated")
			}
			n := b.server.Requests()
			b.reopen()
			again, _ := b.ask(question(0), llm.AskOptions{})
			if b.server.Requests() != n || again.Verdict != rep.Verdict || again.Answer.UpperBound != rep.Answer.UpperBound {
				t.Errorf("the next run: %d more requests, verdict %s", b.server.Requests()-n, again.Verdict)
			}
		})
	}
}

// A model that never answers acceptably is asked a bounded number of times, and
// its last verdict is the result.
func TestReAsksEnd(t *testing.T) {
	for _, c := range []struct {
		fault llmtest.Fault
		want  llm.Verdict
		most  int
	}{
		{llmtest.LengthMidString, llm.Truncated, 4},
		{llmtest.FilteredContent, llm.ContentFilter, 2},
		{llmtest.Refusal, llm.Refusal, 2},
		{llmtest.ChoicesNull, llm.NoChoices, 3},
		{llmtest.WhitespaceLoop, llm.Degenerate, 2}, // the same text twice
		{llmtest.TrivialBound, llm.Trivial, 2},
	} {
		t.Run(c.fault.String(), func(t *testing.T) {
			b := newBench(t, llmtest.Config{Script: llmtest.Always(c.fault)}, nil)
			for run := range 2 {
				_, err := b.ask(question(0), llm.AskOptions{})
				var r *llm.RejectedError
				if !errors.As(err, &r) || r.Reply.Verdict != c.want {
					t.Fatalf("run %d: got %v, want a rejection: %s", run, err, c.want)
				}
				if n := b.server.Requests(); n > c.most {
					t.Errorf("run %d: %d requests, want at most %d", run, n, c.most)
				}
				b.reopen()
			}
		})
	}
}

// The judge decides about what reads. A stricter judge goes on where the
// record ends; a laxer one takes what is there, for nothing.
func TestJudge(t *testing.T) {
	b := newBench(t, llmtest.Config{}, nil)
	strict := func(a llm.Answer) (llm.Verdict, string) { return llm.BoundRejected, "it lies under 3 of 30 points" }
	_, err := b.ask(question(0), llm.AskOptions{Judge: strict})
	var r *llm.RejectedError
	if !errors.As(err, &r) || r.Reply.Verdict != llm.BoundRejected {
		t.Fatalf("got %v, want a rejection", err)
	}
	log := b.server.Log()
	if p := log[len(log)-1].Prompt; !strings.Contains(p, "it lies under 3 of 30 points") {
		t.Error("the model is not told what is wrong")
	}
	n := len(log)
	b.reopen()
	if _, err := b.ask(question(0), llm.AskOptions{Judge: strict}); !errors.As(err, &r) {
		t.Errorf("a second run: %v", err)
	}
	rep, err := b.ask(question(0), llm.AskOptions{})
	if err != nil || !rep.FromJournal {
		t.Errorf("a laxer judge: %v", err)
	}
	if b.server.Requests() != n {
		t.Errorf("%d requests were sent for other judges", b.server.Requests()-n)
	}
	// A judge that turns against an answer that was accepted.
	if _, err := b.ask(question(1), llm.AskOptions{}); err != nil {
		t.Fatal(err)
	}
	n = b.server.Requests()
	if _, err := b.ask(question(1), llm.AskOptions{Judge: strict}); !errors.As(err, &r) {
		t.Errorf("a stricter judge: %v", err)
	}
	if got := b.server.Requests() - n; got < 1 || got > 2 {
		t.Errorf("a stricter judge sent %d requests, want the re-asks that are left", got)
	}
}

// Anew asks again once in a client's life, and the newest answer counts from
// then on.
func TestAnew(t *testing.T) {
	b := newBench(t, llmtest.Config{}, nil)
	for range 2 {
		if _, err := b.ask(question(0), llm.AskOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // two instances with the same question, and a retry
		if _, err := b.ask(question(0), llm.AskOptions{Anew: true}); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.server.Requests(); n != 2 {
		t.Errorf("%d requests, want one and one anew", n)
	}
	b.reopen()
	rep, err := b.ask(question(0), llm.AskOptions{})
	if err != nil || !rep.FromJournal || rep.Attempts[0].ID != 2 {
		t.Errorf("the newest answer does not count: %+v, %v", rep.Attempts, err)
	}
	if b.ask(question(0), llm.AskOptions{Anew: true}); b.server.Requests() != 3 {
		t.Error("another run cannot ask anew")
	}
}
