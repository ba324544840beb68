package pipeline

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

func TestNearest(t *testing.T) {
	names := []string{"measurements", "equation", "limit", "min_points", "x", "y"}
	for _, c := range []struct{ name, want string }{
		{"equaton", "equation"},
		{"Equation", "equation"},
		{"measurments", "measurements"},
		{"min_point", "min_points"},
		{"limits", "limit"},
		{"ilmit", "limit"},
		{"colour", ""},
		{"z", "x"}, // one letter of one: the first in sorted order
		{"equation", ""},
		{"", "x"},
	} {
		if got := nearest(c.name, names); got != c.want {
			t.Errorf("nearest(%q) = %q, want %q", c.name, got, c.want)
		}
	}
	if got := nearest("ab", []string{"ac", "aa"}); got != "aa" {
		t.Errorf("of equally near names %q was taken", got)
	}
}

// The distance against its definition, computed without a table.
func TestDistance(t *testing.T) {
	var slow func(a, b string) int
	slow = func(a, b string) int {
		switch {
		case a == "":
			return len(b)
		case b == "":
			return len(a)
		}
		i, j := len(a)-1, len(b)-1
		cost := 1
		if a[i] == b[j] {
			cost = 0
		}
		d := min(slow(a[:i], b)+1, slow(a, b[:j])+1, slow(a[:i], b[:j])+cost)
		if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
			d = min(d, slow(a[:i-1], b[:j-1])+1)
		}
		return d
	}
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		b := make([]byte, r.IntN(7))
		for i := range b {
			b[i] = "abc"[r.IntN(3)]
		}
		return string(b)
	}
	for range 500 {
		a, b := word(), word()
		if got, want := distance(a, b), slow(a, b); got != want || got != distance(b, a) {
			t.Errorf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
	}
}

func TestWriteDiagnostics(t *testing.T) {
	src := "one\r\n\ttwo \x1b[31m wide 語 end\r\nthree"
	at := func(line, column, from, to int) *hcl.Range {
		return &hcl.Range{Filename: "f", Start: hcl.Pos{Line: line, Column: column, Byte: from}, End: hcl.Pos{Line: line, Column: column + to - from, Byte: to}}
	}
	for _, c := range []struct {
		name string
		diag hcl.Diagnostic
		want string
	}{
		{"no position", hcl.Diagnostic{Summary: "s", Detail: "d\ne"}, "error: s\n  d\n  e\n"},
		{"warning", hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "s"}, "warning: s\n"},
		{"first line", hcl.Diagnostic{Summary: "s", Subject: at(1, 1, 0, 3)}, "f:1:1: error: s\n    1 | one\n      | ^^^\n"},
		{
			"after a tab and a wide character", hcl.Diagnostic{Summary: "s", Subject: at(2, 20, 25, 28)},
			"f:2:20: error: s\n    2 | \ttwo \ufffd[31m wide 語 end\n      | \t                  ^^^\n",
		},
		{"a wide character", hcl.Diagnostic{Summary: "s", Subject: at(2, 18, 21, 24)}, "f:2:18: error: s\n    2 | \ttwo \ufffd[31m wide 語 end\n      | \t               ^^\n"},
		{"nothing wide", hcl.Diagnostic{Summary: "s", Subject: at(3, 6, 35, 35)}, "f:3:6: error: s\n    3 | three\n      |      ^\n"},
		{"several lines", hcl.Diagnostic{Summary: "s", Subject: at(1, 1, 0, 30)}, "f:1:1: error: s\n    1 | one\n      | ^^^\n"},
		{"beyond the text", hcl.Diagnostic{Summary: "s", Subject: at(9, 1, 99, 100)}, "f:9:1: error: s\n"},
		{"line and byte disagree", hcl.Diagnostic{Summary: "s", Subject: at(3, 1, 2, 3)}, "f:3:1: error: s\n"},
		{"control characters", hcl.Diagnostic{Summary: "a\x1b]b"}, "error: a\ufffd]b\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.diag.Severity == hcl.DiagInvalid {
				c.diag.Severity = hcl.DiagError
			}
			var b strings.Builder
			if err := WriteDiagnostics(&b, hcl.Diagnostics{&c.diag}, Sources{"f": []byte(src)}); err != nil {
				t.Fatal(err)
			}
			if b.String() != c.want {
				t.Errorf("got:\n%q\nwant:\n%q", b.String(), c.want)
			}
		})
	}
	t.Run("no source", func(t *testing.T) {
		var b strings.Builder
		d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "s", Subject: at(1, 1, 0, 3)}
		if err := WriteDiagnostics(&b, hcl.Diagnostics{d}, nil); err != nil || b.String() != "f:1:1: error: s\n" {
			t.Errorf("%q, %v", b.String(), err)
		}
	})
}

func TestSortDiagnostics(t *testing.T) {
	at := func(file string, byte int) *hcl.Diagnostic {
		return &hcl.Diagnostic{Summary: file, Subject: &hcl.Range{Filename: file, Start: hcl.Pos{Byte: byte}}}
	}
	diags := hcl.Diagnostics{at("b", 1), at("a", 9), {Summary: "none 1"}, at("a", 2), {Summary: "none 2"}, at("b", 0)}
	sortDiagnostics(diags)
	var got []string
	for _, d := range diags {
		got = append(got, d.Summary)
	}
	if s := strings.Join(got, ","); s != "none 1,none 2,a,a,b,b" || diags[2].Subject.Start.Byte != 2 || diags[4].Subject.Start.Byte != 0 {
		t.Errorf("sorted: %s", s)
	}
}
