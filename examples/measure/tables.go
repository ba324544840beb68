package main

import "math"

// tables are the subjects that fill a table of subproblems: dynamic
// programming.
func tables() []subject {
	return []subject{
		{"edit-distance", polynomial, steps(400, 5_000, 200), onThread(func(n int) func() uint64 {
			a, b := randomBytes(n, 4), randomBytes(n+1, 4)
			return func() uint64 { return uint64(editDistance(a, b)) }
		})},
		{"common-subsequence", polynomial, steps(400, 5_000, 200), onThread(func(n int) func() uint64 {
			a, b := randomBytes(n, 4), randomBytes(n+1, 4)
			return func() uint64 { return uint64(commonSubsequence(a, b)) }
		})},
		{"knapsack-table", polynomial, steps(80, 2_000, 80), onThread(func(n int) func() uint64 {
			weights, values := randomInts(n, 40), randomInts(n+1, 100)
			return func() uint64 { return uint64(knapsack(weights, values[:n], 10*n)) }
		})},
		{"matrix-chain", polynomial, steps(50, 450, 16), onThread(func(n int) func() uint64 {
			sides := randomInts(n+1, 50)
			return func() uint64 { return uint64(matrixChain(sides)) }
		})},
	}
}

// editDistance is Levenshtein's.
func editDistance(a, b []byte) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			change := diagonal
			if x != y {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// commonSubsequence returns the length of a longest one.
func commonSubsequence(a, b []byte) int {
	above, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for _, x := range a {
		for j, y := range b {
			take := above[j]
			if x == y {
				take++
			}
			row[j+1] = max(take, above[j+1], row[j])
		}
		above, row = row, above
	}
	return above[len(b)]
}

// knapsack returns the greatest value of items within the capacity, each taken
// once at most.
func knapsack(weights, values []int, capacity int) int {
	best := make([]int, capacity+1)
	for i, w := range weights {
		for c := capacity; c >= w; c-- {
			best[c] = max(best[c], best[c-w]+values[i])
		}
	}
	return best[capacity]
}

// matrixChain returns the least number of multiplications for a chain of
// matrices; sides[i] × sides[i+1] is the shape of matrix i.
func matrixChain(sides []int) int {
	n := len(sides) - 1
	// cost[i][j] and cost[j][i] are both of the chain from i to j, so that the
	// inner loop walks along two rows.
	cost := make([][]int, n)
	for i := range cost {
		cost[i] = make([]int, n)
	}
	for length := 2; length <= n; length++ {
		for i := 0; i+length <= n; i++ {
			j := i + length - 1
			least := math.MaxInt
			left, right, outer := cost[i], cost[j], sides[i]*sides[j+1]
			for k := i; k < j; k++ {
				least = min(least, left[k]+right[k+1]+outer*sides[k+1])
			}
			cost[i][j], cost[j][i] = least, least
		}
	}
	return cost[0][n-1]
}
