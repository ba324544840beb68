package main

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

const (
	// resolution is the step, in seconds, to which times are rounded.
	resolution = 1e-7

	// shortest is the least stretch worth timing: a quicker run is repeated
	// within one stretch, so that reading the clock costs below a thousandth.
	shortest = 300 * time.Microsecond

	// rounds is how often each size is measured at most, and enough the wall
	// time after which a size is not measured again.
	rounds = 5
	enough = 700 * time.Millisecond
)

// A subject is an algorithm whose growth is known, with the sizes at which it
// is measured, in increasing order.
type subject struct {
	name  string
	label string // the practical growth class that theory gives
	sizes []int

	// setUp makes an input of the given size, outside the clock, and returns
	// a trial on it. Files go into dir.
	setUp func(ctx context.Context, size int, dir string) (trial, error)
}

// A trial runs once and returns the CPU time it took. It can be repeated and
// does the same work each time.
type trial func() (time.Duration, error)

// A point is one measurement; its JSON form is one entry of a measurements
// file.
type point struct {
	Size int     `json:"size"`
	Time float64 `json:"time"` // seconds
}

// sweep measures s at all its sizes and takes the least time of each, because
// whatever disturbs a measurement makes it longer. It goes through all sizes
// before it measures one again, so that a slow minute of the machine does not
// bend one part of the curve. The garbage collector runs between trials only.
func sweep(ctx context.Context, s subject, dir string) ([]point, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	best := make([]time.Duration, len(s.sizes))
	spent := make([]time.Duration, len(s.sizes))
	for round := range rounds {
		for i, size := range s.sizes {
			if round > 0 && spent[i] > enough {
				continue
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			run, err := s.setUp(ctx, size, dir)
			if err != nil {
				return nil, err
			}
			runtime.GC()
			start := time.Now()
			took, err := run()
			if err != nil {
				return nil, err
			}
			spent[i] += time.Since(start)
			if round == 0 || took < best[i] {
				best[i] = took
			}
		}
	}

	points := make([]point, len(s.sizes))
	for i, size := range s.sizes {
		// Dividing by the whole number of steps gives the shortest decimal.
		steps := math.Round(best[i].Seconds() / resolution)
		points[i] = point{Size: size, Time: steps / math.Round(1/resolution)}
	}
	return points, nil
}

// onThread makes a set-up of an algorithm that runs on the calling thread.
// What the algorithm returns depends on all its work, so that the compiler
// can leave none of it out.
func onThread(prepare func(size int) (run func() uint64)) func(context.Context, int, string) (trial, error) {
	return func(_ context.Context, size int, _ string) (trial, error) {
		run := prepare(size)
		return func() (time.Duration, error) {
			took, err := timeRuns(run, 1)
			if err != nil || took >= shortest {
				return took, err
			}
			times := int(shortest/max(took, time.Nanosecond)) + 1
			took, err = timeRuns(run, times)
			return took / time.Duration(times), err
		}, nil
	}
}

// timeRuns returns the CPU time of all runs together.
func timeRuns(run func() uint64, times int) (time.Duration, error) {
	start, err := threadTime()
	if err != nil {
		return 0, err
	}
	var sum uint64
	for range times {
		sum += run()
	}
	end, err := threadTime()
	runtime.KeepAlive(sum)
	return end - start, err
}

// steps returns from, from+by, … up to and including to.
func steps(from, to, by int) []int {
	var sizes []int
	for n := from; n <= to; n += by {
		sizes = append(sizes, n)
	}
	return slices.Clip(sizes)
}
