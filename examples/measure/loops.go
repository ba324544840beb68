package main

import (
	"math"
	"slices"
)

// loops are the subjects with nested loops over the input: quadratic and
// cubic.
func loops() []subject {
	return []subject{
		{"closest-pair", polynomial, steps(400, 10_000, 400), onThread(func(n int) func() uint64 {
			x, y := randomInts(n, 1<<20), randomInts(n+1, 1<<20)[:n]
			return func() uint64 { return uint64(closestPair(x, y)) }
		})},
		{"three-sum", polynomial, steps(60, 660, 24), onThread(func(n int) func() uint64 {
			v := randomInts(n, 1<<20)
			return func() uint64 { return uint64(countTriples(v, 1<<20)) }
		})},
		{"matrix-multiply", polynomial, steps(40, 440, 16), onThread(func(n int) func() uint64 {
			a, b := randomMatrix(n), randomMatrix(n)
			return func() uint64 { return uint64(multiply(a, b)[n-1][n-1]) }
		})},
		{"gauss-elimination", polynomial, steps(60, 660, 24), onThread(func(n int) func() uint64 {
			a := randomMatrix(n)
			for i := range a {
				a[i][i] += float64(n) // dominant diagonal: no pivoting needed
			}
			return func() uint64 { return math.Float64bits(logDeterminant(a)) }
		})},
		{"floyd-warshall", polynomial, steps(40, 440, 16), onThread(func(n int) func() uint64 {
			a := randomMatrix(n)
			return func() uint64 { return math.Float64bits(allPairs(a)[0][n-1]) }
		})},
	}
}

// randomMatrix returns n × n numbers from 1 to 100.
func randomMatrix(n int) [][]float64 {
	a := make([][]float64, n)
	v := randomInts(n*n, 100)
	for i := range a {
		a[i] = make([]float64, n)
		for j := range a[i] {
			a[i][j] = float64(1 + v[i*n+j])
		}
	}
	return a
}

// cloneMatrix copies all rows.
func cloneMatrix(a [][]float64) [][]float64 {
	c := make([][]float64, len(a))
	for i := range a {
		c[i] = slices.Clone(a[i])
	}
	return c
}

// closestPair returns the least squared distance, trying every pair.
func closestPair(x, y []int) int {
	least := math.MaxInt
	for i := range x {
		for j := i + 1; j < len(x); j++ {
			dx, dy := x[i]-x[j], y[i]-y[j]
			least = min(least, dx*dx+dy*dy)
		}
	}
	return least
}

// countTriples counts i < j < k whose values add up to sum, trying every one.
func countTriples(v []int, sum int) int {
	count := 0
	for i := range v {
		for j := i + 1; j < len(v); j++ {
			rest := sum - v[i] - v[j]
			for _, x := range v[j+1:] {
				if x == rest {
					count++
				}
			}
		}
	}
	return count
}

func multiply(a, b [][]float64) [][]float64 {
	c := make([][]float64, len(a))
	for i := range c {
		row := make([]float64, len(b[0]))
		for k, x := range a[i] {
			for j, y := range b[k] {
				row[j] += x * y
			}
		}
		c[i] = row
	}
	return c
}

// logDeterminant eliminates without pivoting and returns log |det a|.
func logDeterminant(a [][]float64) float64 {
	a = cloneMatrix(a)
	sum := 0.0
	for k := range a {
		sum += math.Log(math.Abs(a[k][k]))
		for i := k + 1; i < len(a); i++ {
			factor := a[i][k] / a[k][k]
			pivot, row := a[k][k:], a[i][k:]
			for j, x := range pivot {
				row[j] -= factor * x
			}
		}
	}
	return sum
}

// allPairs returns the lengths of all shortest paths by Floyd and Warshall.
func allPairs(a [][]float64) [][]float64 {
	d := cloneMatrix(a)
	for k := range d {
		for i := range d {
			via, row := d[i][k], d[i]
			for j, x := range d[k] {
				row[j] = min(row[j], via+x)
			}
		}
	}
	return d
}
