package llm_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// A file that is no journal is refused and stays as it is, byte for byte, with
// nothing put beside it.
func TestOpenJournalRefusesOtherFiles(t *testing.T) {
	database := func(statements ...string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for _, s := range statements {
				if _, err := db.Exec(s); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	file := func(content string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(*testing.T, string)
		says string
	}{
		{"JSON", file(`{"queens": [1, 2, 3]}`), "no SQLite database"},
		{"a long text", file(strings.Repeat("size;time\n", 20000)), "no SQLite database"},
		{"one byte", file("x"), "no SQLite database"},
		{"only the magic", file("SQLite format 3\x00"), "damaged SQLite database"},
		{"other tables", database(`CREATE TABLE runs (id INTEGER)`), "other tables"},
		{"other tables, same version", database(`CREATE TABLE attempts (id INTEGER)`, `PRAGMA user_version = 1`), "other tables"},
		{"another program's", database(`PRAGMA application_id = 17`, `CREATE TABLE runs (id INTEGER)`), "another program"},
		{"with a write-ahead log", database(`PRAGMA journal_mode = WAL`, `CREATE TABLE runs (id INTEGER)`), "other tables"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data.json")
			c.make(t, path)
			before := folder(t, path)
			j, err := llm.OpenJournal(path)
			if err == nil {
				j.Close()
			}
			var je *llm.JournalError
			if !errors.As(err, &je) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "name another file") {
				t.Errorf("got %v, want a JournalError that says %q and what to do", err, c.says)
			}
			if after := folder(t, path); after != before {
				t.Errorf("the folder was\n%.300q\nand is\n%.300q", before, after)
			}
		})
	}
}

// A journal of an earlier build, without the mark, is one all the same.
func TestOpenJournalTakesUnmarked(t *testing.T) {
	b := newBench(t, llmtest.Config{}, nil)
	if _, err := b.ask(question(0), llm.AskOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := b.journal.Exec(`PRAGMA application_id = 0`); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	if rep, err := b.ask(question(0), llm.AskOptions{}); err != nil || !rep.FromJournal {
		t.Errorf("from the journal: %t, %v", rep.FromJournal, err)
	}
}

// folder is the names and contents of all files beside path.
func folder(t *testing.T, path string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		s.WriteString(filepath.Base(n) + ": " + string(b) + "\n")
	}
	return s.String()
}
