package pipeline

import (
	"strings"
	"testing"
)

func TestRunsOnce(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	out := w.runs(all("a", "b", "c")...)
	if out.Nodes != 10 || out.Executed != 10 {
		t.Errorf("first run: %d nodes, %d executed, want 10 and 10", out.Nodes, out.Executed)
	}
	for _, part := range []string{"conclusions bound a done", "plots picture c done", "data of b"} {
		if text := w.read("results/report/all.txt"); !strings.Contains(text, part) {
			t.Errorf("the report lacks %q:\n%s", part, text)
		}
	}
	out = w.runs() // … but not the second time
	if out.Cached != 10 {
		t.Errorf("second run: %d cached, want 10", out.Cached)
	}
}
