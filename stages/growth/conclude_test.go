package growth

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

// TestEveryBoundHolds concludes every series beside the checkout, with and
// without its equation, and checks each printed bound on each point in numbers
// of 200 bits.
func TestEveryBoundHolds(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(measured, "solving_times", "*.json"))
	if len(files) == 0 {
		t.Skip("no measured series beside the checkout")
	}
	var concluded, constant int
	for _, f := range files {
		s, _ := readSeries(t, f)
		if len(s.X) < 6 {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		a := Analyze(s, Options{Resamples: -1})
		eqs := []*Equation{nil}
		if e, ok := storedEquation(t, name); ok {
			q := StudyEquation(e, s)
			eqs = append(eqs, &q)
		}
		for _, q := range eqs {
			c := Conclude(s, a, q)
			concluded++
			if c.Shape.IsZero() {
				constant++
				if c.Class != Unknown {
					t.Errorf("%s: %s with a constant bound", name, c.Class)
				}
			}
			if !above(t, c.Bound.Text, s) {
				t.Errorf("%s: %s is no bound", name, c.Bound.Text)
			}
			if c.Class == Unknown && c.Verification.Data.Least != nil {
				t.Errorf("%s: the least bound of an unknown class", name)
			}
		}
	}
	t.Logf("%d conclusions, %d constant", concluded, constant)
}

func storedEquation(t testing.TB, name string) (expr.Expr, bool) {
	b, err := os.ReadFile(filepath.Join(measured, "sympy_results", name, name+".json"))
	if err != nil {
		return expr.Expr{}, false
	}
	var m struct{ Equation string }
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(name, err)
	}
	r, err := expr.Parse(m.Equation, expr.Sympy)
	if err != nil {
		t.Logf("%s: %v", name, err)
		return expr.Expr{}, false
	}
	return r.Expr, true
}
