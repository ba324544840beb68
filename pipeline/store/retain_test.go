package store

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestRetain(t *testing.T) {
	dir := t.TempDir()
	filled(t, dir, "a", "b", "c")
	large, err := os.Stat(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	s := opened(t, dir)
	s.Put("load.a", "b", sampleRecord("b", 7)) // not flushed yet
	n, err := s.Retain(func(stage, instance string) bool { return instance == "b" && stage == "load.a" || instance == "a" })
	if err != nil || n != 3 {
		t.Fatalf("%d forgotten, %v; want 3", n, err)
	}
	if n, err := s.Retain(func(string, string) bool { return true }); err != nil || n != 0 {
		t.Errorf("%d forgotten the second time, %v", n, err)
	}
	s.Put("load.a", "new", sampleRecord("new", 1)) // it goes on
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	small, err := os.Stat(filepath.Join(dir, "log"))
	if err != nil || small.Size() >= large.Size() {
		t.Errorf("the log has %d bytes, before %d; %v", small.Size(), large.Size(), err)
	}
	s, err = ReadState(dir)
	if err != nil || len(s.Damage()) > 0 {
		t.Fatalf("%v, damage %q", err, s.Damage())
	}
	got := map[string]bool{}
	for stage, instance := range s.All() {
		got[stage+"/"+instance] = true
	}
	if want := map[string]bool{"load.a/a": true, "plot.b/a": true, "load.a/b": true, "load.a/new": true}; !reflect.DeepEqual(got, want) {
		t.Errorf("records of %v, want %v", got, want)
	}
	if rec, ok := s.Get("load.a", "b", Whole); !ok || !reflect.DeepEqual(&rec, sampleRecord("b", 7)) {
		t.Errorf("a retained record became %+v", rec)
	}
}

func TestOrigin(t *testing.T) {
	top := realPath(t.TempDir())
	home := filepath.Join(top, "p", ".concluder", "state", "x-1")
	if err := os.MkdirAll(home, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := ReadOrigin(home); ok || err != nil {
		t.Errorf("before it was noted: %v, %v", ok, err)
	}
	want := Origin{"x", filepath.Join(top, "p", "pipeline.hcl"), filepath.Join(top, "p", "results")}
	for range 2 {
		if err := NoteOrigin(home, want); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok, err := ReadOrigin(home); got != want || !ok || err != nil {
		t.Errorf("got %+v, %v, %v", got, ok, err)
	}
	// Everything moves together.
	if err := os.Rename(filepath.Join(top, "p"), filepath.Join(top, "q")); err != nil {
		t.Fatal(err)
	}
	home = filepath.Join(top, "q", ".concluder", "state", "x-1")
	if got, ok, err := ReadOrigin(home); got.File != filepath.Join(top, "q", "pipeline.hcl") || !ok || err != nil {
		t.Errorf("after a move: got %+v, %v, %v", got, ok, err)
	}
	for _, text := range []string{"", "{", "{}", "null", `{"file": 1}`} {
		if err := os.WriteFile(filepath.Join(home, originFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := ReadOrigin(home); ok || err != nil {
			t.Errorf("%q: %v, %v", text, ok, err)
		}
	}
}
