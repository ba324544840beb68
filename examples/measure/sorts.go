package main

import (
	"container/heap"
	"slices"
)

// sorts are the subjects that sort random numbers; the copy that each run
// sorts is part of what is timed.
func sorts() []subject {
	sorting := func(sort func([]int)) func(int) func() uint64 {
		return func(n int) func() uint64 {
			input := randomInts(n, 1<<40)
			v := make([]int, n)
			return func() uint64 {
				copy(v, input)
				sort(v)
				return uint64(v[n/2])
			}
		}
	}
	return []subject{
		{"quick-sort", linear, steps(10_000, 300_000, 10_000), onThread(sorting(slices.Sort[[]int]))},
		{"merge-sort", linear, steps(10_000, 250_000, 10_000), onThread(sorting(mergeSort))},
		{"heap-sort", linear, steps(5_000, 125_000, 5_000), onThread(sorting(heapSort))},
		{"insertion-sort", polynomial, steps(1_000, 25_000, 1_000), onThread(sorting(insertionSort))},
		{"bubble-sort", polynomial, steps(400, 8_000, 400), onThread(sorting(bubbleSort))},
	}
}

func mergeSort(v []int) { mergeInto(v, slices.Clone(v)) }

// mergeInto sorts dst, of which src is a copy that is overwritten.
func mergeInto(dst, src []int) {
	if len(dst) < 2 {
		return
	}
	half := len(dst) / 2
	mergeInto(src[:half], dst[:half])
	mergeInto(src[half:], dst[half:])
	left, right := src[:half], src[half:]
	for i := range dst {
		if len(right) == 0 || len(left) > 0 && left[0] <= right[0] {
			dst[i], left = left[0], left[1:]
		} else {
			dst[i], right = right[0], right[1:]
		}
	}
}

// ints is a heap of numbers, the least first.
type ints []int

func (h ints) Len() int           { return len(h) }
func (h ints) Less(i, j int) bool { return h[i] < h[j] }
func (h ints) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ints) Push(x any)        { *h = append(*h, x.(int)) }
func (h *ints) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// heapSort fills a heap and empties it again.
func heapSort(v []int) {
	h := ints(slices.Clone(v))
	heap.Init(&h)
	for i := range v {
		v[i] = h[0]
		heap.Pop(&h)
	}
}

func insertionSort(v []int) {
	for i := 1; i < len(v); i++ {
		x, j := v[i], i
		for ; j > 0 && v[j-1] > x; j-- {
			v[j] = v[j-1]
		}
		v[j] = x
	}
}

func bubbleSort(v []int) {
	for end := len(v); end > 1; {
		last := 0
		for i := 1; i < end; i++ {
			if v[i-1] > v[i] {
				v[i-1], v[i] = v[i], v[i-1]
				last = i
			}
		}
		end = last
	}
}
