package llm_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// looked opens the journal of b for reading and looks at all it holds.
func looked(t *testing.T, b *bench) (exported int) {
	t.Helper()
	j, err := llm.OpenJournalReadOnly(b.path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := llm.New(b.cfg, j)
	if err != nil {
		t.Fatal(err)
	}
	objecting := func(llm.Answer) (llm.Verdict, string) { return llm.Trivial, "a verdict that is not recorded" }
	if rep, complete, err := c.Recorded(t.Context(), question(0), nil); err != nil || !complete || rep.Verdict != llm.Accepted {
		t.Errorf("recorded: %s, complete %t, %v", rep.Verdict, complete, err)
	}
	if _, _, err := c.Recorded(t.Context(), question(0), objecting); err != nil {
		t.Errorf("recorded, with another judge: %v", err)
	}
	if f, err := c.Forecast(t.Context(), []llm.Question{question(0), question(99)}, false); err != nil || f.Recorded != 1 || f.Requests < 1 {
		t.Errorf("forecast %+v, %v", f, err)
	}
	if _, err := j.Digest(t.Context()); err != nil {
		t.Error(err)
	}
	n, err := j.Export(t.Context(), new(bytes.Buffer))
	if err != nil {
		t.Error(err)
	}
	if rep, err := c.Ask(t.Context(), question(0), llm.AskOptions{}); err != nil || !rep.FromJournal {
		t.Errorf("a recorded question: %v", err)
	}
	sent := b.server.Requests()
	var je *llm.JournalError
	if _, err := c.Ask(t.Context(), question(99), llm.AskOptions{}); !errors.As(err, &je) || !strings.Contains(err.Error(), "reading only") {
		t.Errorf("a new question: got %v, want a JournalError", err)
	}
	if b.server.Requests() != sent {
		t.Error("a request was sent that cannot be recorded")
	}
	if err := errors.Join(c.Close(), j.Close(), j.Close()); err != nil {
		t.Error(err)
	}
	return n
}

// Looking at a journal changes no byte of it and leaves nothing beside it.
func TestReadOnlyChangesNothing(t *testing.T) {
	b := newBench(t, llmtest.Config{}, nil)
	for i := range 5 {
		if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	b.close()
	before := folder(t, b.path)
	if n := looked(t, b); n != 5 {
		t.Errorf("%d answers were seen, want 5", n)
	}
	if folder(t, b.path) != before {
		t.Error("looking changed the files")
	}
}

// A look at a journal that a process died with, or has open, sees what is only
// in the write-ahead log, and leaves journal and log as they are.
func TestReadOnlyReadsTheLog(t *testing.T) {
	b := newBench(t, llmtest.Config{}, nil)
	for i := range 5 {
		if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.client.Close(); err != nil { // waits for what is being written
		t.Fatal(err)
	}
	if n := looked(t, b); n != 5 {
		t.Errorf("beside a writer %d answers were seen, want 5", n)
	}
	died := filepath.Join(t.TempDir(), "journal.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(b.path + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			t.Skip("the journal has no write-ahead log on this file system")
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(died+suffix, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.close()
	b.path = died
	content := func() string {
		var s string
		for _, suffix := range []string{"", "-wal"} {
			data, err := os.ReadFile(died + suffix)
			if err != nil {
				t.Fatal(err)
			}
			s += string(data) + "\n"
		}
		return s
	}
	before := content()
	if n := looked(t, b); n != 5 {
		t.Errorf("%d answers were seen, want 5", n)
	}
	if content() != before {
		t.Error("looking changed the journal or its log")
	}
}

// Where there is nothing to look at, the error says so and nothing is made.
func TestReadOnlyRefuses(t *testing.T) {
	for _, c := range []struct {
		name, content, says string
		absent              bool
	}{
		{name: "absent", absent: true, says: "there is no journal"},
		{name: "empty", says: "it is empty"},
		{name: "a text", content: "size;time\n", says: "no SQLite database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal.db")
			if !c.absent {
				if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			before := folder(t, path)
			j, err := llm.OpenJournalReadOnly(path)
			if err == nil {
				j.Close()
			}
			var je *llm.JournalError
			if !errors.As(err, &je) || !strings.Contains(err.Error(), c.says) || errors.Is(err, fs.ErrNotExist) != c.absent {
				t.Errorf("got %v, want a JournalError that says %q", err, c.says)
			}
			if folder(t, path) != before {
				t.Error("something was made")
			}
		})
	}
}
