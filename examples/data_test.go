// Package examples tests the data that the example pipeline reads.
package examples

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

type measurement struct {
	Size *float64 `json:"size"`
	Time *float64 `json:"time"`
}

// instances returns the names that the pipeline's stems(...) gives.
func instances(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("data/measurements/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range paths {
		paths[i] = strings.TrimSuffix(filepath.Base(path), ".json")
	}
	return paths
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func TestMeasurements(t *testing.T) {
	names := instances(t)
	if len(names) < 26 {
		t.Errorf("%d instances, want at least 26", len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			var points map[string]measurement
			readJSON(t, "data/measurements/"+name+".json", &points)
			if len(points) < 20 {
				t.Errorf("%d points, want at least 20", len(points))
			}
			before, slow := math.Inf(-1), 0
			for i := 1; i <= len(points); i++ {
				p, ok := points[strconv.Itoa(i)]
				if !ok || p.Size == nil || p.Time == nil {
					t.Fatalf("no complete point %q among %d", strconv.Itoa(i), len(points))
				}
				if *p.Size <= before {
					t.Errorf("point %d: size %v after %v, want increasing sizes", i, *p.Size, before)
				}
				before = *p.Size
				if *p.Time < 0 || *p.Time > 60 {
					t.Errorf("point %d: time %v s, want 0 to 60", i, *p.Time)
				}
				if *p.Time > 1e-6 {
					slow++
				}
			}
			if slow < len(points)*3/4 {
				t.Errorf("only %d of %d times are ten times the resolution", slow, len(points))
			}
		})
	}
}

func TestEquations(t *testing.T) {
	for _, name := range instances(t) {
		var e struct {
			Equation string `json:"equation"`
			Leading  string `json:"leading_term"`
		}
		readJSON(t, filepath.Join("data/equations", name, name+".json"), &e)
		if e.Equation == "" {
			t.Errorf("%s: no equation", name)
		}
		if first, _, _ := strings.Cut(e.Equation, " + "); e.Leading != first {
			t.Errorf("%s: leading term %q, want the first of %q", name, e.Leading, e.Equation)
		}
	}
	folders, err := os.ReadDir("data/equations")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(folders), len(instances(t)); got != want {
		t.Errorf("%d equations for %d instances", got, want)
	}
}

func TestLabels(t *testing.T) {
	file, err := os.Open("data/labels.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ","); got != "instance_name,label,confident" {
		t.Errorf("header %q", got)
	}
	label := map[string]string{}
	count := map[string]int{}
	for _, row := range rows[1:] {
		if label[row[0]] != "" {
			t.Errorf("%s has two labels", row[0])
		}
		label[row[0]] = row[1]
		count[row[1]]++
	}
	for _, name := range instances(t) {
		if label[name] == "" {
			t.Errorf("%s has no label", name)
		}
		delete(label, name)
	}
	for name := range label {
		t.Errorf("%s has a label and no measurements", name)
	}
	for class, least := range map[string]int{"linear": 6, "polynomial": 6, "exponential": 6, "unknown": 2} {
		if count[class] < least {
			t.Errorf("%d instances are %s, want at least %d", count[class], class, least)
		}
		delete(count, class)
	}
	for class := range count {
		t.Errorf("label %q is no growth class", class)
	}
}
