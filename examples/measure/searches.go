package main

import "math/bits"

// searches are the subjects that try every possibility: exponential.
func searches() []subject {
	return []subject{
		{"subset-sums", exponential, steps(11, 30, 1), onThread(func(n int) func() uint64 {
			v := randomInts(n, 1<<20)
			return func() uint64 { return uint64(countSubsets(v, n<<18)) }
		})},
		{"fibonacci", exponential, steps(18, 41, 1), onThread(func(n int) func() uint64 {
			return func() uint64 { return fibonacci(n) }
		})},
		{"tribonacci", exponential, steps(13, 34, 1), onThread(func(n int) func() uint64 {
			return func() uint64 { return tribonacci(n) }
		})},
		{"hanoi", exponential, steps(10, 29, 1), onThread(func(n int) func() uint64 {
			return func() uint64 { return hanoi(n, 0, 1, 2) }
		})},
		{"queens", exponential, steps(11, 30, 1), onThread(func(n int) func() uint64 {
			return func() uint64 { return queens(n/2, n-n/2) }
		})},
		{"independent-set", exponential, steps(28, 128, 5), onThread(func(n int) func() uint64 {
			graphs := make([][][2]uint64, 20)
			for seed := range graphs {
				graphs[seed] = cubicGraph(n, seed)
			}
			return func() (sum uint64) {
				for _, graph := range graphs {
					sum += uint64(independentSet(graph))
				}
				return sum
			}
		})},
		{"knapsack-search", exponential, steps(10, 29, 1), onThread(func(n int) func() uint64 {
			weights, values := randomInts(n, 1000), randomInts(n+1, 1000)
			return func() uint64 { return uint64(bestLoad(weights, values[:n], 250*n)) }
		})},
	}
}

// countSubsets counts the subsets of v whose sum is at most limit, going
// through all 2^n in Gray's order.
func countSubsets(v []int, limit int) int {
	count, sum, code := 0, 0, uint64(0)
	for i := uint64(1); ; i++ {
		if sum <= limit {
			count++
		}
		if i == 1<<len(v) {
			return count
		}
		flip := bits.TrailingZeros64(i)
		code ^= 1 << flip
		if code>>flip&1 == 1 {
			sum += v[flip]
		} else {
			sum -= v[flip]
		}
	}
}

func fibonacci(n int) uint64 {
	if n < 2 {
		return uint64(n)
	}
	return fibonacci(n-1) + fibonacci(n-2)
}

func tribonacci(n int) uint64 {
	if n < 3 {
		return uint64(n / 2)
	}
	return tribonacci(n-1) + tribonacci(n-2) + tribonacci(n-3)
}

// hanoi counts the moves that bring n discs from one peg to another.
func hanoi(n, from, to, spare int) uint64 {
	if n == 0 {
		return 0
	}
	return hanoi(n-1, from, spare, to) + 1 + hanoi(n-1, spare, to, from)
}

// queens counts the ways to place one queen in each of some rows of a board
// that is at least as wide, none attacking another.
func queens(rows, columns int) uint64 {
	return placeQueens(rows, 1<<columns-1, 0, 0, 0)
}

// placeQueens goes on below rows whose queens hold columns and diagonals.
func placeQueens(rows int, board, columns, left, right uint64) uint64 {
	if rows == 0 {
		return 1
	}
	count := uint64(0)
	for free := board &^ (columns | left | right); free != 0; free &= free - 1 {
		square := free & -free
		count += placeQueens(rows-1, board, columns|square, (left|square)<<1, (right|square)>>1)
	}
	return count
}

// cubicGraph returns n sets of neighbours, each vertex having three or fewer:
// a ring with random chords.
func cubicGraph(n, seed int) [][2]uint64 {
	graph := make([][2]uint64, n)
	join := func(i, j int) {
		graph[i][j/64] |= 1 << (j % 64)
		graph[j][i/64] |= 1 << (i % 64)
	}
	for i := range n {
		join(i, (i+1)%n)
	}
	order := seeded(n + 1000*seed).Perm(n)
	for i := 0; i+1 < n; i += 2 {
		join(order[i], order[i+1])
	}
	return graph
}

// independentSet returns the size of a largest set of vertices without an
// edge between them, of a graph with at most 128 vertices.
func independentSet(neighbours [][2]uint64) int {
	var all [2]uint64
	for i := range neighbours {
		all[i/64] |= 1 << (i % 64)
	}
	return grow(neighbours, all)
}

// grow branches on a vertex of the greatest degree among those left; one of
// degree 0 or 1 is always taken.
func grow(neighbours [][2]uint64, left [2]uint64) int {
	pick, most := -1, -1
	for word := range left {
		for set := left[word]; set != 0; set &= set - 1 {
			v := word*64 + bits.TrailingZeros64(set)
			degree := bits.OnesCount64(neighbours[v][0]&left[0]) + bits.OnesCount64(neighbours[v][1]&left[1])
			if degree <= 1 {
				return 1 + grow(neighbours, without(left, v, neighbours[v]))
			}
			if degree > most {
				pick, most = v, degree
			}
		}
	}
	if pick < 0 {
		return 0
	}
	return max(1+grow(neighbours, without(left, pick, neighbours[pick])),
		grow(neighbours, without(left, pick, [2]uint64{})))
}

// without removes v and a set from left.
func without(left [2]uint64, v int, set [2]uint64) [2]uint64 {
	set[v/64] |= 1 << (v % 64)
	return [2]uint64{left[0] &^ set[0], left[1] &^ set[1]}
}

// bestLoad is the knapsack problem by trying to take and to leave each item.
func bestLoad(weights, values []int, capacity int) int {
	if len(weights) == 0 {
		return 0
	}
	best := bestLoad(weights[1:], values[1:], capacity)
	if weights[0] <= capacity {
		best = max(best, values[0]+bestLoad(weights[1:], values[1:], capacity-weights[0]))
	}
	return best
}
