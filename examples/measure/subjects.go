package main

import (
	"math/rand/v2"
	"slices"
)

// The growth classes of labels.csv.
const (
	linear      = "linear" // n log n too: its exponent is below 1.15 in practice
	polynomial  = "polynomial"
	exponential = "exponential"
	unknown     = "unknown" // no growth that a careful person would name
)

// subjects returns everything that can be measured.
func subjects() []subject {
	return slices.Concat(scans(), sorts(), loops(), tables(), searches(), formulas(), erratic())
}

// seeded returns a generator whose sequence depends on size alone, so that
// every round measures the same input.
func seeded(size int) *rand.Rand { return rand.New(rand.NewPCG(20, uint64(size))) }

// randomInts returns n random numbers below limit.
func randomInts(n, limit int) []int {
	r := seeded(n)
	v := make([]int, n)
	for i := range v {
		v[i] = r.IntN(limit)
	}
	return v
}

// randomBytes returns n random letters out of the first `letters` of the
// alphabet.
func randomBytes(n, letters int) []byte {
	r := seeded(n)
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(r.IntN(letters))
	}
	return b
}
