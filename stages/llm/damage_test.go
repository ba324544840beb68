package llm_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// Fault 50: with the disk full nothing is sent, the error names the journal,
// and the run goes on once there is room.
func TestDiskFull(t *testing.T) {
	b := newBench(t, llmtest.Config{}, nil)
	if _, err := b.ask(question(0), llm.AskOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := b.journal.LimitPages(2); err != nil {
		t.Fatal(err)
	}
	n := b.server.Requests()
	var je *llm.JournalError
	var err error
	for i := 1; i < 20 && err == nil; i++ {
		_, err = b.ask(question(i), llm.AskOptions{})
	}
	if !errors.As(err, &je) || !strings.Contains(je.Error(), "full") {
		t.Fatalf("got %v, want a JournalError", err)
	}
	sent := b.server.Requests() - n
	if sent > 2 {
		t.Errorf("%d requests were sent while nothing could be recorded", sent)
	}
	if rep, err := b.ask(question(0), llm.AskOptions{}); err != nil || !rep.FromJournal {
		t.Errorf("what is recorded cannot be read: %v", err)
	}
	if err := b.journal.LimitPages(-1); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	for i := range 5 {
		if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
			t.Errorf("with room again: %v", err)
		}
	}
	if d := b.server.Doubles(); len(d) > 0 {
		t.Errorf("%d requests were answered twice", len(d))
	}
}

// Fault 52: a tail that was torn off, and a byte that flipped: what is damaged
// is asked again, what is sound is not, and nothing wrong is believed.
func TestDamagedJournal(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, path string)
	}{
		{"tail torn", func(t *testing.T, path string) {
			fi, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, fi.Size()*2/3); err != nil {
				t.Fatal(err)
			}
		}},
		{"byte flipped in an answer", func(t *testing.T, path string) {
			j, err := llm.OpenJournal(path)
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			if err := j.Exec(`UPDATE responses SET body = replace(body, 'grows', 'gnows') WHERE attempt = 7`); err != nil {
				t.Fatal(err)
			}
		}},
		{"first page zeroed", func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt(make([]byte, 4096), 0); err != nil {
				t.Fatal(err)
			}
		}},
		{"noise in the middle", func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			fi, _ := f.Stat()
			noise := make([]byte, 4096)
			r := rand.New(rand.NewPCG(1, 2))
			for p := int64(8); p < fi.Size()/4096; p += 9 {
				for i := range noise {
					noise[i] = byte(r.Uint32())
				}
				if _, err := f.WriteAt(noise, p*4096); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{"empty", func(t *testing.T, path string) {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, llmtest.Config{}, nil)
			linear := func(i int) llm.Question {
				q := question(i)
				for k := range q.Y {
					q.Y[k] = q.X[k] * float64(i+1)
				}
				return q
			}
			want := map[int]string{}
			for i := range 60 {
				rep, err := b.ask(linear(i), llm.AskOptions{})
				if err != nil {
					t.Fatal(err)
				}
				want[i] = rep.Answer.UpperBound + rep.Answer.Reasoning
			}
			b.close()
			c.damage(t, b.path)
			b.open()
			sound := 0
			for i := range 60 {
				rep, err := b.ask(linear(i), llm.AskOptions{})
				if err != nil {
					t.Fatalf("question %d: %v", i, err)
				}
				if rep.FromJournal {
					sound++
				}
				if got := rep.Answer.UpperBound + rep.Answer.Reasoning; got != want[i] {
					t.Errorf("question %d: %q, want %q", i, got, want[i])
				}
			}
			t.Logf("%d of 60 answers were sound", sound)
			if strings.HasPrefix(c.name, "byte") && sound != 59 || strings.HasPrefix(c.name, "tail") && sound < 20 || strings.HasPrefix(c.name, "first") && sound < 55 || strings.HasPrefix(c.name, "noise") && sound < 30 {
				t.Errorf("%d of 60 answers were sound", sound)
			}
			if sound < 60 && c.name != "empty" && len(b.warnings) == 0 {
				t.Error("the damage is not mentioned")
			}
			b.reopen()
			n := b.server.Requests()
			for i := range 60 {
				if _, err := b.ask(linear(i), llm.AskOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			if b.server.Requests() != n {
				t.Error("the next run asks again")
			}
		})
	}
}
