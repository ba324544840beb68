package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLockExcludes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if h, err := Holder(path); h != nil || err != nil {
		t.Errorf("holder of no lock: %v, %v", h, err)
	}
	l, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Acquire(path)
	var held *HeldError
	if !errors.As(err, &held) || held.PID != os.Getpid() || held.Since.IsZero() {
		t.Errorf("second: %v", err)
	}
	if h, err := Holder(path); h == nil || h.PID != os.Getpid() || err != nil {
		t.Errorf("holder: %v, %v", h, err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if h, err := Holder(path); h != nil || err != nil {
		t.Errorf("holder of a free lock: %v, %v", h, err)
	}
	l, err = Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Release()
}

func TestLockFileOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, []byte("a longer line than ours, from who knows where\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	l, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	if h, err := Holder(path); err != nil || h == nil || time.Since(h.Since) > time.Hour {
		t.Errorf("holder: %v, %v", h, err)
	}
}

func TestPlaceOf(t *testing.T) {
	join := func(a ...string) string { return filepath.FromSlash(strings.Join(a, "/")) }
	base := PlaceOf(join("/r", ".concluder"), join("/r"), "p", join("/r", "results"))
	if moved := PlaceOf(join("/new/r", ".concluder"), join("/new/r"), "p", join("/new/r", "results")); strings.TrimPrefix(moved, join("/new")) != base {
		t.Errorf("moved from %s to %s", base, moved)
	}
	seen := map[string]string{}
	for name, place := range map[string]string{
		"this":                     base,
		"another label":            PlaceOf(join("/r", ".concluder"), join("/r"), "q", join("/r", "results")),
		"other results":            PlaceOf(join("/r", ".concluder"), join("/r"), "p", join("/r", "results2")),
		"results elsewhere":        PlaceOf(join("/r", ".concluder"), join("/r"), "p", join("/results")),
		"shared state":             PlaceOf(join("/s"), join("/r"), "p", join("/r", "results")),
		"shared state, other repo": PlaceOf(join("/s"), join("/t"), "p", join("/t", "results")),
	} {
		if other, ok := seen[place]; ok {
			t.Errorf("%s and %s share %s", name, other, place)
		}
		seen[place] = name
	}
	if got := filepath.Base(PlaceOf("/s", "/r", "../ü", "/r/results")); strings.ContainsAny(got, "/.") {
		t.Errorf("the folder %q takes over what is unsafe in the label", got)
	}
}

func TestClaim(t *testing.T) {
	dir := t.TempDir()
	results := filepath.Join(dir, "results")
	if err := os.Mkdir(results, 0o777); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	claim := func(file, label string) error {
		l, err := Claim(results, file, label)
		if err == nil {
			err = l.Release()
		}
		return err
	}
	one, two := file("one.hcl"), file("two.hcl")
	steps := []struct {
		what  string
		err   error
		owned bool
	}{
		{"first", claim(one, "p"), false},
		{"again", claim(one, "p"), false},
		{"another file with the label", claim(two, "p"), true},
		{"another label in the file", claim(one, "q"), false},
		{"file renamed", errors.Join(os.Remove(one), claim(two, "q")), false},
		{"the old label, the file gone", claim(one, "p"), true},
	}
	for _, s := range steps {
		var owned *OwnedError
		if errors.As(s.err, &owned) != s.owned || s.err != nil && !s.owned {
			t.Errorf("%s: %v", s.what, s.err)
		}
	}
	for _, junk := range []string{"", "{", `{"pipeline":5}`, "\x00\x00"} { // after a crash: nobody's
		if err := os.WriteFile(filepath.Join(results, ownerFile), []byte(junk), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := claim(two, "p"); err != nil {
			t.Errorf("owner file %q: %v", junk, err)
		}
		if err := claim(two, "p"); err != nil {
			t.Errorf("owner file %q, again: %v", junk, err)
		}
	}
}
