package growth

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

var misses = flag.Bool("misses", false, "list the series on which the analysis and the label part")

const measured = "../../../shared/bmc"

type labelled struct {
	name, label, confident string
	series                 Series
	found                  bool
}

// hand reads the hand-labelled series that lie beside the checkout, if any.
func hand(t testing.TB) []labelled {
	f, err := os.Open(filepath.Join(measured, "labels.csv"))
	if err != nil {
		t.Skip("no hand-labelled series beside the checkout")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []labelled
	for _, r := range rows[1:] {
		l := labelled{name: r[0], label: r[1], confident: r[2]}
		if strings.Contains(l.label, "too few data") {
			l.label = "unknown"
		}
		l.series, l.found = readSeries(t, filepath.Join(measured, "solving_times", r[0]+".json"))
		out = append(out, l)
	}
	return out
}

func readSeries(t testing.TB, path string) (Series, bool) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return Series{}, false
	} else if err != nil {
		t.Fatal(err)
	}
	var m map[string]struct {
		X float64 `json:"size_of_cnf"`
		Y float64 `json:"solving_time"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(path, err)
	}
	var s Series
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := m[keys[i]], m[keys[j]]
		return a.X < b.X || a.X == b.X && keys[i] < keys[j]
	})
	for _, k := range keys {
		s.X = append(s.X, m[k].X)
		s.Y = append(s.Y, m[k].Y)
	}
	return s, true
}

// A judgedSeries is one hand-classed series with the class concluded for it.
type judgedSeries struct {
	labelled
	got Class
}

// TestAgreementWithPeople compares the classes with those that people gave.
// Labels that say too few data count as unknown, and a series that is missing
// counts as wrong.
func TestAgreementWithPeople(t *testing.T) {
	var all []judgedSeries
	for _, l := range hand(t) {
		v := judgedSeries{l, "absent"}
		if l.found {
			v.got = Analyze(l.series, Options{Resamples: -1}).Class
		}
		all = append(all, v)
		if *misses && string(v.got) != l.label {
			fmt.Printf("%-45s %-7s %-12s %s\n", l.name, l.confident, l.label, v.got)
		}
	}
	for _, want := range judged {
		line := fmt.Sprintf("%-12s", want)
		for _, got := range append(judged[:], "absent") {
			n := 0
			for _, v := range all {
				if v.label == string(want) && v.got == got {
					n++
				}
			}
			line += fmt.Sprintf(" %s %d", got, n)
		}
		t.Log(line)
	}
	low, high := bootstrapped(all)
	for i, f := range measures(all) {
		t.Logf("%-22s %5.1f %% (95 %% interval %.1f to %.1f)", f.name, 100*f.value, 100*low[i], 100*high[i])
	}
	var sure tally
	for _, v := range all {
		if v.confident == "T" {
			sure.add(Class(v.label), v.got)
		}
	}
	t.Logf("where people were sure: %s", sure)
	f := measures(all)
	if f[0].value < 0.86 || f[1].value < 0.86 {
		t.Errorf("agreement %.3f, of the definite %.3f; want at least 0.86 each", f[0].value, f[1].value)
	}
}

type measure struct {
	name  string
	value float64
}

// measures are agreement, recall and precision by class, macro-F1 and Cohen's
// kappa.
func measures(all []judgedSeries) []measure {
	var sum tally
	said, meant, both := map[Class]float64{}, map[Class]float64{}, map[Class]float64{}
	for _, v := range all {
		sum.add(Class(v.label), v.got)
		said[v.got]++
		meant[Class(v.label)]++
		if string(v.got) == v.label {
			both[v.got]++
		}
	}
	out := []measure{{"agreement", sum.all()}, {"agreement, definite", sum.definite()}}
	ratio := func(a, b float64) float64 {
		if b == 0 {
			return 0
		}
		return a / b
	}
	var f1, chance float64
	for _, c := range judged {
		recall, precision := ratio(both[c], meant[c]), ratio(both[c], said[c])
		out = append(out, measure{string(c) + " recall", recall}, measure{string(c) + " precision", precision})
		f1 += ratio(2*recall*precision, recall+precision) / float64(len(judged))
		chance += said[c] * meant[c] / (sum.n * sum.n)
	}
	return append(out, measure{"macro-F1", f1}, measure{"kappa", (sum.all() - chance) / (1 - chance)})
}

// bootstrapped are 95 % intervals of the figures by a bootstrap over circuit families.
func bootstrapped(all []judgedSeries) (low, high []float64) {
	byFamily := map[string][]judgedSeries{}
	var families []string
	for _, v := range all {
		o := origin(v.name)
		if byFamily[o] == nil {
			families = append(families, o)
		}
		byFamily[o] = append(byFamily[o], v)
	}
	r := rand.New(rand.NewPCG(1, 1))
	var draws [][]float64
	for range 1000 {
		var sample []judgedSeries
		for range families {
			sample = append(sample, byFamily[families[r.IntN(len(families))]]...)
		}
		var row []float64
		for _, f := range measures(sample) {
			row = append(row, f.value)
		}
		draws = append(draws, row)
	}
	for i := range draws[0] {
		column := make([]float64, len(draws))
		for k := range draws {
			column[k] = draws[k][i]
		}
		sort.Float64s(column)
		low, high = append(low, quantile(column, 0.025)), append(high, quantile(column, 0.975))
	}
	return low, high
}
