package growth

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
)

// tolerance is the slope of log(y/g) on log x that is let pass even where it is
// significant: people round exponents to halves and wholes, and a scattered
// series strays as much.
const tolerance = 0.35

// trend is the slope of log((y-a)/g) on log x with its 95 % interval by a moving
// block bootstrap: what the shape g misses of the growth above the offset a.
// Points weigh by how well that logarithm is known: values near the resolution
// of y, and near the offset, count little.
func trend(s Series, v values, offset, resolution float64) (Interval, bool) {
	var x, z, w []float64
	out := s.censored()
	for i := range s.X {
		y := s.Y[i] - offset
		if out != nil && out[i] {
			continue
		}
		if s.X[i] > 0 && y > 0 && v.h[i] > 0 {
			x = append(x, math.Log(s.X[i]))
			z = append(z, math.Log(y)-math.Log(v.h[i]))
			q, r := resolution/y, 0.1*s.Y[i]/y
			w = append(w, 1/(r*r+q*q/12))
		}
	}
	if len(x) < 3 {
		return Interval{}, false
	}
	x, z, w = pooled(x, z, w)
	count := make([]float64, len(x))
	for i := range count {
		count[i] = 1
	}
	slope, ok := weightedSlope(x, z, w, count)
	if !ok {
		return Interval{}, false
	}
	r := source(s)
	slopes := make([]float64, 0, usualResamples)
	for range usualResamples {
		blocks(r, count)
		if b, ok := weightedSlope(x, z, w, count); ok {
			slopes = append(slopes, b)
		}
	}
	slices.Sort(slopes)
	return Interval{slope, quantile(slopes, 0.025), quantile(slopes, 0.975)}, true
}

// pooled averages neighbours so that at most maxGroups remain, as the fits do:
// a slope over the whole range does not notice.
func pooled(x, z, w []float64) (px, pz, pw []float64) {
	n := len(x)
	if n <= maxGroups {
		return x, z, w
	}
	px, pz, pw = make([]float64, maxGroups), make([]float64, maxGroups), make([]float64, maxGroups)
	for i := range n {
		g := i * maxGroups / n
		px[g] += w[i] * x[i]
		pz[g] += w[i] * z[i]
		pw[g] += w[i]
	}
	for g := range pw {
		px[g] /= pw[g]
		pz[g] /= pw[g]
	}
	return px, pz, pw
}

// offset is what a series starts from, by its fit of a+b*x^p on the relative
// scale: growth is what comes on top. It is 0 where the fit has none, and never
// above the smallest value.
func (a *Analysis) offset(s Series) float64 {
	for _, f := range a.Fits {
		if f.Family == OffsetPower && f.B > 0 && f.A > 0 {
			return min(f.A, slices.Min(s.Y))
		}
	}
	return 0
}

// rises and falls say whether a trend is significant and beyond the tolerance.
func (i Interval) rises() bool { return i.Low > 0 && i.Value > tolerance }
func (i Interval) falls() bool { return i.High < 0 && i.Value < -tolerance }

func weightedSlope(x, z, w, count []float64) (float64, bool) {
	var sw, sx, sz float64
	for i := range x {
		k := w[i] * count[i]
		sw += k
		sx += k * x[i]
		sz += k * z[i]
	}
	if sw == 0 {
		return 0, false
	}
	sx /= sw
	sz /= sw
	var xx, xz float64
	for i := range x {
		k, d := w[i]*count[i], x[i]-sx
		xx += k * d * d
		xz += k * d * (z[i] - sz)
	}
	if xx <= 0 {
		return 0, false
	}
	return xz / xx, true
}

// source is a generator seeded by the points alone: equal data gives equal
// results, on any machine and in any order of work.
func source(s Series) *rand.Rand {
	h := fnv.New64a()
	var b [8]byte
	for _, vs := range [2][]float64{s.X, s.Y} {
		for _, v := range vs {
			u := math.Float64bits(v)
			for i := range b {
				b[i] = byte(u >> (8 * i))
			}
			h.Write(b[:])
		}
	}
	return rand.New(rand.NewPCG(h.Sum64(), 0x9e3779b97f4a7c15))
}

// blocks draws a moving-block resample (Künsch, 1989) as how often each point
// occurs: whole runs of neighbours, so that what neighbours share survives.
// Blocks are as long as the cube root of the number of points, the order that
// minimises the error of a variance.
func blocks(r *rand.Rand, count []float64) {
	n := len(count)
	clear(count)
	length := max(2, int(math.Round(math.Cbrt(float64(n)))))
	length = min(length, n)
	for drawn := 0; drawn < n; {
		start := r.IntN(n - length + 1)
		for i := start; i < start+length && drawn < n; i++ {
			count[i]++
			drawn++
		}
	}
}
