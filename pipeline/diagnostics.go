package pipeline

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/text/width"
)

// Sources holds texts by the file name that source ranges carry.
type Sources map[string][]byte

// A Note points at a second place that belongs to a diagnostic, such as the
// first of two declarations. A diagnostic of this package carries its notes as
// Extra, a []Note.
type Note struct {
	Range hcl.Range
	Text  string
}

// sortDiagnostics orders by file and position; those without a position come
// first. Several about one position stay as they were found.
func sortDiagnostics(diags hcl.Diagnostics) {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		switch {
		case a.Subject == nil && b.Subject == nil:
			return 0
		case a.Subject == nil:
			return -1
		case b.Subject == nil:
			return 1
		}
		return cmp.Or(
			cmp.Compare(a.Subject.Filename, b.Subject.Filename),
			cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte),
		)
	})
}

// WriteDiagnostics writes diagnostics as people read them: file, line and
// column, what was found, the source line underlined, and how to mend it. It
// shows the source line of the files in sources. Columns count characters as
// people see them, from 1.
func WriteDiagnostics(w io.Writer, diags hcl.Diagnostics, sources Sources) error {
	b := bufio.NewWriter(w)
	lines := make(map[string]lineIndex)
	for i, d := range diags {
		if i > 0 {
			b.WriteByte('\n')
		}
		word := "error"
		if d.Severity == hcl.DiagWarning {
			word = "warning"
		}
		if d.Subject != nil {
			fmt.Fprintf(b, "%s: ", position(*d.Subject))
		}
		fmt.Fprintf(b, "%s: %s\n", word, printable(d.Summary))
		notes, _ := d.Extra.([]Note)
		if d.Subject != nil && (len(notes) == 0 || notes[0].Range != *d.Subject) {
			writeSnippet(b, *d.Subject, sources, lines)
		}
		writeIndented(b, d.Detail)
		if where := valuesIn(d); where != "" {
			writeIndented(b, where)
		}
		for _, n := range notes {
			fmt.Fprintf(b, "  %s: %s\n", position(n.Range), printable(n.Text))
			writeSnippet(b, n.Range, sources, lines)
		}
	}
	return b.Flush()
}

// position writes a range's start as editors and compilers do.
func position(r hcl.Range) string {
	if r.Filename == "" {
		return fmt.Sprintf("%d:%d", r.Start.Line, r.Start.Column)
	}
	return fmt.Sprintf("%s:%d:%d", printable(r.Filename), r.Start.Line, r.Start.Column)
}

func writeIndented(b *bufio.Writer, text string) {
	if text == "" {
		return
	}
	for line := range strings.Lines(text) {
		fmt.Fprintf(b, "  %s\n", printable(strings.TrimRight(line, "\r\n")))
	}
}

// lineIndex holds the byte offsets at which a text's lines start.
type lineIndex []int

func indexLines(src []byte) lineIndex {
	x := lineIndex{0}
	for i, c := range src {
		if c == '\n' {
			x = append(x, i+1)
		}
	}
	return x
}

// widest is the most of a source line that is shown, in characters: a list of
// instances may stand on one line of a megabyte.
const widest = 120

// writeSnippet shows the line on which a range starts, with carets under the
// part of the range that lies on it.
func writeSnippet(b *bufio.Writer, r hcl.Range, sources Sources, cache map[string]lineIndex) {
	src, ok := sources[r.Filename]
	if !ok || r.Start.Byte > len(src) || r.Start.Line < 1 {
		return
	}
	lines, ok := cache[r.Filename]
	if !ok {
		lines = indexLines(src)
		cache[r.Filename] = lines
	}
	if r.Start.Line > len(lines) || lines[r.Start.Line-1] > r.Start.Byte {
		return
	}
	from := lines[r.Start.Line-1]
	line := src[from:]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	line = bytes.TrimRight(line, "\r")
	start := min(r.Start.Byte-from, len(line))
	end := max(min(r.End.Byte-from, len(line)), start)

	before, marked, after := string(line[:start]), string(line[start:end]), string(line[end:])
	if utf8.RuneCount(line) > widest {
		before, marked, after = narrow(before, marked, after)
	}
	number := fmt.Sprintf("%5d", r.Start.Line)
	fmt.Fprintf(b, "%s | %s\n", number, strings.TrimRightFunc(visible(before+marked+after), unicode.IsSpace))
	fmt.Fprintf(b, "%s | %s%s\n", strings.Repeat(" ", len(number)), blank(visible(before)), strings.Repeat("^", max(columns(visible(marked)), 1)))
}

// narrow cuts a long line to what surrounds its marked part.
func narrow(before, marked, after string) (string, string, string) {
	const side = widest / 3
	if r := []rune(before); len(r) > side {
		before = "..." + string(r[len(r)-side:])
	}
	if r := []rune(marked); len(r) > side {
		return before, string(r[:side]) + "...", ""
	}
	if r := []rune(after); len(r) > side {
		after = string(r[:side]) + "..."
	}
	return before, marked, after
}

// printable replaces what could drive a terminal.
func printable(s string) string {
	clean := func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }
	if !strings.ContainsFunc(s, clean) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if clean(r) {
			return '\ufffd'
		}
		return r
	}, s)
}

// visible is printable for a source line, where tabs stay.
func visible(s string) string {
	parts := strings.Split(s, "\t")
	for i, p := range parts {
		parts[i] = printable(p)
	}
	return strings.Join(parts, "\t")
}

// blank returns white space as wide as s, tabs kept, so that what follows
// stands below what followed s.
func blank(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\t' {
			b.WriteByte('\t')
			continue
		}
		b.WriteString("  "[:runeWidth(r)])
	}
	return b.String()
}

func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is how many columns of a terminal a character takes.
func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
