package main

import "math"

// formulas are the subjects that give unsatisfiable formulas to a SAT solver:
// exponential for any solver based on resolution.
func formulas() []subject {
	return []subject{
		{"pigeonhole-cadical", exponential, pigeonholeSizes(4, 8), withSolver(cadical, one(pigeonhole))},
		{"pigeonhole-minisat", exponential, pigeonholeSizes(4, 8), withSolver(minisat, one(pigeonhole))},
		{"overfull-3sat-minisat", exponential, steps(60, 240, 9), withSolver(minisat, several(9, overfull))},
		{"parity-minisat", exponential, steps(10, 50, 2), withSolver(minisat, several(9, parity))},
	}
}

// pigeonhole says that pigeons fit into holes, one fewer, where variable
// p·holes + h + 1 puts pigeon p into hole h. Between two such formulas lie
// others, in which only some pigeons may use the last hole, so that size, the
// number of variables, can grow in small steps; it must be (h+1)² or more and
// at most (h+1)(h+2) for some h ≥ 1.
func pigeonhole(size, _ int) formula {
	holes := int(math.Sqrt(float64(size)))
	pigeons := holes + 1
	guests := size - pigeons*(holes-1) // pigeons that may use the last hole

	var f formula
	variable := func(p, h int) int {
		if h == holes-1 {
			return pigeons*(holes-1) + p + 1
		}
		return p*(holes-1) + h + 1
	}
	for p := range pigeons {
		var somewhere []int
		for h := range holes {
			if h < holes-1 || p < guests {
				somewhere = append(somewhere, variable(p, h))
			}
		}
		f.add(somewhere...)
	}
	for h := range holes {
		in := pigeons
		if h == holes-1 {
			in = guests
		}
		for p := range in {
			for q := range p {
				f.add(-variable(p, h), -variable(q, h))
			}
		}
	}
	return f
}

// pigeonholeSizes returns the sizes that pigeonhole takes for a number of full
// holes between the two, in steps of two.
func pigeonholeSizes(from, to int) []int {
	var sizes []int
	for h := from; h <= to; h++ {
		sizes = append(sizes, steps((h+1)*(h+1), (h+1)*(h+2), 2)...)
	}
	return sizes
}

// overfull is a random 3-SAT formula with so many clauses, five a variable,
// that it is unsatisfiable; size is the number of variables.
func overfull(size, seed int) formula { return randomFormula(size, 5*size, seed) }

// randomFormula has clauses of three different variables, signs at random.
func randomFormula(variables, clauses, seed int) formula {
	r := seeded(variables + 1000*seed)
	var f formula
	for range clauses {
		var clause [3]int
		for i, v := range distinctThree(r.IntN, variables) {
			clause[i] = v + 1
			if r.IntN(2) == 0 {
				clause[i] = -clause[i]
			}
		}
		f.add(clause[:]...)
	}
	return f
}

// distinctThree draws three different numbers below n.
func distinctThree(draw func(int) int, n int) [3]int {
	for {
		a, b, c := draw(n), draw(n), draw(n)
		if a != b && a != c && b != c {
			return [3]int{a, b, c}
		}
	}
}

// parity is Tseitin's formula on a random cubic graph: the edges at each vertex
// hold an even number of ones, at one vertex an odd number, which cannot be
// because each edge counts twice. Size is the number of vertices.
func parity(size, seed int) formula {
	edges := make([][]int, size) // variables at each vertex
	next := 0
	join := func(i, j int) {
		next++
		edges[i] = append(edges[i], next)
		edges[j] = append(edges[j], next)
	}
	order := seeded(size + 1000*seed).Perm(size)
	for i := range size {
		join(i, (i+1)%size)
	}
	for i := 0; i+1 < size; i += 2 {
		join(order[i], order[i+1])
	}
	var f formula
	for v, at := range edges {
		odd := v == 0
		for signs := range 1 << len(at) {
			// Forbid the assignment that the bits of signs spell when its sum
			// has the wrong parity.
			ones := 0
			clause := make([]int, len(at))
			for i, x := range at {
				if signs>>i&1 == 1 {
					ones++
					clause[i] = -x
				} else {
					clause[i] = x
				}
			}
			if ones%2 == 1 != odd {
				f.add(clause...)
			}
		}
	}
	return f
}
