package store

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// words makes short texts of few letters, so that names are in each other and in
// what is around them.
func words(rng *rand.Rand, most int, letters ...string) string {
	var b strings.Builder
	for range rng.IntN(most + 1) {
		b.WriteString(letters[rng.IntN(len(letters))])
	}
	return b.String()
}

// A text fits where its marked form with the name in place of the one mark is the
// text, and nowhere else.
func TestAffixesFit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	fits := 0
	for range 200_000 {
		marked, name := words(rng, 4, "a", "b", "\x00"), words(rng, 2, "a", "b")
		text := words(rng, 5, "a", "b")
		a := affixesOf(marked, "\x00", 7)
		want := strings.Count(marked, "\x00") == 1 && strings.ReplaceAll(marked, "\x00", name) == text
		if got := a.fit(text, name); got != want || got && a.id != 7 {
			t.Fatalf("%q fits %q for %q: %t, want %t", text, marked, name, got, want)
		}
		if want {
			fits++
		}
	}
	if fits < 1000 {
		t.Errorf("only %d texts fit", fits)
	}
	if (&affixes{}).fit("", "") {
		t.Error("the zero value fits")
	}
}

// Texts come back whatever was put before in their places.
func TestTextsComeBack(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	rng := rand.New(rand.NewPCG(3, 4))
	put := map[[2]string]*Record{}
	check := func(s *State, stage, instance string, want *Record) {
		t.Helper()
		if got, ok := s.Get(stage, instance, Whole); !ok || !reflect.DeepEqual(&got, want) {
			t.Fatalf("%s, %q: got %q %t, want %q", stage, instance, fmt.Sprintf("%+v", got), ok, fmt.Sprintf("%+v", *want))
		}
	}
	text := func() string { return words(rng, 5, "a", "b", "/", "lost", placeholder) }
	for range 20_000 {
		stage, instance := fmt.Sprint("stage", rng.IntN(2)), words(rng, 3, "a", "b", "/")
		rec := &Record{State: 3, Status: text(), Reason: text(), Run: text(),
			Own:     []Component{{Name: text(), Value: text()}, {Name: "n", Value: text()}},
			Outputs: []Output{{Name: text(), Path: text(), Size: 1}}}
		if rng.IntN(2) == 0 {
			rec.Outputs[0].Path = rec.Own[0].Value
		}
		s.Put(stage, instance, rec)
		check(s, stage, instance, rec)
		put[[2]string{stage, instance}] = rec
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	read, err := ReadState(dir)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range put {
		check(read, at[0], at[1], want)
	}
}

// A path is its pattern with the names in the places of the marks.
func TestPatternsExpand(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var instances []string
	names := map[int]string{}
	for i := range 50 {
		instances = append(instances, "a"+words(rng, 3, "a", "b", "."))
		if i%3 == 0 {
			names[i] = instances[i][1:] + "b"
		} else if i%3 == 1 && len(instances[i]) > 1 {
			names[i] = instances[i][1:]
		}
	}
	b := NewSnapshotBuilder("", instances, names, []bool{true}, nil)
	var last affixes
	for range 20_000 {
		i := rng.IntN(len(instances))
		file, ok := names[i]
		if !ok {
			file = instances[i]
		}
		path := "/" + words(rng, 2, "a", "b", "/", file, instances[i]) + []string{file, instances[i], ""}[rng.IntN(3)]
		marked := b.patterns.list[b.pattern(path, i, &last)]
		got := strings.NewReplacer(patternFile, file, patternInstance, instances[i]).Replace(marked)
		if got != path {
			t.Fatalf("%q of %q (%q) is %q, which is %q", path, instances[i], file, marked, got)
		}
	}
	if n := len(b.patterns.list); n > 5_000 {
		t.Errorf("%d patterns", n)
	}
}
