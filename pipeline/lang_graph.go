package pipeline

import (
	"container/heap"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// An edge leads from something to what it needs; at is where it says so.
type edge struct {
	to int
	at hcl.Range
}

// cycles returns one shortest cycle for each group of vertices that need each
// other, as indexes of edges: from the vertex, then the edge's position in its
// list. Each begins at its group's first vertex.
func cycles(edges [][]edge) [][][2]int {
	var found [][][2]int
	for _, group := range components(edges) {
		slices.Sort(group)
		start := group[0]
		inGroup := make(map[int]bool, len(group))
		for _, v := range group {
			inGroup[v] = true
		}
		// Breadth first from the start back to it.
		from := make(map[int][2]int)
		queue := []int{start}
		for len(queue) > 0 && from[start] == [2]int{} {
			v := queue[0]
			queue = queue[1:]
			for k, e := range edges[v] {
				if _, seen := from[e.to]; seen || !inGroup[e.to] {
					continue
				}
				from[e.to] = [2]int{v + 1, k} // + 1: the zero value means none
				queue = append(queue, e.to)
			}
		}
		if from[start] == [2]int{} {
			continue // a single vertex without an edge to itself
		}
		var cycle [][2]int
		for v := start; ; {
			f := from[v]
			cycle = append(cycle, [2]int{f[0] - 1, f[1]})
			if v = f[0] - 1; v == start {
				break
			}
		}
		slices.Reverse(cycle)
		found = append(found, cycle)
	}
	return found
}

// components returns the strongly connected components (Tarjan), iteratively:
// a file may chain many thousand locals.
func components(edges [][]edge) [][]int {
	n := len(edges)
	index, low := make([]int, n), make([]int, n)
	onStack := make([]bool, n)
	var stack []int
	var out [][]int
	next := 1
	type frame struct{ v, k int }
	for root := range n {
		if index[root] != 0 {
			continue
		}
		work := []frame{{root, 0}}
		for len(work) > 0 {
			f := &work[len(work)-1]
			v := f.v
			if f.k == 0 {
				index[v], low[v] = next, next
				next++
				stack = append(stack, v)
				onStack[v] = true
			}
			if f.k < len(edges[v]) {
				to := edges[v][f.k].to
				f.k++
				if index[to] == 0 {
					work = append(work, frame{to, 0})
				} else if onStack[to] {
					low[v] = min(low[v], index[to])
				}
				continue
			}
			work = work[:len(work)-1]
			if len(work) > 0 {
				p := work[len(work)-1].v
				low[p] = min(low[p], low[v])
			}
			if low[v] == index[v] {
				var c []int
				for {
					w := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					onStack[w] = false
					c = append(c, w)
					if w == v {
						break
					}
				}
				out = append(out, c)
			}
		}
	}
	return out
}

// topological orders the vertices so that each comes after those it needs, and
// otherwise by index. Vertices on a cycle, and those that need them, are left
// out.
func topological(edges [][]edge) []int {
	missing := make([]int, len(edges))
	users := make([][]int, len(edges))
	ready := &intHeap{}
	for v, list := range edges {
		missing[v] = len(list)
		for _, e := range list {
			users[e.to] = append(users[e.to], v)
		}
		if len(list) == 0 {
			heap.Push(ready, v)
		}
	}
	var out []int
	for ready.Len() > 0 {
		v := heap.Pop(ready).(int)
		out = append(out, v)
		for _, u := range users[v] {
			if missing[u]--; missing[u] == 0 {
				heap.Push(ready, u)
			}
		}
	}
	return out
}

type intHeap []int

func (h intHeap) Len() int           { return len(h) }
func (h intHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h intHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *intHeap) Push(x any)        { *h = append(*h, x.(int)) }
func (h *intHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// reportCycle shows a cycle edge by edge, at the positions that make it.
func (l *loader) reportCycle(c [][2]int, edges [][]edge, name func(int) string, what string) {
	first := edges[c[0][0]][c[0][1]]
	if len(c) == 1 {
		l.errorAt(first.at, "%s refers to itself", name(first.to))
		return
	}
	var notes []Note
	for _, step := range c {
		e := edges[step[0]][step[1]]
		notes = append(notes, Note{Range: e.at, Text: name(step[0]) + " needs " + name(e.to)})
	}
	d := l.errorAt(first.at, "%s that need each other, in a cycle", what)
	d.Extra = notes
}
