package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// A formula is a propositional formula in conjunctive normal form: clauses of
// numbered variables, negative where negated.
type formula struct {
	clauses   [][]int
	variables int
}

// add appends a clause.
func (f *formula) add(clause ...int) {
	for _, x := range clause {
		f.variables = max(f.variables, x, -x)
	}
	f.clauses = append(f.clauses, append([]int(nil), clause...))
}

// write stores f in DIMACS format.
func (f *formula) write(path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriter(file)
	fmt.Fprintf(w, "p cnf %d %d\n", f.variables, len(f.clauses))
	for _, clause := range f.clauses {
		for _, x := range clause {
			w.WriteString(strconv.Itoa(x))
			w.WriteByte(' ')
		}
		w.WriteString("0\n")
	}
	return w.Flush()
}

// A solver is a program that reads a DIMACS file and exits with 10 for a
// satisfiable formula and with 20 for one that is not.
type solver struct {
	program string
	quiet   string
}

var (
	cadical = solver{"cadical", "-q"}
	minisat = solver{"minisat", "-verb=0"}
)

// absentError says that a program is not installed.
type absentError struct{ program string }

func (e *absentError) Error() string {
	return fmt.Sprintf("no program %q; Debian's package has the same name", e.program)
}

// solve runs s on a file and returns whether the formula is satisfiable and
// the CPU time of the process.
func (s solver) solve(ctx context.Context, path string) (satisfiable bool, took time.Duration, err error) {
	cmd := exec.CommandContext(ctx, s.program, s.quiet, path)
	err = cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false, 0, fmt.Errorf("running %s: %w; expected exit code 10 or 20", s.program, errors.Join(err, ctx.Err()))
	}
	switch code := exit.ExitCode(); code {
	case 10, 20:
		return code == 10, exit.UserTime() + exit.SystemTime(), nil
	default:
		return false, 0, fmt.Errorf("%s exited with code %d, expected 10 or 20", s.program, code)
	}
}

// withSolver makes a set-up whose trials run s on the formulas of a size; what
// counts is their median time, because the hardest of a few random ones tells
// little of their growth.
func withSolver(s solver, generate func(size int) []formula) func(context.Context, int, string) (trial, error) {
	return func(ctx context.Context, size int, dir string) (trial, error) {
		if _, err := exec.LookPath(s.program); err != nil {
			return nil, &absentError{s.program}
		}
		var paths []string
		for i, f := range generate(size) {
			path := filepath.Join(dir, fmt.Sprintf("%d.cnf", i))
			if err := f.write(path); err != nil {
				return nil, err
			}
			paths = append(paths, path)
		}
		return func() (time.Duration, error) {
			times := make([]time.Duration, len(paths))
			for i, path := range paths {
				_, took, err := s.solve(ctx, path)
				if err != nil {
					return 0, err
				}
				times[i] = took
			}
			slices.Sort(times)
			return times[len(times)/2], nil
		}, nil
	}
}

// one makes one formula of each size.
func one(generate func(size, seed int) formula) func(int) []formula {
	return several(1, generate)
}

// several makes count formulas of each size, with seeds from 0.
func several(count int, generate func(size, seed int) formula) func(int) []formula {
	return func(size int) []formula {
		formulas := make([]formula, count)
		for seed := range formulas {
			formulas[seed] = generate(size, seed)
		}
		return formulas
	}
}
