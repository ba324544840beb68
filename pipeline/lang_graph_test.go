package pipeline

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Cycles and orders of random graphs against a plain search.
func TestGraphs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		n := 1 + r.IntN(7)
		edges := make([][]edge, n)
		reach := make([][]bool, n) // by one edge or more
		for i := range edges {
			reach[i] = make([]bool, n)
			for range r.IntN(3) {
				to := r.IntN(n)
				edges[i] = append(edges[i], edge{to: to})
				reach[i][to] = true
			}
		}
		for k := range n {
			for i := range n {
				for j := range n {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}

		found := make(map[int]bool) // vertices of groups for which a cycle was found
		for _, c := range cycles(edges) {
			start := c[0][0]
			at := start
			for _, step := range c {
				if step[0] != at {
					t.Fatalf("%v: the cycle %v is not closed", edges, c)
				}
				at = edges[step[0]][step[1]].to
			}
			if at != start {
				t.Fatalf("%v: the cycle %v does not return", edges, c)
			}
			for v := range n {
				if v == start || reach[start][v] && reach[v][start] {
					if found[v] {
						t.Fatalf("%v: two cycles for the group of %d", edges, v)
					}
					found[v] = true
					if v < start {
						t.Errorf("%v: the cycle %v does not begin at its first vertex", edges, c)
					}
				}
			}
		}
		for v := range n {
			if reach[v][v] != found[v] {
				t.Fatalf("%v: vertex %d on a cycle: %v, reported: %v", edges, v, reach[v][v], found[v])
			}
		}

		order := topological(edges)
		place := make(map[int]int)
		for i, v := range order {
			place[v] = i
		}
		for v := range n {
			onOrBehind := reach[v][v]
			for u := range n {
				onOrBehind = onOrBehind || reach[v][u] && reach[u][u]
			}
			if _, ok := place[v]; ok == onOrBehind {
				t.Fatalf("%v: vertex %d in order %v: %v", edges, v, order, ok)
			}
			for _, e := range edges[v] {
				if at, ok := place[v]; ok && place[e.to] >= at {
					t.Fatalf("%v: %d stands before %d in %v", edges, v, e.to, order)
				}
			}
		}
		if len(found) == 0 && len(order) > 1 {
			// Else by index: swapping neighbours in the wrong order must break an edge.
			for i := 1; i < len(order); i++ {
				a, b := order[i-1], order[i]
				if a > b && !slices.ContainsFunc(edges[b], func(e edge) bool { return e.to == a }) {
					t.Fatalf("%v: %d before %d in %v without need", edges, a, b, order)
				}
			}
		}
	}
}

func TestLongChainOfLocals(t *testing.T) {
	const n = 5000
	edges := make([][]edge, n)
	for i := 1; i < n; i++ {
		edges[i] = []edge{{to: i - 1}}
	}
	edges[0] = []edge{{to: n - 1}}
	if c := cycles(edges); len(c) != 1 || len(c[0]) != n {
		t.Errorf("%d cycles", len(c))
	}
}
