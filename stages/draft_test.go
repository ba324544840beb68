package stages

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concluder/concluder/pipeline"
)

// layOut writes files below a folder, by name.
func layOut(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// table is a CSV of measurements with these columns, of which each grows.
func table(columns ...string) string {
	var b strings.Builder
	b.WriteString(strings.Join(columns, ",") + "\n")
	for i := range 8 {
		row := make([]string, len(columns))
		for k := range row {
			row[k] = fmt.Sprint((i + 1) * (k + 1))
		}
		b.WriteString(strings.Join(row, ",") + "\n")
	}
	return b.String()
}

func TestDraft(t *testing.T) {
	const json = `{"1": {"size_of_cnf": 10, "solving_time": 0.1}, "2": {"size_of_cnf": 20, "solving_time": 0.2}}`
	const odd = `[{"si\"ze": 10, "ti${me}": 0.1}, {"si\"ze": 20, "ti${me}": 0.2}]`
	const hall = "Complexity,Loss,Equation\n1,0.5,2.0\n3,0.1,x0 * 2.0\n"
	for name, tt := range map[string]struct {
		files                        map[string]string
		instances                    int
		measurements, x, y, equation string
	}{
		"json with equations in folders": {map[string]string{
			"solving_times/a.json": json, "solving_times/b.json": json,
			"sympy/a/a.json": `{"equation": "2*x0"}`, "sympy/b/b.json": `{"equation": "3*x0"}`,
		}, 2, "solving_times/${instance}.json", "size_of_cnf", "solving_time", "sympy/${instance}/${instance}.json"},
		"halls of fame": {map[string]string{
			"t/a.csv": table("n", "seconds"), "t/b.csv": table("n", "seconds"), "fits/a/hall_of_fame.csv": hall, "fits/b/hall_of_fame.csv": hall,
		}, 2, "t/${instance}.csv", "n", "seconds", "fits/${instance}/hall_of_fame.csv"},
		"beside the file": {map[string]string{"a.tsv": strings.ReplaceAll(table("k", "cpu"), ",", "\t"), "notes.txt": "x0"},
			1, "${instance}.tsv", "k", "cpu", ""},
		"names that say nothing": {map[string]string{"d/a.csv": table("alpha", "beta", "gamma"), "d/b.csv": table("alpha", "beta", "gamma")},
			2, "d/${instance}.csv", "alpha", "beta", ""},
		"columns in another order": {map[string]string{"d/a.csv": table("elapsed", "status", "vars")}, 1, "d/${instance}.csv", "vars", "elapsed", ""},
		"the folder with most": {map[string]string{"small/a.csv": table("n", "time"), "large/a.csv": table("n", "time"), "large/b.csv": table("n", "time")},
			2, "large/${instance}.csv", "n", "time", ""},
		"results and hidden folders": {map[string]string{"d/a.csv": table("n", "time"), "results/.concluder-owner": "", "results/a.csv": table("n", "time"),
			"results/b.csv": table("n", "time"), ".cache/a.csv": table("n", "time"), ".cache/b.csv": table("n", "time")},
			1, "d/${instance}.csv", "n", "time", ""},
		"names that must be quoted": {map[string]string{`a "b" [1]/${c}/x y.json`: odd, `a "b" [1]/${c}/z.json`: odd},
			2, `a "b" [1]/${c}/${instance}.json`, `si"ze`, "ti${me}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			layOut(t, dir, tt.files)
			file := filepath.Join(dir, "pipeline.hcl")
			d, err := NewDraft(file)
			if err != nil {
				t.Fatal(err)
			}
			if d.Instances != tt.instances || d.Measurements != tt.measurements || d.X != tt.x || d.Y != tt.y || d.Equation != tt.equation {
				t.Errorf("got %d %q %q %q %q, want %d %q %q %q %q", d.Instances, d.Measurements, d.X, d.Y, d.Equation,
					tt.instances, tt.measurements, tt.x, tt.y, tt.equation)
			}
			if same, err := pipeline.Format(d.Text); err != nil || !bytes.Equal(same, d.Text) {
				t.Errorf("the draft is not in the canonical style: %v\n%s", err, d.Text)
			}
			if err := d.Write(file); err != nil {
				t.Fatal(err)
			}
			s, err := Open(file, Options{})
			if err != nil {
				t.Fatalf("%v\n%s", err, d.Text)
			}
			if len(s.Plan.Instances) != tt.instances {
				t.Errorf("the plan has the instances %q, want %d", s.Plan.Instances, tt.instances)
			}
			results, err := Run(t.Context(), file, Options{NoPlot: true})
			for name, r := range results {
				if r.Status == StatusError || r.Status == StatusMissingEquation || r.Status == StatusInvalidEquation {
					t.Errorf("%s ended as %s: %s", name, r.Status, *r.Error)
				}
			}
			if err != nil || len(results) != tt.instances {
				t.Errorf("%d results, want %d; %v", len(results), tt.instances, err)
			}
			if err := d.Write(file); !errors.Is(err, fs.ErrExist) {
				t.Errorf("writing it over gave %v", err)
			}
		})
	}
}

// The error says of what is there why it is no measurements.
func TestDraftOfNothing(t *testing.T) {
	const hall = "Complexity,Loss,Equation\n1,0.5,2.0\n"
	for name, tt := range map[string]struct {
		files map[string]string
		count int
		want  []string
	}{
		"nothing": {nil, 0, []string{"expected a .json, .csv or .tsv file for each instance", "0 files were looked at, at most 4 folders deep"}},
		"texts":   {map[string]string{"notes.txt": "n", ".a.csv": table("n", "time")}, 1, []string{"1 file was looked at", "what is hidden"}},
		"several": {map[string]string{"labels.csv": "name,class\na,linear\n", "one.json": `{"equation": "x0"}`, "fits/hall_of_fame.csv": hall}, 3,
			[]string{"labels.csv: no field is a number in most of its records", `one.json: "equation" is a string`, "fits/hall_of_fame.csv: these are PySR's equations"}},
		"broken":       {map[string]string{"d/a.json": "{"}, 1, []string{"\n  d/a.json:"}},
		"empty":        {map[string]string{"d/a.csv": "\n"}, 1, []string{"\n  d/a.csv: the file is empty"}},
		"no rows":      {map[string]string{"d/a.csv": "n,time\n"}, 1, []string{"\n  d/a.csv: it has no records"}},
		"one column":   {map[string]string{"d/a.csv": table("n"), "d/b.csv": table("n")}, 2, []string{`d/*.csv, 2 files: d/a.csv: "n" alone is a number`}},
		"many columns": {map[string]string{"d/a.csv": table("a", "b"), "d/b.csv": table("c", "d")}, 2, []string{"d/*.csv: no two fields are numbers in most of the files"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			layOut(t, dir, tt.files)
			_, err := NewDraft(filepath.Join(dir, "pipeline.hcl"))
			var none *NoMeasurementsError
			if !errors.As(err, &none) || none.Files != tt.count || none.Dir != dir {
				t.Fatalf("error %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\ndoes not say %q", err, want)
				}
			}
		})
	}
}
