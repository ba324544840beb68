package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func sampleRecord(instance string, n int) *Record {
	return &Record{
		State: 3, Valid: n%2 == 0, Old: n%3 == 0, Near: n%5 == 0, Key: Short{byte(n), 7}, Status: "success",
		Error: strings.Repeat("e", n%5), Reason: "input data/" + instance + " changed", Run: "run1",
		Elapsed: time.Duration(n) * time.Millisecond,
		Shared:  []Component{{Name: "kind", Value: "load"}, {Name: "setting x", Value: `"size"`}},
		Own: []Component{{Name: "instance", Value: instance},
			{Name: "input m", Value: "data/" + instance + ".json", Digest: Short{1, byte(n)}}},
		Outputs: []Output{{Name: "out", Path: "load/" + instance + ".txt", Size: int64(n), Digest: Digest{9, byte(n)}}},
		Members: []uint32{1, uint32(n)},
	}
}

// opened opens a state and closes it with the test.
func opened(t *testing.T, dir string) *State {
	t.Helper()
	s, err := OpenState(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.out.f.Close() })
	return s
}

// filled writes a state with these instances of two stages, and closes it.
func filled(t *testing.T, dir string, instances ...string) {
	t.Helper()
	s := opened(t, dir)
	for i, name := range instances {
		s.Put("load.a", name, sampleRecord(name, i))
		s.Put("plot.b", name, sampleRecord(name, i+100))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Names with everything that could upset a placeholder or a reader.
var oddNames = []string{"", "a", "aa", "data", "b c", "ü漢", "new\nline", "nul\x00", "\x00", "\x00\x00lost", "load/", strings.Repeat("long", 100)}

func TestStateRemembers(t *testing.T) {
	dir := t.TempDir()
	filled(t, dir, oddNames...)
	for _, read := range []func(string) (*State, error){ReadState, OpenState} {
		s, err := read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if d := s.Damage(); len(d) > 0 {
			t.Errorf("damage: %q", d)
		}
		for i, name := range oddNames {
			got, ok := s.Get("load.a", name, Whole)
			if want := sampleRecord(name, i); !ok || !reflect.DeepEqual(&got, want) {
				t.Errorf("%q: got %v %+v\nwant %+v", name, ok, got, want)
			}
			brief, ok := s.Get("plot.b", name, Results)
			if !ok || brief.Own != nil || !reflect.DeepEqual(brief.Outputs, sampleRecord(name, i+100).Outputs) {
				t.Errorf("%q: got %v %+v", name, ok, brief)
			}
		}
		n := 0
		for range s.All() {
			n++
		}
		if n != 2*len(oddNames) {
			t.Errorf("All gave %d nodes, want %d", n, 2*len(oddNames))
		}
		if _, ok := s.Get("load.a", "none", Results); ok {
			t.Error("a node that was never put has a record")
		}
	}
}

func TestStateKeepsTheLastRecord(t *testing.T) {
	dir := t.TempDir()
	filled(t, dir, "a", "b")
	s := opened(t, dir)
	s.Put("load.a", "a", sampleRecord("a", 42))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := ReadState(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Get("load.a", "a", Whole); !reflect.DeepEqual(&got, sampleRecord("a", 42)) {
		t.Errorf("got %+v", got)
	}
	if got, _ := s.Get("load.a", "b", Whole); !reflect.DeepEqual(&got, sampleRecord("b", 1)) {
		t.Errorf("the other record became %+v", got)
	}
}

func TestReadersSeeWhatWasFlushed(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	s.Put("load.a", "a", sampleRecord("a", 1))
	if r, err := ReadState(dir); err != nil {
		t.Fatal(err)
	} else if _, ok := r.Get("load.a", "a", Results); ok {
		t.Error("a record was read before it was flushed")
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if r, err := ReadState(dir); err != nil {
		t.Fatal(err)
	} else if _, ok := r.Get("load.a", "a", Results); !ok {
		t.Error("a record was not read after it was flushed")
	}
}

// intact checks that what a damaged log says is what was put last, or for
// nodes that were put twice what was put first, or nothing.
func intact(t *testing.T, what string, s *State, instances []string) (missing int) {
	t.Helper()
	for i, name := range instances {
		for stage, n := range map[string]int{"load.a": i, "plot.b": i + 100} {
			got, ok := s.Get(stage, name, Whole)
			if !ok {
				missing++
				continue
			}
			if want := sampleRecord(name, n); !reflect.DeepEqual(&got, want) {
				t.Fatalf("%s: %s %q reads as %+v", what, stage, name, got)
			}
		}
	}
	return missing
}

func TestEveryByteFlipped(t *testing.T) {
	names := []string{"a", "b c", "x"}
	dir := t.TempDir()
	filled(t, dir, names...)
	log := filepath.Join(dir, "log")
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		for _, mask := range []byte{0x01, 0x80, 0xff} {
			b := []byte(string(whole))
			b[at] ^= mask
			what := fmt.Sprintf("byte %d of %d ^ %#x", at, len(whole), mask)
			if err := os.WriteFile(log, b, 0o666); err != nil {
				t.Fatal(err)
			}
			s, err := ReadState(dir)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			missing := intact(t, what, s, names)
			if at%8 != int(mask%8) { // a writer syncs, which takes its time
				continue
			}
			s, err = OpenState(dir)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if n := intact(t, what+", for writing", s, names); n != missing || missing > 0 && len(s.Damage()) == 0 {
				t.Fatalf("%s: %d records missing for a writer, %d for a reader, damage %q", what, n, missing, s.Damage())
			}
			// Whoever writes next makes the log whole again.
			s.Put("load.a", "new", sampleRecord("new", 5))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s, err = ReadState(dir)
			if err != nil || len(s.Damage()) > 0 {
				t.Fatalf("%s: after the next writer: %v, damage %q", what, err, s.Damage())
			}
			if n := intact(t, what+", rewritten", s, names); n != missing {
				t.Fatalf("%s: %d records missing after the rewrite, %d before", what, n, missing)
			}
			if got, ok := s.Get("load.a", "new", Whole); !ok || !reflect.DeepEqual(&got, sampleRecord("new", 5)) {
				t.Fatalf("%s: the new record reads as %+v", what, got)
			}
		}
	}
}

func TestCutAtEveryByte(t *testing.T) {
	names := []string{"a", "b c", "x"}
	dir := t.TempDir()
	filled(t, dir, names...)
	log := filepath.Join(dir, "log")
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	before := 2 * len(names)
	for n := range whole {
		what := fmt.Sprintf("cut to %d of %d bytes", n, len(whole))
		if err := os.WriteFile(log, whole[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := OpenState(dir)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		missing := intact(t, what, s, names)
		if missing > before {
			t.Fatalf("%s: %d records missing, %d with a byte less", what, missing, before)
		}
		before = missing
		if n%8 != 0 { // a writer syncs, which takes its time
			continue
		}
		s.Put("load.a", "new", sampleRecord("new", 5))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s, err = ReadState(dir)
		if err != nil || len(s.Damage()) > 0 {
			t.Fatalf("%s: after the next writer: %v, damage %q", what, err, s.Damage())
		}
		if got, ok := s.Get("load.a", "new", Whole); !ok || !reflect.DeepEqual(&got, sampleRecord("new", 5)) {
			t.Fatalf("%s: the new record reads as %+v", what, got)
		}
		intact(t, what+", continued", s, names)
	}
	if before > 1 {
		t.Errorf("without the last byte %d records are missing, want at most 1", before)
	}
}

func TestForeignLogIsKept(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	if err := os.WriteFile(log, []byte("concluder state 2\nfrom the future"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := opened(t, dir)
	if len(s.Damage()) != 1 {
		t.Errorf("damage %q, want one reason", s.Damage())
	}
	if b, err := os.ReadFile(log + ".unreadable"); err != nil || !strings.Contains(string(b), "future") {
		t.Errorf("the other log is gone: %v", err)
	}
}

func TestCompaction(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a", "b", "c"}
	filled(t, dir, names...)
	s := opened(t, dir)
	for i := range 20_000 { // dead records
		for k, name := range names {
			s.Put("load.a", name, sampleRecord(name, i))
			s.Put("load.a", name, sampleRecord(name, k))
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	large, err := os.Stat(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	s = opened(t, dir)
	small, err := os.Stat(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	if small.Size()*10 > large.Size() {
		t.Errorf("compacted from %d to %d bytes", large.Size(), small.Size())
	}
	for _, s := range []*State{s, opened(t, dir)} {
		if n := intact(t, "compacted", s, names); n > 0 || len(s.Damage()) > 0 {
			t.Errorf("%d records missing, damage %q", n, s.Damage())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "log.tmp")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file is still there: %v", err)
	}
}

func FuzzReadState(f *testing.F) {
	dir := f.TempDir()
	s, err := OpenState(dir)
	if err != nil {
		f.Fatal(err)
	}
	for i, name := range oddNames[:4] {
		s.Put("load.a", name, sampleRecord(name, i))
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		log := slices.Clone(whole)
		for _, typ := range []byte("SDN") { // also payloads whose checksum is right
			log = appendFrame(log, typ, b)
		}
		for _, text := range [][]byte{b, log} {
			s := newState("log")
			s.load(text)
			for stage, instance := range s.All() {
				s.Get(stage, instance, Whole)
			}
		}
	})
}

// Records of a stage that are put with one list of shared components get it back,
// whatever instances' names are in it, also from the file.
func TestSharedComponentsComeBack(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	rng := rand.New(rand.NewPCG(1, 2))
	names := slices.DeleteFunc(slices.Clone(oddNames), func(n string) bool { return n == lostString }) // a rewritten log has no such
	lists := [][]Component{
		nil,
		{{Name: "kind", Value: "a"}, {Name: "setting v", Value: "ab"}},
		{{Name: "kind", Value: "ab\x00a"}},
		{{Name: "setting a", Value: "", Digest: Short{1}}, {Name: "", Value: "v"}},
	}
	type node struct{ stage, instance string }
	want := map[node][]Component{}
	s.Put("s0", "a", &Record{Shared: []Component{{Name: "replaced"}}}) // so that a rewritten log numbers lists otherwise
	for range 2000 {
		n := node{fmt.Sprint("s", rng.IntN(3)), names[rng.IntN(len(names))]}
		want[n] = lists[rng.IntN(len(lists))]
		s.Put(n.stage, n.instance, &Record{Shared: want[n]})
	}
	check := func(s *State) {
		t.Helper()
		for n, list := range want {
			if got, ok := s.Get(n.stage, n.instance, Whole); !ok || !slices.Equal(got.Shared, list) {
				t.Errorf("%s of %q: %+v, want %+v", n.stage, n.instance, got.Shared, list)
			}
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, dir)
	check(s)
	put := func(stage, instance string, list []Component) {
		want[node{stage, instance}] = list
		s.Put(stage, instance, &Record{Shared: list})
	}
	put("s2", "last", lists[3])
	delete(want, node{"s2", "last"})
	if err := s.compact(); err != nil {
		t.Fatal(err)
	}
	put("s2", "next", lists[3])
	put("of its own", "a", lists[1])
	check(s)
}
