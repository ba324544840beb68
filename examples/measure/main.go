package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// run is the program: it measures the subjects that args select and writes
// one file for each as soon as it is done.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	only := flags.String("only", "", "comma-separated `names` of the subjects to measure; all by default")
	dir := flags.String("out", "examples/data", "`folder` to write into")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; name subjects with -only", flags.Arg(0))
	}
	all := subjects()
	chosen, err := choose(all, *only)
	if err != nil {
		return err
	}

	scratch, err := os.MkdirTemp("", "measure-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	for _, s := range chosen {
		start := time.Now()
		points, err := sweep(ctx, s, scratch)
		var absent *absentError
		if errors.As(err, &absent) {
			fmt.Fprintf(out, "%-20s skipped: %v\n", s.name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fitted, err := fit(points)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := write(*dir, s.name, points, fitted); err != nil {
			return err
		}
		last := points[len(points)-1]
		fmt.Fprintf(out, "%-20s %2d points up to %d: %.4g s; %s (%.1f s)\n",
			s.name, len(points), last.Size, last.Time, fitted, time.Since(start).Seconds())
	}
	return writeLabels(*dir, all)
}

// choose returns the subjects that a comma-separated list names, in the order
// of all.
func choose(all []subject, names string) ([]subject, error) {
	if names == "" {
		return all, nil
	}
	wanted := strings.Split(names, ",")
	var chosen []subject
	for _, s := range all {
		if i := slices.Index(wanted, s.name); i >= 0 {
			wanted = slices.Delete(wanted, i, i+1)
			chosen = append(chosen, s)
		}
	}
	if len(wanted) > 0 {
		known := make([]string, len(all))
		for i, s := range all {
			known[i] = s.name
		}
		return nil, fmt.Errorf("no subject %q; there are %s", wanted[0], strings.Join(known, ", "))
	}
	return chosen, nil
}
