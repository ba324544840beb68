package store

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// aged makes a file that was left alone long enough for its stat to be
// trusted.
func aged(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	rest(t, path)
}

// rest waits until the file system's clock has left the file behind.
func rest(t *testing.T, path string) {
	t.Helper()
	c := clock{path: filepath.Join(t.TempDir(), "clock")}
	defer c.close()
	st, err := StatFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for {
		now, ok := c.probe()
		if !ok {
			t.Fatal("the file system's clock cannot be read")
		}
		if now-int64(marginRemote) > st.changed() || now-c.margin(st.Dev, path) > st.changed() {
			return
		}
		time.Sleep(time.Millisecond) // until the file system's clock ticks
	}
}

func digestOf(t *testing.T, f *Files, path string) Digest {
	t.Helper()
	d, _, err := f.Digest(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func openFiles(t *testing.T, dir string) *Files {
	t.Helper()
	f, err := OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.clock.close)
	f.misses = spared // as if it had asked for many
	return f
}

// trusted reports whether a digest would be taken from memory.
func trusted(t *testing.T, f *Files, path string) bool {
	t.Helper()
	st, err := StatFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, settled, ok := f.lookup(st)
	return ok && settled
}

func TestDigestIsRemembered(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "data")
	aged(t, path, "text")
	f := openFiles(t, dir)
	want := digestOf(t, f, path)
	if got := want.String(); got != "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1" {
		t.Errorf("the digest of %q is %s", "text", got)
	}
	if !trusted(t, f, path) {
		t.Error("the stat of a file at rest is not trusted")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = openFiles(t, dir)
	if !trusted(t, f, path) || digestOf(t, f, path) != want {
		t.Error("another process does not know the digest")
	}
}

func TestRacyStatIsDistrusted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "data")
	f := openFiles(t, dir)
	f.clock.tried = true // as if the clock were not exact
	racy := 0
	for i := range 200 { // rewritten at once, same size: most of the time within one tick
		text := []byte{byte('0' + i%10), byte('0' + i/10%10), byte('0' + i/100)}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		d, st, err := f.Digest(path)
		if err != nil {
			t.Fatal(err)
		}
		if !trusted(t, f, path) {
			racy++
		} // else this process was kept waiting since the write: then it may
		text[0]++
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if digestOf(t, f, path) == d {
			t.Fatal("an edit within one tick of the clock was not seen")
		}
		if same, err := f.Same(path, st, d); err != nil || same {
			t.Fatalf("an edited file is the same: %v", err)
		}
	}
	if racy == 0 {
		t.Error("the stat of files that were written just now was always trusted")
	}
	// Nor is it by the next process; and at rest it is trusted again.
	for digestOf(t, f, path); trusted(t, f, path); digestOf(t, f, path) {
		if err := os.WriteFile(path, []byte("again"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = openFiles(t, dir)
	f.clock.tried = true
	if trusted(t, f, path) {
		t.Error("the stat of a racy file was saved as trusted")
	}
	rest(t, path)
	digestOf(t, f, path)
	if !trusted(t, f, path) {
		t.Error("the stat is not trusted after the file came to rest")
	}
}

// Time stamps that differ tell of an exact clock only where one that ticks
// could not have kept up.
func TestTooFastToTick(t *testing.T) {
	changes := func(apart ...int64) (stats []Stat) {
		at := int64(1e18)
		for _, a := range append([]int64{0}, apart...) {
			at += a
			stats = append(stats, Stat{Mtime: at, Ctime: at})
		}
		return stats
	}
	const ms = int64(time.Millisecond)
	same := changes(5, 5, 5)
	same[2].Ctime = same[1].Ctime
	tests := []struct {
		name  string
		stats []Stat
		took  time.Duration
		want  bool
	}{
		{"exact", changes(5000, 6000, 4000), 20 * time.Microsecond, true},
		{"one tick", changes(0, 0, 0), 20 * time.Microsecond, false},
		{"a tick in between", changes(0, 4*ms, 0), 20 * time.Microsecond, false},
		{"a change of the inode unseen", same, 20 * time.Microsecond, false},
		{"put back", changes(5, -3, 5), 20 * time.Microsecond, false},
		{"a tick for each change", changes(4*ms, 8*ms, 4*ms), 17 * time.Millisecond, false},
		{"as long as the shortest ticks", changes(ms, ms, ms), 3 * time.Millisecond, false},
	}
	for _, test := range tests {
		if got := tooFastToTick(test.stats, test.took); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

// Where the clock is exact, every edit is seen at once, though the stat is
// trusted.
func TestExactClock(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "data")
	f := openFiles(t, dir)
	for i := range 2000 {
		text := []byte(strconv.Itoa(10_000 + i))
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		d, st, settled, err := f.Look(path)
		if err != nil {
			t.Fatal(err)
		}
		if !f.clock.isExact(st.Dev) {
			t.Skip("this file system's clock is not exact")
		}
		if !settled || d != sha256.Sum256(text) {
			t.Fatalf("edit %d: settled %t, digest %v", i, settled, d)
		}
		if same, err := f.Same(path, st, d); err != nil || !same {
			t.Fatalf("a file at rest is not the same: %v", err)
		}
	}
	if err := os.WriteFile(path, []byte("12345"), 0o644); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(dir, "moved")
	d, before, err := f.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, moved); err != nil {
		t.Fatal(err)
	}
	if _, settled, err := f.Published(moved, before, d); err != nil || !settled {
		t.Errorf("a published file: settled %t, %v", settled, err)
	}
	if err := os.WriteFile(moved, []byte("54321"), 0o644); err != nil {
		t.Fatal(err)
	}
	if digestOf(t, f, moved) == d {
		t.Error("an edit of a published file was not seen")
	}
}

// A file from the future, as after the clock went backwards, is read each time.
func TestFutureIsDistrusted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "data")
	aged(t, path, "text")
	future := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, future, future); err != nil {
		t.Fatal(err)
	}
	f := openFiles(t, dir)
	digestOf(t, f, path)
	if trusted(t, f, path) {
		t.Error("the stat of a file from the future is trusted")
	}
}

// An edit that keeps size and modification time shows in the change time.
func TestKeptTimeStampIsSeen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "data")
	aged(t, path, "text")
	f := openFiles(t, dir)
	d := digestOf(t, f, path)
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.WriteFile(path, []byte("TEXT"), 0o644), os.Chtimes(path, st.ModTime(), st.ModTime()))
	if err != nil {
		t.Fatal(err)
	}
	if digestOf(t, f, path) == d {
		t.Error("an edit that kept the modification time was not seen")
	}
}

func TestWhatCannotBeDigested(t *testing.T) {
	dir := t.TempDir()
	f := openFiles(t, dir)
	if _, _, err := f.Digest(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, _, err := f.Digest(dir); err == nil {
		t.Error("a directory has a digest")
	}
	if _, _, err := f.Digest("/dev/null"); err == nil {
		t.Error("a device has a digest")
	}
	if err := os.Symlink("loop", filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Digest(filepath.Join(dir, "loop")); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a loop of links: %v", err)
	}
}

func TestFilesDamaged(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a", "b", "c"}
	f := openFiles(t, dir)
	want := map[string]Digest{}
	for _, n := range names {
		aged(t, filepath.Join(dir, n), "text of "+n)
		want[n] = digestOf(t, f, filepath.Join(dir, n))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	check := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "files"), b, 0o666); err != nil {
			t.Fatal(err)
		}
		f := openFiles(t, dir)
		for _, n := range names {
			if got := digestOf(t, f, filepath.Join(dir, n)); got != want[n] {
				t.Fatalf("%d bytes: the digest of %s is %s", len(b), n, got)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f = openFiles(t, dir)
		for _, n := range names {
			if !trusted(t, f, filepath.Join(dir, n)) {
				t.Fatalf("%d bytes: after the next process %s is not known", len(b), n)
			}
		}
	}
	for at := range whole {
		b := slices.Clone(whole)
		b[at] ^= 0x10
		check(b)
		check(whole[:at])
	}
}

// Processes that save at the same time keep each other's entries.
func TestFilesSavedByMany(t *testing.T) {
	dir := t.TempDir()
	const n = 8
	var wg sync.WaitGroup
	path := func(i int) string { return filepath.Join(dir, string(rune('a'+i))) }
	for i := range n {
		aged(t, path(i), "text of "+path(i))
	}
	for i := range n {
		f := openFiles(t, dir)
		digestOf(t, f, path(i))
		wg.Go(func() {
			if err := f.Save(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	f := openFiles(t, dir)
	for i := range n {
		if !trusted(t, f, path(i)) {
			t.Errorf("%s is not known", path(i))
		}
	}
}

func TestStatTable(t *testing.T) {
	var table statTable
	want := map[uint64]statEntry{}
	for i := range uint64(5000) {
		e := statEntry{Stat{Dev: 1, Ino: i * i % 3000, Size: int64(i)}, Digest{byte(i), byte(i >> 8)}, i%2 == 0} // many twice
		table.put(e.stat, e.digest, e.settled)
		want[e.stat.Ino] = e
	}
	for ino, e := range want {
		if got, settled, ok := table.get(e.stat); !ok || got != e.digest || settled != e.settled {
			t.Fatalf("inode %d: %v %t %t, want %v", ino, got, settled, ok, e)
		}
	}
	if _, _, ok := table.get(Stat{Dev: 2, Ino: 1}); ok {
		t.Error("the inode of another device is known")
	}
	if table.noted.n != len(want) {
		t.Errorf("%d entries for %d inodes", table.noted.n, len(want))
	}
}

// Entries that are not in memory any more are found, replaced and saved like
// others; one that is damaged is not known.
func TestManyStats(t *testing.T) {
	const n = (inMemory + 6) * perChunk
	dir := t.TempDir()
	f := openFiles(t, dir)
	last := make([]statEntry, n)
	rng := rand.New(rand.NewPCG(3, 4))
	note := func(i int) {
		last[i] = statEntry{Stat{Dev: uint64(1 + i%2), Ino: uint64(i), Size: rng.Int64N(100), Mtime: rng.Int64()}, Digest{byte(rng.Uint32()), byte(i)}, rng.IntN(4) > 0}
		f.note(last[i].stat, last[i].digest, last[i].settled)
	}
	for i := range n {
		note(i)
		if i%10 == 0 {
			note(rng.IntN(i + 1))
		}
	}
	if f.table.noted.file == nil {
		t.Fatal("all entries are in memory")
	}
	check := func(f *Files, unsettled bool) {
		t.Helper()
		for i, e := range last {
			d, settled, ok := f.table.get(e.stat)
			if want := e.settled || unsettled; ok != want || ok && (d != e.digest || settled != e.settled) {
				t.Fatalf("entry %d: %v %t %t, want %v", i, d, settled, ok, e)
			}
		}
	}
	check(f, true)
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	again := openFiles(t, dir)
	again.load()
	check(again, false)

	// Two that are in the file: one is damaged there, then both cannot be read.
	var there []int
	for i := 0; len(there) < 2; i += 2 * perPiece {
		b, err := f.table.noted.at(i)
		if err != nil {
			t.Fatal(err)
		}
		e := notedEntry(b)
		if f.table.noted.held(i) != nil {
			t.Fatal("too few of the first entries are the last of their inodes")
		} else if e == last[e.stat.Ino] {
			there = append(there, i)
		}
	}
	entry := func(i int) statEntry {
		b, err := f.table.noted.at(i)
		if err != nil {
			t.Fatal(err)
		}
		return notedEntry(b)
	}
	damaged, whole := entry(there[0]), entry(there[1])
	if _, err := f.table.noted.file.WriteAt([]byte{1, 2, 3}, int64(there[0])*entrySize+statSize); err != nil {
		t.Fatal(err)
	}
	f.table.noted.last = new(pieces) // as if it had been read long ago
	known := func(e statEntry) bool {
		_, _, ok := f.table.get(e.stat)
		return ok
	}
	if known(damaged) || !known(whole) {
		t.Errorf("a damaged entry is known: %t, another one: %t", known(damaged), known(whole))
	}
	f.note(last[0].stat, last[0].digest, true)
	f.dirty = []uint32{uint32(there[0])}
	if err := f.Save(); err == nil {
		t.Error("an entry that is damaged is saved")
	}
	f.dirty = nil
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if known(whole) {
		t.Error("an entry that cannot be read is known")
	}
}

// A process that asks for few files does not read what is known of all; what it
// finds out is remembered beside that all the same.
func TestFewFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	paths := make([]string, spared+2)
	for i := range paths {
		paths[i] = filepath.Join(dir, strconv.Itoa(i))
		aged(t, paths[i], strconv.Itoa(i))
	}
	f := openFiles(t, dir)
	for _, p := range paths[1:] {
		digestOf(t, f, p)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	digestOf(t, f, paths[0])
	digestOf(t, f, paths[1])
	if f.loaded {
		t.Error("for two files the digests of all were read")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = OpenFiles(dir); err != nil {
		t.Fatal(err)
	}
	digestOf(t, f, paths[0])
	for _, p := range paths {
		digestOf(t, f, p)
	}
	if !f.loaded || !trusted(t, f, paths[0]) || !trusted(t, f, paths[spared]) {
		t.Errorf("for all files: the digests were read is %t", f.loaded)
	}
}

func TestPublishTo(t *testing.T) {
	dir := t.TempDir()
	f, err := OpenFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f.PublishTo(dir + "/results")
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	// Every pair of places: below the folder (opened or not, as here: it does
	// not exist), beside it, and with a name that begins like it.
	for _, opened := range []bool{false, true} {
		if opened {
			for _, name := range []string{"results/sub", "results2"} {
				if err := os.MkdirAll(dir+"/"+name, 0o777); err != nil {
					t.Fatal(err)
				}
			}
			f.base.close()
			f.PublishTo(dir + "/results")
		} else if err := os.MkdirAll(dir+"/results2", 0o777); err != nil {
			t.Fatal(err)
		}
		places := []string{dir + "/a", dir + "/results2/a"}
		if opened {
			places = append(places, dir+"/results/a", dir+"/results/sub/a", dir+"/results//b")
		}
		for _, from := range places {
			for _, to := range places {
				if from == to {
					continue
				}
				content := from + " to " + to
				if err := os.WriteFile(from, []byte(content), 0o666); err != nil {
					t.Fatal(err)
				}
				d, st, err := f.Read(from)
				if err != nil || d != sha256.Sum256([]byte(content)) {
					t.Fatalf("%s: %v, %v", from, d, err)
				}
				if err := f.Move(from, to); err != nil {
					t.Fatal(err)
				}
				have, _, err := f.Published(to, st, d)
				if want, werr := StatFile(to); err != nil || werr != nil || have != want {
					t.Errorf("%s: %+v, %v, want %+v, %v", to, have, err, want, werr)
				}
				if _, _, err := f.Read(from); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %v", from, err)
				}
			}
		}
	}
	// The folder goes, and another one takes its place.
	if err := os.RemoveAll(dir + "/results"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/results", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, places := range [][2]string{{"/results/a", "/results/b"}, {"/a", "/results/a"}, {"/results/a", "/a"}} {
		from, to := dir+places[0], dir+places[1]
		if err := os.WriteFile(from, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		d, st, err := f.Read(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Move(from, to); err != nil {
			t.Fatal(err)
		}
		if _, _, err := f.Published(to, st, d); err != nil {
			t.Error(err)
		}
	}
	var path *fs.PathError
	if _, _, err := f.Read(dir + "/results/none"); !errors.As(err, &path) || path.Path != dir+"/results/none" {
		t.Errorf("%v", err)
	}
}

// What gives more than the file's size is not read to its end, which a device
// that took the file's place would not have.
func TestSumOfWhatDoesNotEnd(t *testing.T) {
	read := 0
	_, n, err := sum(10, func(b []byte) (int, error) {
		if read += len(b); read > 10<<20 {
			t.Fatal("it reads on and on")
		}
		return len(b), nil
	})
	if err != nil || n <= 10 {
		t.Errorf("read %d bytes, %v; want more than there should be", n, err)
	}
}
