package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A table knows what a map and a list know.
func TestStringTable(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	table := newStringTable()
	numbers, all := map[string]uint32{}, []string{}
	for step := range 20_000 {
		s := fmt.Sprint(rng.IntN(15_000))
		if rng.IntN(100) == 0 {
			s = "" // the first string of a state
		}
		want, there := numbers[s]
		got, ok := table.number(s)
		if b, ok2 := table.numberOf([]byte(s)); b != got || ok2 != ok {
			t.Fatalf("step %d: %q is %d %v, as bytes %d %v", step, s, got, ok, b, ok2)
		}
		if ok != there || ok && got != want {
			t.Fatalf("step %d: %q is %d %v, want %d %v", step, s, got, ok, want, there)
		}
		if !there {
			numbers[s] = table.add(s)
			all = append(all, s)
		}
	}
	for n, s := range all {
		if table.all[n] != s || numbers[s] != uint32(n) {
			t.Fatalf("number %d is %q, want %q, which is %d", n, table.all[n], s, numbers[s])
		}
	}
	if _, ok := new(stringTable).number(""); ok {
		t.Error("an empty table has a string")
	}
}

// As after damage: numbers that are missing, that are given twice, and strings
// that have two.
func TestStringTableOutOfOrder(t *testing.T) {
	table := newStringTable()
	table.set(3, "three")
	table.set(1, "other")
	table.set(1, "one")
	table.set(5, "three")
	for s, want := range map[string]int{"three": 5, "one": 1, "other": -1, "two": -1} {
		n, ok := table.number(s)
		if ok != (want >= 0) || ok && int(n) != want {
			t.Errorf("%s is %d %v, want %d", s, n, ok, want)
		}
	}
	for n, want := range []string{lostString, "one", lostString, "three", lostString, "three"} {
		if table.all[n] != want {
			t.Errorf("%d is %q, want %q", n, table.all[n], want)
		}
	}
}
