package pipeline

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFileName(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, c := range []struct{ name, want string }{
		{"6s0", "6s0"},
		{"139442p0", "139442p0"},
		{"a b.c", "a b.c"},
		{"naïve", "naïve"},
		{"語", "語"},
		{"a/b", "a%2Fb"},
		{`a\b`, "a%5Cb"},
		{"100%", "100%25"},
		{".", "%2E"},
		{"..", "%2E."},
		{".git", "%2Egit"},
		{"a\nb", "a%0Ab"},
		{"a\u0085b", "a%C2%85b"},
		{long[:200], long[:200]},
	} {
		if got := fileName(c.name); got != c.want {
			t.Errorf("fileName(%q) = %q, want %q", c.name, got, c.want)
		}
	}
	cut := fileName(long)
	if len(cut) != longestName || !strings.HasPrefix(cut, long[:183]+"~") || cut == fileName(long+"x") {
		t.Errorf("a long name is cut to %q", cut)
	}
	// Neither a character nor an escape is cut in two.
	for pad := range 4 {
		for _, unit := range []string{"é", "語", "/"} {
			got := fileName(strings.Repeat("x", pad) + strings.Repeat(unit, 200))
			head, _, _ := strings.Cut(got, "~")
			if whole := fileName(strings.Repeat("x", pad) + unit)[pad:]; !strings.HasSuffix(head, whole) {
				t.Errorf("cut within a character: %q", got)
			}
		}
	}
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"a", "a/b", "..", "%2F", "a%2Fb", strings.Repeat("/", 100), strings.Repeat("é", 150), "a~1"} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == "" || b == "" || !utf8.ValidString(a) || !utf8.ValidString(b) {
			return // no instance has such a name
		}
		x := fileName(a)
		if x == "" || len(x) > longestName || !utf8.ValidString(x) || strings.HasPrefix(x, ".") ||
			strings.ContainsAny(x, `/\`) || strings.ContainsFunc(x, unicode.IsControl) {
			t.Errorf("fileName(%q) = %q", a, x)
		}
		if a != b && x == fileName(b) && !strings.Contains(x, "~") {
			t.Errorf("%q and %q have one file %q", a, b, x)
		}
	})
}

func TestTwins(t *testing.T) {
	if got := twins([]string{"a", "b", "A1"}); got != nil {
		t.Errorf("twins of names that differ: %v", got)
	}
	names := []string{"Bob", "bob", "BOB", "é", "É", "K", "\u212a", "x/Y", "x/y", "other"}
	changed := twins(names)
	plan := &Plan{twins: changed}
	seen := make(map[string]string)
	for _, n := range names {
		f := foldCase(plan.FileName(n))
		if old, ok := seen[f]; ok {
			t.Errorf("%q and %q are one file %q where case does not count", old, n, plan.FileName(n))
		}
		seen[f] = n
	}
	for _, n := range []string{"bob", "é", "x/y", "other"} {
		if plan.FileName(n) != fileName(n) {
			t.Errorf("%q was renamed %q", n, plan.FileName(n))
		}
	}
	// The order of instances is not to move results.
	again := twins([]string{"other", "x/y", "x/Y", "\u212a", "K", "É", "é", "BOB", "bob", "Bob"})
	for _, n := range names {
		if changed[n] != again[n] {
			t.Errorf("%q is %q or %q by the order of instances", n, changed[n], again[n])
		}
	}
}
