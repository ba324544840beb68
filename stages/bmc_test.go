package stages

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

// sharedData is where real data lies beside the checkout, on machines that
// have it.
const sharedData = "../../shared/bmc"

func needSharedData(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(sharedData); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no real data beside the checkout")
	}
}

// onPoints reports the first point that lies above a formula, evaluated with
// big floats: the programme's own float64 evaluation proves nothing about
// itself.
func onPoints(t *testing.T, formula string, points [][2]float64) (at [2]float64, ok bool) {
	t.Helper()
	r, err := expr.Parse(formula, expr.Sympy)
	if err != nil {
		t.Fatalf("the published bound %q does not parse: %v", formula, err)
	}
	for _, p := range points {
		v, err := r.Expr.EvalBig(p[0], 200)
		if err != nil {
			t.Fatalf("%s at %v: %v", formula, p[0], err)
		}
		if v.Cmp(new(big.Float).SetFloat64(p[1])) < 0 {
			return p, false
		}
	}
	return at, true
}

// Every declared instance of the real data ends in the summary, its status is
// the first that applies, and every published bound holds on all points.
func TestRealData(t *testing.T) {
	needSharedData(t)
	dir := t.TempDir()
	results, err := Run(context.Background(), filepath.Join(sharedData, "pipeline.hcl"), Options{
		NoPlot: true, ResultsDir: filepath.Join(dir, "results"), StateDir: filepath.Join(dir, "state"),
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(sharedData, "solving_times", "*.json"))
	if err != nil || len(files) != len(results) {
		t.Fatalf("%d results of %d instances, %v", len(results), len(files), err)
	}
	var summary Summary
	if err := readJSON(filepath.Join(dir, "results", "parallel_llm_conclude_summary.json"), &summary); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file[:len(file)-len(".json")])
		r := results[name]
		if r == nil || summary.Results[name] == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		if r.Status != summary.Results[name].Status {
			t.Errorf("%s: status %s, in the summary %s", name, r.Status, summary.Results[name].Status)
		}
		points := rawPoints(t, file)
		if want := wantStatus(name, points); r.Status != want {
			t.Errorf("%s: status %s, want %s", name, r.Status, want)
		}
		if (r.Status == StatusSuccess) != (r.Conclusion != nil) || (r.Status == StatusSuccess) == (r.Error != nil) {
			t.Errorf("%s: status %s with conclusion %v and error %v", name, r.Status, r.Conclusion != nil, r.Error)
		}
		if r.Conclusion != nil {
			if p, ok := onPoints(t, r.Conclusion.UpperBound, points); !ok {
				t.Errorf("%s: %s does not hold at %v", name, r.Conclusion.UpperBound, p)
			}
		}
	}
	if right, of := agreement(t, results); float64(right) < 0.75*float64(of) {
		t.Errorf("agreement %d of %d", right, of)
	} else {
		t.Logf("agreement %.1f %% of %d", 100*float64(right)/float64(of), of)
	}
}

// rawPoints reads an instance of the real data without the load stage.
func rawPoints(t *testing.T, file string) [][2]float64 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var frames map[string]struct {
		X float64 `json:"size_of_cnf"`
		Y float64 `json:"solving_time"`
	}
	if err := json.Unmarshal(b, &frames); err != nil {
		t.Fatal(err)
	}
	var points [][2]float64
	for _, f := range frames {
		points = append(points, [2]float64{f.X, f.Y})
	}
	return points
}

func wantStatus(name string, points [][2]float64) Status {
	_, err := os.Stat(filepath.Join(sharedData, "sympy_results", name, name+".json"))
	switch {
	case len(points) < 6:
		return StatusInsufficientData
	case err != nil:
		return StatusMissingEquation
	}
	return StatusSuccess
}

// agreement counts as the hand-checked labels ask: too few data is unknown.
func agreement(t *testing.T, results map[string]*Result) (right, of int) {
	t.Helper()
	f, err := os.Open(filepath.Join(sharedData, "labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		want, got := row[1], ""
		if want == "too few data" || want == "exponential(too few data)" {
			want = "unknown"
		}
		switch r := results[row[0]]; {
		case r == nil:
		case r.Status == StatusSuccess:
			got = string(r.Conclusion.TypeOfEquation)
		case r.Status == StatusInsufficientData:
			got = "unknown"
		}
		of++
		if got == want {
			right++
		}
	}
	return right, of
}
