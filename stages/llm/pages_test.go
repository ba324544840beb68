package llm

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A journal of some rows, one of them longer than a page, and its bytes.
func journalBytes(t testing.TB, n int) ([]byte, map[int64]string) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]string{}
	for i := range n {
		a := &intent{question: fmt.Sprint("question ", i), prompt: make([]byte, 100+3000*i), kind: kindFirst, provider: "p", sent: time.Unix(int64(i)*1e6, 0), owner: "o", until: time.Now()}
		var id int64
		if err := <-j.begin(a, -1, &id, func() {}); err != nil {
			t.Fatal(err)
		}
		want[id] = a.question
		if err := <-j.record(a.question, &response{attempt: id, received: a.sent, status: 200, complete: true, body: make([]byte, 10*i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b, want
}

// What is read without SQLite is what SQLite wrote, long rows too.
func TestPagesReadWhatSQLiteWrote(t *testing.T) {
	b, want := journalBytes(t, 12)
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := openPages(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	for r, err := range p.rows(13) {
		if err != nil {
			t.Fatal(err)
		}
		if a, ok := attemptRow(r); ok && want[r.id] == a.question {
			delete(want, r.id)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d rows are not found", len(want))
	}
}

// Whatever a page holds: no panic, and no row that proves itself without being
// one of those that were written.
func FuzzCells(f *testing.F) {
	b, want := journalBytes(f, 3)
	for at := 0; at+pageSize <= len(b); at += pageSize {
		f.Add(b[at:at+pageSize], at == 0)
	}
	path := filepath.Join(f.TempDir(), "journal.db")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte, first bool) {
		p, err := openPages(path)
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		page := make([]byte, pageSize)
		copy(page, b)
		for _, columns := range []int{8, 13} {
			for _, r := range p.cells(page, first, columns) {
				if len(r.values) != columns {
					t.Fatalf("a row of %d columns, want %d", len(r.values), columns)
				}
				if columns == 13 {
					if a, ok := attemptRow(r); ok && want[r.id] != a.question {
						t.Fatalf("row %d proves itself: %+v", r.id, a)
					}
				}
			}
		}
	})
}
