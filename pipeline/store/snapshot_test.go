package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A snapshotWorld is a folder of files, and what nodes of two stages for each
// instance and one for all look at.
type snapshotWorld struct {
	t         *testing.T
	home, dir string
	instances []string
	names     map[int]string
	looks     [][]string // by node: paths
}

var perInstanceOf = []bool{true, false, true}

func newSnapshotWorld(t *testing.T) *snapshotWorld {
	w := &snapshotWorld{t: t, home: t.TempDir(), dir: t.TempDir(),
		instances: []string{"1", "10", "a b", "é", "x/y", "data", strings.Repeat("long", 40), "in\x01side", "0"},
		names:     map[int]string{4: "x%2Fy", 7: "in%01side"}}
	n := len(w.instances)
	w.looks = make([][]string, 2*n+1)
	for i, name := range w.instances {
		file := name
		if f, ok := w.names[i]; ok {
			file = f
		}
		w.looks[i] = []string{w.write("data/" + file + ".csv"), w.write("shared/1.txt"), filepath.Join(w.dir, "none", file)}
		w.looks[n+1+i] = []string{w.write("out/" + file + "/" + file + ".json"), w.write("map/" + fmt.Sprint(7*i%11)), w.write("shared/2.txt")}
	}
	w.looks[n] = []string{w.write("summary.json"), w.write("shared/2.txt")}
	if err := os.WriteFile(filepath.Join(w.home, logName), []byte("log"), 0o666); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *snapshotWorld) write(name string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(name), 0o666)); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *snapshotWorld) stats(node int) []Stat {
	list := make([]Stat, len(w.looks[node]))
	for i, path := range w.looks[node] {
		list[i], _ = StatFile(path)
	}
	return list
}

func (w *snapshotWorld) keep(b *SnapshotBuilder, node int) {
	instance := node
	if n := len(w.instances); node > n {
		instance = node - n - 1
	} else if node == n {
		instance = -1
	}
	var looks []Look
	for i, st := range w.stats(node) {
		looks = append(looks, Look{w.looks[node][i], st})
	}
	b.Keep(node, instance, fmt.Sprint("status", node%3), looks)
}

var someDefinition = Digest{1, 2, 3}

func (w *snapshotWorld) save(b *SnapshotBuilder) *Snapshot {
	w.t.Helper()
	if err := b.Save(someDefinition, []byte("meta")); err != nil {
		w.t.Fatal(err)
	}
	s, damage, err := ReadSnapshot(w.home, someDefinition)
	if s == nil || damage != "" || err != nil {
		w.t.Fatalf("a snapshot that was written cannot be read: %q, %v", damage, err)
	}
	return s
}

func (w *snapshotWorld) whole() *Snapshot {
	b := NewSnapshotBuilder(w.home, w.instances, w.names, perInstanceOf, nil)
	for node := range w.looks {
		w.keep(b, node)
	}
	return w.save(b)
}

func TestSnapshotRoundTrip(t *testing.T) {
	w := newSnapshotWorld(t)
	s := w.whole()
	if string(s.Meta) != "meta" || !slices.Equal(s.Instances, w.instances) || len(s.FileNames) != 2 || s.FileNames[4] != "x%2Fy" {
		t.Errorf("%q %q %v", s.Meta, s.Instances, s.FileNames)
	}
	if !s.Fits(perInstanceOf) || s.Fits([]bool{true, true, false}) || s.Fits(perInstanceOf[:2]) || !s.Current(w.home) {
		t.Error("it does not know its stages, or its log")
	}
	if n := s.Fresh().Count(); n != len(w.looks) || s.FreshCount() != n {
		t.Errorf("%d and %d nodes of %d are fresh", n, s.FreshCount(), len(w.looks))
	}
	for node := range w.looks {
		if want := fmt.Sprint("status", node%3); s.Status(node) != want {
			t.Errorf("node %d has status %q, want %q", node, s.Status(node), want)
		}
	}
	if other, damage, err := ReadSnapshot(w.home, Digest{9}); other != nil || damage != "" || err != nil {
		t.Errorf("a snapshot of another definition: %v %q %v", other, damage, err)
	}
	if err := appendLog(w.home); err != nil {
		t.Fatal(err)
	}
	if s.Current(w.home) {
		t.Error("a snapshot is current beside another log")
	}
}

func appendLog(home string) error {
	f, err := os.OpenFile(filepath.Join(home, logName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("more")
	return errors.Join(err, f.Close())
}

// Whatever happens to files, a node is fresh exactly when none of its own, nor
// of those its stage has in common, has another stat than when it was noted;
// also over snapshots that take most from the one before.
func TestSnapshotFreshness(t *testing.T) {
	w := newSnapshotWorld(t)
	rng := rand.New(rand.NewPCG(3, 4))
	s := w.whole()
	noted := make([][]Stat, len(w.looks))
	for node := range w.looks {
		noted[node] = w.stats(node)
	}
	fresh := len(w.looks)
	for step := range 400 {
		node := rng.IntN(len(w.looks))
		path := w.looks[node][rng.IntN(len(w.looks[node]))]
		if strings.Contains(path, "shared") && rng.IntN(10) > 0 {
			continue // most nodes look at those
		}
		switch rng.IntN(5) {
		case 0:
			os.Remove(path)
		case 1:
			os.RemoveAll(filepath.Dir(path))
		case 2:
			os.Chmod(path, 0o600|os.FileMode(rng.IntN(8)))
		default:
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, fmt.Append(nil, step), 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		got := s.Fresh()
		for node := range w.looks {
			same := slices.Equal(noted[node], w.stats(node))
			if got.Has(node) && !same {
				t.Fatalf("step %d: node %d is fresh, but its files changed", step, node)
			}
			if !got.Has(node) && same && s.head(node)&headFresh != 0 && !w.sharedChanged(s, node) {
				t.Fatalf("step %d: node %d is not fresh, but nothing changed", step, node)
			}
		}
		fresh = min(fresh, got.Count())
		// The next snapshot takes over what is fresh and notes some others.
		b := NewSnapshotBuilder(w.home, w.instances, w.names, perInstanceOf, s)
		b.Carry(got)
		for node := range w.looks {
			if !got.Has(node) && rng.IntN(3) > 0 {
				w.keep(b, node)
				noted[node] = w.stats(node)
			}
		}
		s = w.save(b)
	}
	if fresh > len(w.looks)/2 {
		t.Errorf("at least %d nodes were always fresh: nothing was tried", fresh)
	}
}

// What a node is kept with goes before what an earlier snapshot says of it, in every
// snapshot that is written.
func TestKeptAndCarried(t *testing.T) {
	w := newSnapshotWorld(t)
	old := w.whole()
	b := NewSnapshotBuilder(w.home, w.instances, w.names, perInstanceOf, old)
	b.Carry(old.Fresh())
	b.Keep(0, 0, "again", []Look{{w.looks[0][0], w.stats(0)[0]}})
	for range 2 {
		s := w.save(b)
		if n := len(s.filesOf(0)) / fileSize; n != 1 || s.Status(0) != "again" {
			t.Errorf("node 0 has %d files of its own and status %q", n, s.Status(0))
		}
		for node := 1; node < s.Nodes(); node++ {
			if !bytes.Equal(s.filesOf(node), old.filesOf(node)) || s.Status(node) != old.Status(node) {
				t.Errorf("node %d is not as it was", node)
			}
		}
		if n := s.Fresh().Count(); n != s.Nodes() {
			t.Errorf("%d nodes of %d are fresh", n, s.Nodes())
		}
	}
}

// sharedChanged reports whether the files of a node's stage tell that the whole
// stage is to be looked at.
func (w *snapshotWorld) sharedChanged(s *Snapshot, node int) bool {
	p := s.NewPass(nil)
	defer p.Close()
	for i := range s.stages {
		if st := &s.stages[i]; node >= st.base && node < st.base+st.count {
			return !p.trusted[i]
		}
	}
	return false
}

// A pass in pieces, from several goroutines, finds what one over all does.
func TestPassInPieces(t *testing.T) {
	w := newSnapshotWorld(t)
	s := w.whole()
	for _, node := range []int{2, 11} {
		if err := os.Remove(w.looks[node][0]); err != nil {
			t.Fatal(err)
		}
	}
	want := s.Fresh()
	if n := want.Count(); n != len(w.looks)-2 {
		t.Errorf("%d nodes are fresh, want all but two", n)
	}
	for size := 1; size <= len(w.looks); size++ {
		got := NewNodeSet(s.Nodes())
		pass := s.NewPass(got)
		var looks sync.WaitGroup
		for from := 0; from < s.Nodes(); from += size {
			looks.Go(func() { pass.Probe().Look(from, min(from+size, s.Nodes())) })
		}
		looks.Wait()
		pass.Close()
		if !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: %b, want %b", size, got, want)
		}
	}
}

// Whatever byte is flipped, wherever the file is cut: it is not used, and
// somebody hears why.
func TestSnapshotDamage(t *testing.T) {
	w := newSnapshotWorld(t)
	w.whole()
	path := filepath.Join(w.home, snapshotName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, b []byte) {
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		if s, damage, err := ReadSnapshot(w.home, someDefinition); s != nil || damage == "" || err != nil {
			t.Fatalf("%s: %v, damage %q, %v", what, s, damage, err)
		}
	}
	for i := range whole {
		b := slices.Clone(whole)
		b[i] ^= 1 << (i % 8)
		try(fmt.Sprintf("byte %d flipped", i), b)
		try(fmt.Sprintf("cut at %d", i), whole[:i])
	}
}

func FuzzDecodeSnapshot(f *testing.F) {
	b := NewSnapshotBuilder("", []string{"a", "b"}, map[int]string{1: "c"}, perInstanceOf, nil)
	b.Keep(0, 0, "ok", []Look{{"/x/a", Stat{Ino: 1}}, {"/x/y", Stat{Ino: 2}}})
	b.Keep(1, 1, "ok", []Look{{"/x/c", Stat{Ino: 1}}, {"/x/y", Stat{Ino: 2}}})
	var text bytes.Buffer
	if err := b.write(&text, Digest{}, nil, Stat{}); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes()[len(snapshotMagic)+len(Digest{}) : text.Len()-4])
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := decodeSnapshot(b)
		if !ok {
			return
		}
		for node := range s.Nodes() {
			s.Status(node)
		}
		s.Fresh()
		s.FreshCount()
	})
}

// A snapshot is the same whether or not all of it was in memory, and there is
// none where what was noted cannot be read.
func TestSnapshotOfMany(t *testing.T) {
	instances := make([]string, 20_000)
	for i := range instances {
		instances[i] = fmt.Sprint("i", i)
	}
	build := func(home string) *SnapshotBuilder {
		b := NewSnapshotBuilder(home, instances, nil, []bool{true, true}, nil)
		for _, stage := range []string{"a", "b"} {
			for i, name := range instances {
				node := i
				if stage == "b" {
					node += len(instances)
				}
				b.Keep(node, i, "ok", []Look{{"/x/" + stage + name, Stat{Dev: 1, Ino: uint64(i), Size: int64(node)}}, {"/x/none" + name, Stat{}}, {"/x/shared", Stat{Dev: 1, Ino: 1 << 40}}})
			}
		}
		return b
	}
	var inMemory, moved bytes.Buffer
	b := build(t.TempDir())
	if b.files.file == nil {
		t.Fatal("all is in memory")
	}
	if err := errors.Join(build("").write(&inMemory, Digest{}, nil, Stat{}), b.write(&moved, Digest{}, nil, Stat{})); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(inMemory.Bytes(), moved.Bytes()) {
		t.Error("the snapshots differ")
	}
	s, ok := decodeSnapshot(moved.Bytes()[len(snapshotMagic)+len(Digest{}) : moved.Len()-4])
	if !ok || s.FreshCount() != 2*len(instances) {
		t.Errorf("it cannot be read, or not all nodes are in it: %t", ok)
	}
	b.Close()
	if err := b.write(io.Discard, Digest{}, nil, Stat{}); err == nil {
		t.Error("a snapshot is written of what cannot be read")
	}
}
