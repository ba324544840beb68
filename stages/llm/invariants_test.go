package llm_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// Under every fault of a server, by its number, met by every third request:
// each complete answer that was sent is in the journal, no answered request is
// sent again, not by the next run either, the budget holds, and every question
// ends in a reply with a typed verdict, a pause, a stop or a rejection. The
// faults that are not a server's have tests of their own: 9 in
// TestGateCutsOncePerEpisode, 49 in TestClockJump, 50 in TestDiskFull, 51 in
// TestKillAtEachStep, 52 in TestDamagedJournal, 53 in TestTwoProcesses, 60 in
// TestBudgetRace.
func TestInvariants(t *testing.T) {
	verdicts := map[llm.Verdict]bool{}
	for _, v := range llm.Verdicts() {
		verdicts[v] = true
	}
	tested := 0
	for n := 1; n <= 48; n++ {
		f := llmtest.Fault(n)
		if n == 9 {
			continue
		}
		tested++
		t.Run(fmt.Sprintf("fault %d: %s", n, f), func(t *testing.T) {
			if !f.Known() {
				t.Fatal("the test server does not have it")
			}
			every := func(r llmtest.Request) llmtest.Fault {
				if r.N%3 == 0 {
					return f
				}
				return llmtest.None
			}
			bubble(t, llmtest.Config{APIKey: testKey, Script: every}, func(c *llm.Config) {
				c.Price, c.Budget, c.MaxTokens = llm.Price{Input: 1, Output: 2}, 1, 500
			}, func(b *bench) {
				run := func() {
					var wg sync.WaitGroup
					for i := range 12 {
						wg.Go(func() {
							rep, err := b.ask(question(i), llm.AskOptions{})
							var rejected *llm.RejectedError
							var paused *llm.PauseError
							var stopped *llm.StopError
							switch {
							case err == nil:
								if rep.Verdict != llm.Accepted {
									b.t.Errorf("question %d: no error, and the verdict %q", i, rep.Verdict)
								}
							case errors.As(err, &rejected):
								if !verdicts[rejected.Reply.Verdict] || rejected.Reply.Verdict == llm.Accepted {
									b.t.Errorf("question %d: rejected as %q", i, rejected.Reply.Verdict)
								}
							case errors.As(err, &paused), errors.As(err, &stopped):
							default:
								b.t.Errorf("question %d: %v", i, err)
							}
						})
					}
					wg.Wait()
					if s := b.client.Stats(); s.Spent > b.cfg.Budget {
						b.t.Errorf("%.4f of %.4f is spent", s.Spent, b.cfg.Budget)
					}
				}
				run()
				b.reopen()
				run()
				b.close()
				kept, _ := journalBodies(b.t, b.path)
				answers := map[string]int{}
				for _, r := range b.server.Log() {
					if r.Sent == "answer" {
						answers[r.Digest]++
					}
				}
				for d, n := range answers {
					if kept[d] == 0 {
						b.t.Error("an answer that was sent is not in the journal")
					}
					if n > 1 {
						b.t.Errorf("a request was answered %d times", n)
					}
				}
				b.open()
			})
		})
	}
	if tested != 47 {
		t.Errorf("%d faults were tried", tested)
	}
}
