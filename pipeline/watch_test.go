package pipeline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWatchRunsWhatChanged(t *testing.T) {
	w := newWatchWorld(t, "a", "b", "c")
	w.watch()
	w.settles("copy/a", "copy/b", "copy/c", "sum")

	w.overwrite("data/b.txt", "in place")
	w.settles("copy/b", "sum")
	w.write("data/c.txt", "by rename")
	w.settles("copy/c", "sum")
	w.wantSum("a", "data of a", "b", "in place", "c", "by rename")

	// What comes out the same stops there; what is not an input starts nothing.
	w.write("unrelated.txt", "x")
	w.write("data/.hidden.txt", "x")
	w.write("data/notes.md", "x")
	w.write("results/mine.txt", "x")
	before := w.runs.Load()
	w.write("data/a.txt", "new")
	w.settles("copy/a", "sum")
	if n := w.runs.Load() - before; n != 1 {
		t.Errorf("%d runs, want 1", n)
	}
	w.finish()
}

// The ways in which editors write files.
func TestWatchEditors(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	w.watch()
	w.settles("copy/a", "copy/b", "sum")
	for name, save := range map[string]func(text string){
		"in place": func(text string) { w.overwrite("data/a.txt", text) },
		"a new file renamed": func(text string) {
			w.write("data/.a.txt.swp", text)
			w.rename(w.path("data/.a.txt.swp"), w.path("data/a.txt"))
		},
		"a backup, then a new file": func(text string) {
			w.rename(w.path("data/a.txt"), w.path("data/a.txt~"))
			w.write("data/a.txt", text)
			w.remove("data/a.txt~")
		},
		"removed, then written": func(text string) {
			w.remove("data/a.txt")
			w.write("data/a.txt", text)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			text := "written " + name
			save(text)
			for { // a backup may be seen as an instance that goes and comes
				w.await(EventWatching)
				if b, err := os.ReadFile(w.path("results/sum.txt")); err == nil && strings.Contains(string(b), text) {
					break
				}
			}
			if slices.Contains(w.took(), "copy/b") {
				t.Error("copy/b ran as well")
			}
			w.forget()
		})
	}
	w.t = t
	w.finish()
}

func TestWatchInstancesComeAndGo(t *testing.T) {
	w := newWatchWorld(t, "a")
	w.watch()
	w.settles("copy/a", "sum")
	w.write("data/new.txt", "new")
	w.settles("copy/new", "sum")
	w.wantSum("a", "data of a", "new", "new")
	w.rename(w.path("data/new.txt"), w.path("data/renamed.txt"))
	w.settles("copy/renamed", "sum")
	w.wantSum("a", "data of a", "renamed", "new")
	w.remove("data/renamed.txt")
	w.settles("sum")
	w.wantSum("a", "data of a")
	// All of them: the pipeline file is wrong until one is there again.
	w.remove("data/a.txt")
	if e := w.await(EventBroken); !strings.Contains(e.Error, "no file matches") {
		t.Errorf("broken: %s", e.Error)
	}
	w.await(EventWatching)
	w.write("data/z.txt", "z")
	w.settles("copy/z", "sum")
	w.wantSum("z", "z")
	w.finish()
}

// noted is watchedText with a setting that comes from a file.
const noted = `pipeline "w" { instances = stems("data/*.txt") }
stage "copy" "c" {
  input = "data/${instance}.txt"
  note  = file("note.txt")
}
stage "sum" "s" { of = stage.copy.c }
`

func TestWatchPipelineFile(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	w.watch()
	w.settles("copy/a", "copy/b", "sum")

	// A mistake is reported, and nothing runs until it is mended: not even what
	// changed meanwhile.
	w.write("pipeline.hcl", strings.Replace(watchedText, "input", "inptu", 1))
	if e := w.await(EventBroken); !strings.Contains(e.Error, `unknown attribute "inptu"`) {
		t.Errorf("broken: %s", e.Error)
	}
	w.await(EventWatching)
	w.write("data/a.txt", "meanwhile")
	w.write("pipeline.hcl", watchedText)
	w.settles("copy/a", "sum")

	// A setting, and what file() reads.
	w.write("pipeline.hcl", noted)
	if e := w.await(EventBroken); !strings.Contains(e.Error, "note.txt") {
		t.Errorf("broken: %s", e.Error)
	}
	w.await(EventWatching)
	w.write("note.txt", "first")
	w.settles("copy/a", "copy/b") // and nothing after them, since they come out the same
	w.write("note.txt", "second")
	w.settles("copy/a", "copy/b")
	w.write("pipeline.hcl", watchedText)
	w.settles("copy/a", "copy/b")
	w.finish()
}

// A watch may begin with a file that is wrong, or with no file at all.
func TestWatchBeginsBroken(t *testing.T) {
	w := newWatchWorld(t, "a")
	w.remove("pipeline.hcl")
	w.watch()
	if e := w.await(EventBroken); !strings.Contains(e.Error, "no such file") {
		t.Errorf("broken: %s", e.Error)
	}
	w.await(EventWatching)
	w.write("pipeline.hcl", "pipeline {}")
	w.await(EventBroken)
	w.await(EventWatching)
	w.write("pipeline.hcl", watchedText)
	w.settles("copy/a", "sum")
	w.write("data/a.txt", "new")
	w.settles("copy/a", "sum")
	w.finish()
}

// An input that is absent is watched for, in a folder that is not there yet.
func TestWatchAbsentInputs(t *testing.T) {
	w := newWatchWorld(t)
	w.write("pipeline.hcl", `pipeline "w" { instances = ["a", "b"] }
stage "copy" "c" { input = "deep/er/${instance}.txt" }
stage "sum" "s" {
  of     = stage.copy.c
  labels = "labels.csv"
}
`)
	w.watch()
	w.settles("copy/a", "copy/b", "sum")
	w.wantSum("a", "absent", "b", "absent")
	w.write("deep/other/x.txt", "x")
	w.write("deep/er/a.txt", "there")
	w.settles("copy/a", "sum")
	w.remove("deep")
	w.settles("copy/a", "sum")
	w.write("deep/er/b.txt", "there")
	w.settles("copy/b", "sum")
	w.write("labels.csv", "x")
	w.settles("sum")
	w.wantSum("a", "absent", "b", "there")
	w.finish()
}

func TestWatchFoldersMove(t *testing.T) {
	w := newWatchWorld(t, "a", "b")
	w.watch()
	w.settles("copy/a", "copy/b", "sum")
	// Away: no file matches any more. What happens there is nobody's business.
	w.rename(w.path("data"), w.path("old"))
	w.await(EventBroken)
	w.await(EventWatching)
	w.write("old/a.txt", "elsewhere")
	w.write("old/c.txt", "elsewhere")
	// Another one takes its place.
	w.write("next/a.txt", "next a")
	w.write("next/c.txt", "next c")
	w.rename(w.path("next"), w.path("data"))
	w.settles("copy/a", "copy/c", "sum")
	w.wantSum("a", "next a", "c", "next c")
	// It is watched as the first one was.
	w.write("data/c.txt", "new c")
	w.settles("copy/c", "sum")
	// The first one comes back; b is as it was.
	w.rename(w.path("data"), w.path("gone"))
	w.rename(w.path("old"), w.path("data"))
	w.settles("copy/a", "copy/c", "sum")
	w.write("gone/a.txt", "not watched")
	w.write("data/b.txt", "new b")
	w.settles("copy/b", "sum")
	w.wantSum("a", "elsewhere", "b", "new b", "c", "elsewhere")
	w.finish()
}

// Folders that a pattern chooses.
func TestWatchNestedListing(t *testing.T) {
	w := newWatchWorld(t)
	w.write("pipeline.hcl", `pipeline "w" { instances = stems("sets/*/in/*.txt") }
stage "copy" "c" { input = "note" }
stage "sum" "s" { of = stage.copy.c }
`)
	w.write("sets/one/in/a.txt", "")
	w.watch()
	w.settles("copy/a", "sum")
	w.write("sets/one/in/b.txt", "")
	w.settles("copy/b", "sum")
	w.write("sets/two/in/c.txt", "")
	w.settles("copy/c", "sum")
	w.write("sets/two/in/d.txt", "")
	w.settles("copy/d", "sum")
	w.write("sets/two/out/e.txt", "")
	w.remove("sets/one")
	w.settles("sum")
	w.wantSum("c", "absent", "d", "absent")
	w.finish()
}

func TestWatchSymbolicLinks(t *testing.T) {
	w := newWatchWorld(t)
	w.write("v1/a.txt", "v1 a")
	w.write("v2/a.txt", "v2 a")
	w.write("store/b", "b")
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, w.path(name)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	link("../store/b", "v1/b.txt")
	link("../store/b", "v2/b.txt")
	link("v1", "data")
	w.watch()
	w.settles("copy/a", "copy/b", "sum")
	w.write("v1/a.txt", "new a")
	w.settles("copy/a", "sum")
	w.write("store/b", "new b")
	w.settles("copy/b", "sum")
	w.write("v2/a.txt", "not yet")
	link("v2", "next")
	w.rename(w.path("next"), w.path("data"))
	w.settles("copy/a", "sum")
	w.write("v1/a.txt", "not any more")
	w.write("v2/a.txt", "now")
	w.settles("copy/a", "sum")
	w.wantSum("a", "now", "b", "new b")
	w.finish()
}

// A folder behind two links, either of which may come to lead elsewhere, and
// nowhere meanwhile.
func TestWatchLinksToLinks(t *testing.T) {
	w := newWatchWorld(t)
	w.write("v1/a.txt", "v1")
	w.write("v2/a.txt", "v2")
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, w.path("next")); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		w.rename(w.path("next"), w.path(name))
	}
	elsewhere := t.TempDir()
	link("v1", "current")
	link(w.path("current"), "near")
	w.rename(w.path("near"), filepath.Join(elsewhere, "far"))
	link(filepath.Join(elsewhere, "far"), "data")
	w.watch()
	w.settles("copy/a", "sum")
	link("v2", "current")
	w.settles("copy/a", "sum")
	w.wantSum("a", "v2")
	w.write("v2/a.txt", "new")
	w.settles("copy/a", "sum")
	link("v3", "current")
	w.await(EventBroken)
	w.await(EventWatching)
	w.write("v3/a.txt", "v3")
	w.settles("copy/a", "sum")
	w.wantSum("a", "v3")
	w.remove("current")
	w.await(EventBroken)
	w.await(EventWatching)
	link("v1", "current")
	w.settles("copy/a", "sum")
	w.wantSum("a", "v1")
	w.finish()
}

// The pipeline file's own folder goes, and comes back.
func TestWatchOwnFolderGoes(t *testing.T) {
	for name, leave := range map[string]func(w *watchWorld, away string){
		"removed": func(w *watchWorld, _ string) { w.remove("") },
		"renamed": func(w *watchWorld, away string) { w.rename(w.dir, away) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatchWorld(t, "a")
			w.dir = filepath.Join(w.dir, "deep", "er")
			w.write("pipeline.hcl", watchedText)
			w.write("data/a.txt", "first")
			w.watch()
			w.settles("copy/a", "sum")
			leave(w, filepath.Join(t.TempDir(), "away"))
			w.await(EventBroken)
			w.await(EventWatching)
			w.write("pipeline.hcl", watchedText)
			w.write("data/a.txt", "second")
			w.settles("copy/a", "sum")
			w.write("data/a.txt", "third")
			w.settles("copy/a", "sum")
			w.wantSum("a", "third")
			w.finish()
		})
	}
}

func TestWatchLooked(t *testing.T) {
	w := newWatchWorld(t, "a")
	for _, c := range []struct {
		text         string
		reads, globs int
	}{
		{"pipeline {", 1, 0},
		{`pipeline "w" { instances = stems("nothing/*") }`, 1, 1},
		{watchedText, 1, 1},
		{noted, 2, 1},
	} {
		var looked Looked
		path := w.path("pipeline.hcl")
		Load(path, w.kinds(), Input{Sources: Sources{path: []byte(c.text)}, Looked: &looked})
		if len(looked.Reads) != c.reads || len(looked.Globs) != c.globs {
			t.Errorf("%s: looked at %+v, want %d and %d", c.text, looked, c.reads, c.globs)
		}
	}
}
