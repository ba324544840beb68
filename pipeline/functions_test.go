package pipeline

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestStems(t *testing.T) {
	// Characters of patterns in the folder's own name mean nothing.
	dir := filepath.Join(t.TempDir(), "study [a*]?")
	for _, f := range []string{
		"data/b.json", "data/a.json", "data/a10.json", "data/a2.json", "data/x.tar.gz", "data/.hidden.json", "data/notes.txt", "data/noext",
		"sets/one/p.json", "sets/two/q.json", "sets/readme", "v1.0/in", "v1.1/in", "same/a.json", "same/a.csv", "sp ace/é.json",
	} {
		path := filepath.Join(dir, filepath.FromSlash(f))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ pattern, want, err string }{
		{pattern: "data/*.json", want: "a a10 a2 b"},
		{pattern: "./data/*.json", want: "a a10 a2 b"},
		{pattern: "data/../data/a*.json", want: "a a10 a2"},
		{pattern: "data/.*.json", want: ".hidden"},
		{pattern: "data/[ab].json", want: "a b"},
		{pattern: "data/?.json", want: "a b"},
		{pattern: "data/no*", want: "noext notes"},
		{pattern: "data/x*", want: "x.tar"},
		{pattern: "data/a.json", want: "a"},
		{pattern: "sets/*/*.json", want: "p q"},
		{pattern: "sets/*/q.json", want: "q"},
		{pattern: "sets/t*", want: "two"},
		{pattern: "v*", want: "v1.0 v1.1"}, // folders: what looks like an extension stays
		{pattern: "sp ace/*", want: "é"},
		{pattern: strings.NewReplacer("[", `\[`, "*", `\*`, "?", `\?`).Replace(filepath.ToSlash(dir)) + "/data/n*.txt", want: "notes"},
		{pattern: "data/*.csv", err: "no file matches"},
		{pattern: "data/a.csv", err: "no file matches"},
		{pattern: "same/*", err: `same/a.csv and same/a.json have the same stem "a"`},
		{pattern: "dta/*.json", err: `did you mean "data"?`},
		{pattern: "sets/readme/*", err: "not a directory"},
		{pattern: "data/[", err: "not a pattern"},
		{pattern: "**/*.json", err: "not supported"},
		{pattern: "", err: "empty"},
	} {
		f := newFileFunctions(dir)
		v, err := f.stems(c.pattern)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("stems(%q): error %v, want one with %q", c.pattern, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("stems(%q): %v", c.pattern, err)
			continue
		}
		if got := strings.Join(stringList(v), " "); got != c.want {
			t.Errorf("stems(%q) = %q, want %q", c.pattern, got, c.want)
		}
		if len(f.globs) != 1 {
			t.Errorf("stems(%q) noted the listings %v", c.pattern, f.globs)
		}
	}
}

// A name in another Unicode form would become an instance whose files are not
// there: cty composes every text.
func TestStemsUnicode(t *testing.T) {
	for name, want := range map[string]string{"e\u0301.json": "composed", "a\xff.json": "UTF-8"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Skip("the file system refuses the name:", err)
		}
		f := newFileFunctions(dir)
		if _, err := f.stems("*.json"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestStemsLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	dir := t.TempDir()
	for link, to := range map[string]string{"f.json": "real.json", "d.json": "folder.x", "gone.json": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.x"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "real.json"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	f := newFileFunctions(dir)
	v, err := f.stems("*.json")
	if got := strings.Join(stringList(v), " "); err != nil || got != "d.json f gone real" {
		t.Errorf("%q, %v", got, err)
	}
}

// Every function gives the same for the same arguments, and is reachable.
func TestFunctions(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ expr, want string }{
		{`abs(-2)`, "2"}, {`ceil(1.2)`, "2"}, {`floor(1.8)`, "1"}, {`int(1.8)`, "1"}, {`log(8, 2)`, "3"}, {`max(1, 3)`, "3"}, {`min(1, 3)`, "1"},
		{`parseint("ff", 16)`, "255"}, {`pow(2, 10)`, "1024"}, {`signum(-3)`, "-1"},
		{`chomp("a\n")`, "a"}, {`format("%03d", 7)`, "007"}, {`join("-", formatlist("%s!", ["a", "b"]))`, "a!-b!"}, {`indent(1, "a\nb")`, "a\n b"},
		{`lower("A")`, "a"}, {`regex("[0-9]+", "ab12")`, "12"}, {`join(",", regexall("[0-9]", "a1b2"))`, "1,2"}, {`regexreplace("a1", "[0-9]", "x")`, "ax"},
		{`replace("aXb", "X", "-")`, "a-b"}, {`join("|", split(",", "a,b"))`, "a|b"}, {`strlen("語言")`, "2"}, {`strrev("abc")`, "cba"},
		{`substr("hello", 1, 3)`, "ell"}, {`title("ab cd")`, "Ab Cd"}, {`trim("xax", "x")`, "a"}, {`trimprefix("abc", "a")`, "bc"},
		{`trimspace(" a ")`, "a"}, {`trimsuffix("abc", "c")`, "ab"}, {`upper("a")`, "A"},
		{`jsonencode(chunklist([1, 2, 3], 2))`, "[[1,2],[3]]"}, {`coalesce(null, "a")`, "a"}, {`join("", coalescelist([], ["a"]))`, "a"},
		{`join("", compact(["a", "", "b"]))`, "ab"}, {`join("", concat(["a"], ["b"]))`, "ab"}, {`contains(["a"], "a")`, "true"},
		{`join("", distinct(["a", "a"]))`, "a"}, {`element(["a", "b"], 3)`, "b"}, {`jsonencode(flatten([[1], [2]]))`, "[1,2]"}, {`hasindex(["a"], 1)`, "false"},
		{`join("", keys({ a = 1 }))`, "a"}, {`length(["a"])`, "1"}, {`lookup({ a = "x" }, "b", "y")`, "y"}, {`jsonencode(merge({ a = 1 }, { b = 2 }))`, `{"a":1,"b":2}`},
		{`jsonencode(range(3))`, "[0,1,2]"}, {`jsonencode(reverse([1, 2]))`, "[2,1]"}, {`jsonencode(setintersection(["a", "b"], ["b"]))`, `["b"]`},
		{`jsonencode(setproduct(["a"], ["x", "y"]))`, `[["a","x"],["a","y"]]`}, {`jsonencode(setsubtract(["a", "b"], ["b"]))`, `["a"]`}, {`jsonencode(setunion(["a"], ["b"]))`, `["a","b"]`},
		{`jsonencode(slice([1, 2, 3], 1, 2))`, "[2]"}, {`jsonencode(sort(["b", "a"]))`, `["a","b"]`}, {`jsonencode(values({ a = 1 }))`, "[1]"}, {`jsonencode(zipmap(["a"], [1]))`, `{"a":1}`},
		{`csvdecode("a,b\n1,2")[0].b`, "2"}, {`jsondecode("{\"a\": 3}").a`, "3"}, {`formatdate("YYYY", "2020-01-02T03:04:05Z")`, "2020"}, {`timeadd("2020-01-02T03:04:05Z", "1h")`, "2020-01-02T04:04:05Z"},
		{`tobool("true")`, "true"}, {`tonumber("5")`, "5"}, {`tostring(5)`, "5"}, {`jsonencode(tolist(["a"]))`, `["a"]`}, {`jsonencode(toset(["a", "a"]))`, `["a"]`}, {`jsonencode(tomap({ a = 1 }))`, `{"a":1}`},
	} {
		src := "pipeline \"p\" { instances = [\"a\"] }\nstage \"load\" \"s\" {\n  measurements = \"m\"\n  y = \"t\"\n  x = \"${" + c.expr + "}\"\n}\n"
		path := filepath.Join(dir, "pipeline.hcl")
		p, diags := Load(path, languageKinds(), Input{Sources: Sources{path: []byte(src)}})
		if diags.HasErrors() {
			t.Errorf("%s: %v", c.expr, diags)
			continue
		}
		n, _ := p.Stages[0].Node("a")
		for _, s := range n.Settings {
			if s.Name == "x" && !s.Value.RawEquals(cty.StringVal(c.want)) {
				t.Errorf("%s = %s, want %s", c.expr, showValue(s.Value), c.want)
			}
		}
	}
	for name := range pureFunctions() {
		if _, impure := impureAdvice(name); impure {
			t.Errorf("%s is both offered and refused", name)
		}
	}
}
