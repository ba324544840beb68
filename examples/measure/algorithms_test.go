package main

import (
	"math"
	"slices"
	"testing"
)

// Known values, from the literature where it has a name for the sequence.
func TestKnownValues(t *testing.T) {
	matrix := [][]float64{{4, 1, 2}, {1, 5, 3}, {2, 3, 6}}
	tests := []struct {
		name      string
		got, want uint64
	}{
		{"largest", uint64(largest([]int{3, 9, 2})), 9},
		{"histogram", uint64(histogram([]byte("banana"))['a']), 3},
		{"countNaive", uint64(countNaive([]byte("aaaa"), []byte("aa"))), 3},
		{"counts", uint64(len(counts([]int{1, 2, 1, 3}))), 3},
		{"primesBelow", uint64(primesBelow(10_000)), 1229},
		{"closestPair", uint64(closestPair([]int{0, 10, 13}, []int{0, 10, 14})), 25},
		{"countTriples", uint64(countTriples([]int{1, 2, 3, 4, 5}, 9)), 2},
		{"multiply", uint64(multiply(matrix, matrix)[0][2]), 23},
		{"logDeterminant", uint64(math.Round(math.Exp(logDeterminant(matrix)))), 70},
		{"allPairs", uint64(allPairs([][]float64{{0, 9, 2}, {9, 0, 3}, {2, 3, 0}})[0][1]), 5},
		{"editDistance", uint64(editDistance([]byte("kitten"), []byte("sitting"))), 3},
		{"commonSubsequence", uint64(commonSubsequence([]byte("AGCAT"), []byte("GAC"))), 2},
		{"knapsack", uint64(knapsack([]int{1, 3, 4, 5}, []int{1, 4, 5, 7}, 7)), 9},
		{"bestLoad", uint64(bestLoad([]int{1, 3, 4, 5}, []int{1, 4, 5, 7}, 7)), 9},
		{"matrixChain", uint64(matrixChain([]int{30, 35, 15, 5, 10, 20, 25})), 15125},
		{"countSubsets", uint64(countSubsets([]int{1, 2, 3}, 3)), 5},
		{"fibonacci", fibonacci(20), 6765},
		{"tribonacci", tribonacci(10), 81},
		{"hanoi", hanoi(10, 0, 1, 2), 1023},
		{"queens 6", queens(6, 6), 4},
		{"queens 8", queens(8, 8), 92},
		{"firstQueens", firstQueens(8), 113},
		{"firstQueens, none", firstQueens(2), 2},
		{"smallestFactor", smallestFactor(7 * 11), 7},
		{"smallestFactor, prime", smallestFactor(97), 97},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s = %d, want %d", test.name, test.got, test.want)
		}
	}
}

func TestSorts(t *testing.T) {
	sorts := map[string]func([]int){
		"merge": mergeSort, "heap": heapSort, "insertion": insertionSort, "bubble": bubbleSort,
	}
	for name, sort := range sorts {
		for _, n := range []int{0, 1, 2, 3, 17, 100} {
			v := randomInts(n, 50)
			want := slices.Sorted(slices.Values(v))
			sort(v)
			if !slices.Equal(v, want) {
				t.Errorf("%s sort of %d: %v", name, n, v)
			}
		}
	}
}

// The branching algorithm agrees with trying all subsets.
func TestIndependentSet(t *testing.T) {
	for n := 4; n <= 14; n++ {
		for seed := range 3 {
			graph := cubicGraph(n, seed)
			want := 0
			for set := uint64(0); set < 1<<n; set++ {
				size := 0
				for v := range n {
					if set>>v&1 == 0 {
						continue
					}
					size++
					if graph[v][0]&set != 0 {
						size = -n
					}
				}
				want = max(want, size)
			}
			if got := independentSet(graph); got != want {
				t.Errorf("%d vertices, seed %d: %d, want %d", n, seed, got, want)
			}
		}
	}
}

// Trying every assignment agrees that the formulas are unsatisfiable, and that
// each pigeonhole formula has as many variables as its size says.
func TestFormulas(t *testing.T) {
	for size, f := range map[int]formula{
		4: pigeonhole(4, 0), 5: pigeonhole(5, 0), 6: pigeonhole(6, 0),
		9: pigeonhole(9, 0), 11: pigeonhole(11, 0), 12: pigeonhole(12, 0), 16: pigeonhole(16, 0),
	} {
		if f.variables != size {
			t.Errorf("pigeonhole(%d) has %d variables", size, f.variables)
		}
		if satisfiable(f) {
			t.Errorf("pigeonhole(%d) is satisfiable", size)
		}
	}
	for size := 4; size <= 10; size += 2 {
		f := parity(size, 1)
		if satisfiable(f) {
			t.Errorf("parity(%d) is satisfiable", size)
		}
		if f.clauses = f.clauses[4:]; !satisfiable(f) {
			t.Errorf("parity(%d) without its odd vertex is unsatisfiable", size)
		}
	}
	if f := randomFormula(12, 20, 3); len(f.clauses) != 20 || !satisfiable(f) {
		t.Errorf("20 clauses on 12 variables: %v", f)
	}
}

func satisfiable(f formula) bool {
assignments:
	for values := uint64(0); values < 1<<f.variables; values++ {
		for _, clause := range f.clauses {
			if !slices.ContainsFunc(clause, func(x int) bool {
				return values>>(max(x, -x)-1)&1 == 1 == (x > 0)
			}) {
				continue assignments
			}
		}
		return true
	}
	return false
}
