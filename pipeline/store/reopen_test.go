package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestReopen(t *testing.T) {
	names := []string{"a", "b", "c"}
	for _, test := range []struct {
		what      string
		meanwhile func(dir string) error
		want      bool
	}{
		{"nothing", func(string) error { return nil }, true},
		{"a reader", func(dir string) error { _, err := ReadState(dir); return err }, true},
		{"a writer", func(dir string) error {
			s, err := OpenState(dir)
			if err != nil {
				return err
			}
			s.Put("load.a", "b", sampleRecord("b", 50))
			return s.Close()
		}, false},
		{"a torn tail", func(dir string) error {
			f, err := os.OpenFile(filepath.Join(dir, logName), os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("x")
			return errors.Join(err, f.Close())
		}, false},
		{"a copy", func(dir string) error {
			path := filepath.Join(dir, logName)
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return replaceFile(path, b)
		}, false},
		{"removed", func(dir string) error { return os.Remove(filepath.Join(dir, logName)) }, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			dir := t.TempDir()
			filled(t, dir, names...)
			s := opened(t, dir)
			s.Put("load.a", "new", sampleRecord("new", 3))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if st, _ := statPath(s.path); st.Ino == 0 {
				t.Skip("files have no number here")
			}
			if !s.Rest() {
				t.Fatal("it is not at rest")
			}
			if err := test.meanwhile(dir); err != nil {
				t.Fatal(err)
			}
			ok, err := s.Reopen(dir)
			if ok != test.want || err != nil {
				t.Fatalf("reopened %t, %v, want %t", ok, err, test.want)
			}
			if !ok {
				return
			}
			s.Put("load.a", "newer", sampleRecord("newer", 4))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			read, err := ReadState(dir)
			if err != nil || len(read.Damage()) > 0 {
				t.Fatal(err, read.Damage())
			}
			for stage, instance := range s.All() {
				if _, known := read.Get(stage, instance, Whole); !known {
					t.Errorf("%s/%s is not in the file", stage, instance)
				}
			}
			if missing := intact(t, "reopened", read, names); missing > 0 {
				t.Errorf("%d records are missing", missing)
			}
			if _, known := read.Get("load.a", "newer", Whole); !known {
				t.Error("what was put after it was reopened is not in the file")
			}
		})
	}
}

// A log that has to be mended is not taken as it is.
func TestRestingState(t *testing.T) {
	dir := t.TempDir()
	filled(t, dir, "a", "b")
	path := filepath.Join(dir, logName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what string
		log  []byte
		want bool
	}{
		{"whole", whole, true},
		{"cut", whole[:len(whole)-1], false},
		{"more", append(whole[:len(whole):len(whole)], 'x'), false},
		{"a byte flipped", append(append(whole[:len(whole)-1:len(whole)-1], whole[len(whole)-1]^1), whole...), false},
		{"foreign", []byte("something else"), false},
	} {
		if err := os.WriteFile(path, test.log, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := RestingState(dir)
		if st, _ := statPath(path); st.Ino == 0 {
			t.Skip("files have no number here")
		}
		if err != nil || (s != nil) != test.want {
			t.Fatalf("%s: %v, %v, want at rest %t", test.what, s, err, test.want)
		}
		if s == nil {
			continue
		}
		if ok, err := s.Reopen(dir); !ok || err != nil {
			t.Fatal(ok, err)
		}
		s.Put("load.a", "c", sampleRecord("c", 2))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if intact(t, test.what, opened(t, dir), []string{"a", "b"}) > 0 {
			t.Errorf("%s: records are missing", test.what)
		}
	}
}

func TestReopenElsewhere(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	s.Put("load.a", "a", sampleRecord("a", 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.Rest()
	if ok, err := s.Reopen(t.TempDir()); ok || err != nil {
		t.Errorf("reopened %t, %v in another directory", ok, err)
	}
}

// A log with much that is dead is read anew, and so rewritten.
func TestNoRestWhereMuchIsDead(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	for i := range 20_000 {
		s.Put("load.a", "a", sampleRecord("a", i%5))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.Rest() {
		t.Error("it is at rest")
	}
}
