package main

import "math"

// erratic are the subjects whose time is ruled by the luck of the input: no
// class describes what is measured.
func erratic() []subject {
	return []subject{
		{"threshold-3sat-cadical", unknown, steps(60, 240, 6), withSolver(cadical, one(threshold))},
		{"trial-division", unknown, withoutSmallFactors(40), onThread(func(n int) func() uint64 {
			return func() uint64 { return smallestFactor(uint64(n)) }
		})},
		{"first-queens", unknown, steps(12, 32, 1), onThread(func(n int) func() uint64 {
			return func() uint64 { return firstQueens(n) }
		})},
	}
}

// threshold is a random 3-SAT formula with 4.26 clauses a variable, where half
// of them are satisfiable and times scatter most.
func threshold(size, seed int) formula {
	return randomFormula(size, int(math.Round(4.26*float64(size))), seed)
}

// withoutSmallFactors returns increasing numbers that keep trial division busy
// for a while.
func withoutSmallFactors(count int) []int {
	var numbers []int
	for n := 200_000_000_001; len(numbers) < count; n += 10_000_000_000 {
		for smallestFactor(uint64(n)) < 2_000 {
			n += 2
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// smallestFactor finds it by trial division: the time follows the factor, not
// the number.
func smallestFactor(n uint64) uint64 {
	for d := uint64(2); d*d <= n; d++ {
		if n%d == 0 {
			return d
		}
	}
	return n
}

// firstQueens places n queens, the first solution in the order of columns, and
// returns how many squares it tried; 0 where there is no solution. It is about
// luck: 21 queens take a tenth of the time of 20.
func firstQueens(n int) uint64 {
	tried, _ := placeFirst(n, 1<<n-1, 0, 0, 0)
	return tried
}

func placeFirst(rows int, board, columns, left, right uint64) (tried uint64, found bool) {
	if rows == 0 {
		return 0, true
	}
	for free := board &^ (columns | left | right); free != 0; free &= free - 1 {
		square := free & -free
		below, ok := placeFirst(rows-1, board, columns|square, (left|square)<<1, (right|square)>>1)
		tried += 1 + below
		if ok {
			return tried, true
		}
	}
	return tried, false
}
