package growth

import (
	"math"
	"slices"
)

// rising is the one-sided 99 % quantile of the normal distribution.
const rising = 2.33

// rises reports whether larger sizes have larger values at all, whatever the
// curve: Spearman's rank correlation is beyond chance, both if neighbours were
// independent, where its standard deviation is 1/sqrt(n-1), and by a block
// bootstrap.
func (s Series) rises() bool {
	x, y := ranks(s.X), ranks(s.Y)
	x, y, w := pooled(x, y, slices.Repeat([]float64{1}, len(x)))
	count := slices.Repeat([]float64{1}, len(x))
	slope, ok := weightedSlope(x, y, w, count)
	back, also := weightedSlope(y, x, w, count)
	if !ok || !also || slope <= 0 || math.Sqrt(slope*back*float64(len(x)-1)) < rising {
		return false
	}
	r := source(s)
	slopes := make([]float64, 0, usualResamples)
	for range usualResamples {
		blocks(r, count)
		if b, ok := weightedSlope(x, y, w, count); ok {
			slopes = append(slopes, b)
		}
	}
	slices.Sort(slopes)
	return quantile(slopes, 0.025) > 0
}

// ranks of values from 0, ties at their mean.
func ranks(v []float64) []float64 {
	sorted := slices.Sorted(slices.Values(v))
	out := make([]float64, len(v))
	for i, a := range v {
		first, _ := slices.BinarySearch(sorted, a)
		after, _ := slices.BinarySearch(sorted, math.Nextafter(a, math.Inf(1)))
		out[i] = float64(first+after-1) / 2
	}
	return out
}
