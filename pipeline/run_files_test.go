package pipeline

import "testing"

// Nodes that were at work together lower the limit once, and only one that has
// the machine to itself is alone.
func TestCrowd(t *testing.T) {
	var c crowd
	start := func(n int) (turns []turn) {
		t.Helper()
		for range n {
			if !c.mayStart() {
				t.Fatalf("no turn with %d at work and a limit of %d", c.busy, c.limit)
			}
			turns = append(turns, c.begins())
		}
		return turns
	}
	lower := func(turn turn, want bool, limit int) {
		t.Helper()
		c.ends()
		if got := c.lower(turn); got != want || c.limit != limit {
			t.Errorf("lowered %t to %d, want %t, %d", got, c.limit, want, limit)
		}
	}
	eight := start(8)
	lower(eight[0], true, 4)
	lower(eight[1], false, 4)
	if c.mayStart() {
		t.Error("a seventh may start under a limit of 4")
	}
	for range 6 {
		c.ends()
	}
	four := start(4)
	if c.mayStart() || four[0].alone {
		t.Errorf("a fifth may start: %t, alone: %t", c.mayStart(), four[0].alone)
	}
	lower(four[0], true, 2)
	lower(four[1], false, 2)
	lower(eight[7], false, 2)
	c.ends()
	one := start(1)
	lower(one[0], true, 1)
	if last := start(1); !last[0].alone {
		t.Error("not alone under a limit of 1")
	}
}
