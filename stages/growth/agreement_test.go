package growth

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
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

func TestAgreementWithPeople(t *testing.T) {
	confusion := map[[2]string]int{}
	var right, definite, definiteRight, total int
	for _, l := range hand(t) {
		got := "absent"
		if l.found {
			got = string(Analyze(l.series, Options{Resamples: -1}).Class)
		}
		confusion[[2]string{l.label, got}]++
		total++
		if l.label != "unknown" {
			definite++
		}
		if got == l.label {
			right++
			if got != "unknown" {
				definiteRight++
			}
		} else if *misses {
			fmt.Printf("%-45s %-7s %-12s %s\n", l.name, l.confident, l.label, got)
		}
	}
	var keys [][2]string
	for k := range confusion {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i][0]+keys[i][1] < keys[j][0]+keys[j][1] })
	for _, k := range keys {
		t.Logf("%-12s concluded as %-12s %4d", k[0], k[1], confusion[k])
	}
	all, def := 100*float64(right)/float64(total), 100*float64(definiteRight)/float64(definite)
	t.Logf("agreement %.1f %% of %d (definite %.1f %% of %d)", all, total, def, definite)
	if all < 80 {
		t.Errorf("agreement %.1f %%, want at least 80", all)
	}
}
