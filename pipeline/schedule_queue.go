package pipeline

// A readyQueue holds the nodes whose turn can come: a heap of instances for
// each stage. Of two nodes the one of the earlier instance goes first, of one
// instance the one further down the graph, so that instances are finished one
// after the other. Aggregate nodes, whose instance is -1, come before all.
type readyQueue struct {
	heaps [][]int32 // by stage
	n     int
}

func newReadyQueue(stages int) *readyQueue { return &readyQueue{heaps: make([][]int32, stages)} }

func (q *readyQueue) push(stage, instance int) {
	h := append(q.heaps[stage], int32(instance))
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if h[up] <= h[i] {
			break
		}
		h[up], h[i] = h[i], h[up]
		i = up
	}
	q.heaps[stage] = h
	q.n++
}

// next returns the stage of the next node of those that may start.
func (q *readyQueue) next(may func(stage int) bool) (stage int, ok bool) {
	stage = -1
	for s := len(q.heaps) - 1; s >= 0; s-- {
		if h := q.heaps[s]; len(h) > 0 && (stage < 0 || h[0] < q.heaps[stage][0]) && may(s) {
			stage = s
		}
	}
	return stage, stage >= 0
}

// pop returns the instance of the next node of a stage, which has one.
func (q *readyQueue) pop(stage int) (instance int) {
	h := q.heaps[stage]
	instance = int(h[0])
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1] < h[c] {
			c++
		}
		if h[i] <= h[c] {
			break
		}
		h[i], h[c] = h[c], h[i]
		i = c
	}
	q.heaps[stage] = h
	q.n--
	return instance
}
