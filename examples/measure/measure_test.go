package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every subject runs at its three least sizes.
func TestSubjects(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range subjects() {
		if seen[s.name] {
			t.Errorf("two subjects are called %s", s.name)
		}
		seen[s.name] = true
		t.Run(s.name, func(t *testing.T) {
			if len(s.sizes) < 20 {
				t.Errorf("%d sizes, want at least 20", len(s.sizes))
			}
			s.sizes = s.sizes[:3]
			points, err := sweep(t.Context(), s, t.TempDir())
			var absent *absentError
			if errors.As(err, &absent) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range points {
				if p.Size != s.sizes[i] || p.Time < 0 || p.Time > 5 {
					t.Errorf("point %d is %+v", i, p)
				}
			}
		})
	}
}

// sweep keeps the least time of each size, rounded to the resolution, and
// measures long ones once.
func TestSweep(t *testing.T) {
	calls := map[int]int{}
	s := subject{name: "scripted", sizes: []int{1, 2}, setUp: func(_ context.Context, size int, _ string) (trial, error) {
		return func() (time.Duration, error) {
			calls[size]++
			if size == 1 {
				return time.Duration(6-calls[size]) * 1234567, nil
			}
			time.Sleep(enough + time.Millisecond)
			return 42 * time.Millisecond, nil
		}, nil
	}}
	points, err := sweep(t.Context(), s, "")
	if err != nil {
		t.Fatal(err)
	}
	if points[0] != (point{1, 0.0012346}) || points[1] != (point{2, 0.042}) {
		t.Errorf("points %v", points)
	}
	if calls[1] != rounds || calls[2] != 1 {
		t.Errorf("calls %v, want %d and 1", calls, rounds)
	}
}

func TestSweepStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := subjects()[0]
	if _, err := sweep(ctx, s, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the cancellation", err)
	}
}

func TestSolverAbsent(t *testing.T) {
	s := subject{sizes: []int{4}, setUp: withSolver(solver{"no-such-solver", "-q"}, one(pigeonhole))}
	_, err := sweep(t.Context(), s, t.TempDir())
	var absent *absentError
	if !errors.As(err, &absent) {
		t.Errorf("error %v, want an absentError", err)
	}
}

func TestSolverFails(t *testing.T) {
	if _, _, err := (solver{"false", ""}).solve(t.Context(), "x.cnf"); err == nil || !strings.Contains(err.Error(), "expected 10 or 20") {
		t.Errorf("error %v", err)
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	if err := run(t.Context(), []string{"-only", "prime-sieve", "-out", dir}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "prime-sieve ") {
		t.Errorf("output %q", out.String())
	}
	if points := readPoints(t, filepath.Join(dir, "measurements", "prime-sieve.json")); len(points) < 20 {
		t.Errorf("%d points", len(points))
	}
	for args, want := range map[string]string{
		"-only nothing": `no subject "nothing"`,
		"stray":         `unexpected argument "stray"`,
	} {
		if err := run(t.Context(), strings.Fields(args), &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
}

func readPoints(t *testing.T, path string) []point {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var table map[string]point
	if err := json.Unmarshal(content, &table); err != nil {
		t.Fatal(err)
	}
	points := make([]point, len(table))
	for i := range points {
		points[i] = table[strconv.Itoa(i+1)]
	}
	return points
}

// What is committed is what this program writes: the same sizes, the equation
// that fit gives for the measured points, the same labels.
func TestCommitted(t *testing.T) {
	const data = "../data"
	all := subjects()
	for _, s := range all {
		points := readPoints(t, filepath.Join(data, "measurements", s.name+".json"))
		if len(points) != len(s.sizes) {
			t.Errorf("%s: %d points committed for %d sizes", s.name, len(points), len(s.sizes))
			continue
		}
		for i, p := range points {
			if p.Size != s.sizes[i] {
				t.Errorf("%s: size %d committed, want %d", s.name, p.Size, s.sizes[i])
				break
			}
		}
		if runtime.GOARCH != "amd64" {
			continue // fused multiplications change the last digits
		}
		fitted, err := fit(points)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		dir := t.TempDir()
		if err := write(dir, s.name, points, fitted); err != nil {
			t.Fatal(err)
		}
		same(t, dir, data, filepath.Join("measurements", s.name+".json"))
		same(t, dir, data, filepath.Join("equations", s.name, s.name+".json"))
	}
	dir := t.TempDir()
	if err := writeLabels(dir, all); err != nil {
		t.Fatal(err)
	}
	same(t, dir, data, "labels.csv")
}

// same compares one file under two folders.
func same(t *testing.T, written, committed, path string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(written, path))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(committed, path)); err != nil || string(got) != string(want) {
		t.Errorf("%s is not what the program writes (%v):\n%s\nwant\n%s", path, err, got, want)
	}
}
