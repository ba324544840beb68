package growth

import (
	"math"
	"slices"
)

// fewest is the number of points below which nothing is fitted: a curve of
// three parameters and a scale of its noise need more than five.
const fewest = 6

// maxGroups is the number of points that fits work on. Longer series are
// averaged over neighbours first: curves with three parameters do not bend
// within a hundredth of the range, and it bounds the cost of an analysis.
const maxGroups = 96

// leastNoise is the relative scatter below which points count as free of it:
// smaller differences are the averaging's and the grids', not the curve's.
const leastNoise = 0.02

// A sample is a series prepared for fitting: sorted, scaled, weighted, and
// averaged over neighbours where it is long.
type sample struct {
	x, y       []float64 // the points, sorted by x, then by position
	xmin, xmax float64
	ymin, ymax float64
	resolution float64 // step of the grid of y; 0 when none is seen

	smooth []float64 // local trend of y, positive
	noise  float64   // relative scatter about the trend, robust
	tails  float64   // root mean square of the scatter over its robust scale
	sigma  []float64 // scale of the error of each point

	weights    []float64 // weight of a point on the relative scale: 1/sigma^2, less for outlying points
	gx, gy, gn []float64 // groups: mean x, mean y, number of points
	gw         []float64 // weight of a group: the sum of those of its points
	gry        []float64 // mean y under the weights of the relative scale

	within     []float64    // mean square of y about its group's mean
	logs       [][2]float64 // log gx, log gy
	zeros, row []float64    // scratch, one value per group
	rows       []float64    // scratch, one value per row of a table
	curve      []float64    // one value per point, of
	curveOf    curve        // this curve
	termRow    []float64    // one value per point, of
	termOf     term         // this term
	thetaOf    float64      // with this parameter
	curveLogs  []float64    // log(x/xmax) of every point, made with termRow
	logY, logW []float64    // logarithms of y and their weights, made on first use
	logN       int          // how many there are

	tables [expTerm + 1]*basis // made on first use: a sample serves one goroutine
}

// newSample prepares a series. It copies what it keeps.
func newSample(s Series) *sample {
	n := min(len(s.X), len(s.Y))
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case s.X[i] < s.X[j]:
			return -1
		case s.X[i] > s.X[j]:
			return 1
		}
		return 0
	})
	p := &sample{x: make([]float64, n), y: make([]float64, n)}
	for k, i := range order {
		p.x[k], p.y[k] = s.X[i], s.Y[i]
	}
	if n == 0 {
		return p
	}
	p.xmin, p.xmax = p.x[0], p.x[n-1]
	p.ymin, p.ymax = slices.Min(p.y), slices.Max(p.y)
	p.resolution = resolution(p.y)
	p.smoothen()
	p.group()
	return p
}

// resolution is the largest power of ten, or half or fifth of one, of which
// every value is a multiple; 0 when the values lie on no grid that the data
// can show. A grid is believed when it is coarser than the digits a float64
// carries and at least one value sits next to another.
func resolution(y []float64) float64 {
	top := 0.0
	for _, v := range y {
		top = math.Max(top, math.Abs(v))
	}
	if top == 0 || math.IsInf(top, 0) {
		return 0
	}
	first := math.Floor(math.Log10(top))
	for e := first; e >= first-9; e-- {
		for _, m := range [...]float64{5, 2, 1} {
			step := m * math.Pow(10, e)
			if onGrid(y, step, top) {
				return step
			}
		}
	}
	return 0
}

func onGrid(y []float64, step, top float64) bool {
	for _, v := range y {
		q := v / step
		if math.Abs(q-math.Round(q)) > 1e-6+1e-14*top/step {
			return false
		}
	}
	return true
}

// smoothen sets the local trend by a running median, its relative scatter and
// the scale of every point's error:
// sigma^2 = resolution^2/12 + (noise*trend)^2.
func (p *sample) smoothen() {
	n := len(p.y)
	p.smooth = make([]float64, n)
	p.sigma = make([]float64, n)
	half := max(2, n/16)
	floor := math.Max(p.resolution/2, p.ymax*1e-6)
	if floor <= 0 {
		floor = 1
	}
	rel := make([]float64, 0, n)
	window := runningWindow{values: make([]float64, 0, 2*half+2)}
	for i := range min(half, n) {
		window.add(p.y[i])
	}
	for i := range n {
		if i+half < n {
			window.add(p.y[i+half])
		}
		if i-half-1 >= 0 {
			window.remove(p.y[i-half-1])
		}
		p.smooth[i] = math.Max(median(window.values), floor)
	}
	for i := 1; i < n-1; i++ {
		// Second differences of log y cancel the trend of powers and of
		// exponentials: what is left is scatter.
		if lo := min(p.y[i-1], p.y[i], p.y[i+1]); lo > 5*p.resolution && lo > 0 {
			d := math.Log(p.y[i]) - (math.Log(p.y[i-1])+math.Log(p.y[i+1]))/2
			rel = append(rel, math.Abs(d)/math.Sqrt(1.5))
		}
	}
	slices.Sort(rel)
	var squares float64
	for _, r := range rel {
		squares += r * r
	}
	if len(rel) > 0 {
		p.tails = math.Sqrt(squares/float64(len(rel))) / math.Max(1.4826*median(rel), leastNoise)
	}
	p.noise = math.Max(1.4826*median(rel), leastNoise)
	for i := range n {
		q := p.resolution * p.resolution / 12
		s := p.noise * p.smooth[i]
		p.sigma[i] = math.Sqrt(q + s*s)
	}
}

// group averages neighbours so that at most maxGroups remain.
func (p *sample) group() {
	n := len(p.x)
	m := min(n, maxGroups)
	p.gx, p.gy, p.gn = make([]float64, m), make([]float64, m), make([]float64, m)
	p.gw, p.gry = make([]float64, m), make([]float64, m)
	p.weights = make([]float64, n)
	for i := range n {
		g := i * m / n
		w := 1 / (p.sigma[i] * p.sigma[i])
		// A point far off the local trend counts less (Huber, k = 2.5).
		if d := math.Abs(p.y[i]-p.smooth[i]) / p.sigma[i]; d > 2.5 {
			w *= 2.5 / d
		}
		p.weights[i] = w
		p.gn[g]++
		p.gx[g] += p.x[i]
		p.gy[g] += p.y[i]
		p.gw[g] += w
		p.gry[g] += w * p.y[i]
	}
	p.within, p.logs = make([]float64, m), make([][2]float64, m)
	p.zeros, p.row = make([]float64, m), make([]float64, m)
	for g := range m {
		p.gx[g] /= p.gn[g]
		p.gy[g] /= p.gn[g]
		p.gry[g] /= p.gw[g]
		p.logs[g] = [2]float64{math.Log(p.gx[g]), math.Log(p.gy[g])}
	}
	for i := range n {
		g := i * m / n
		d := p.y[i] - p.gy[g]
		p.within[g] += d * d / p.gn[g]
	}
}

// A runningWindow keeps the values under a moving window in order.
type runningWindow struct{ values []float64 }

func (w *runningWindow) add(v float64) {
	i, _ := slices.BinarySearch(w.values, v)
	w.values = slices.Insert(w.values, i, v)
}

func (w *runningWindow) remove(v float64) {
	i, _ := slices.BinarySearch(w.values, v)
	w.values = slices.Delete(w.values, i, i+1)
}

// median of sorted values; 0 for none.
func median(sorted []float64) float64 {
	n := len(sorted)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// quantile of sorted values by linear interpolation; 0 for none.
func quantile(sorted []float64, q float64) float64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	h := q * float64(n-1)
	i := int(h)
	if i >= n-1 {
		return sorted[n-1]
	}
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}

// middle is the median of values that need not be sorted and are rearranged;
// 0 for none. It takes time linear in their number (Hoare's selection).
func middle(v []float64) float64 {
	n := len(v)
	if n == 0 {
		return 0
	}
	upper := selectNth(v, n/2)
	if n%2 == 1 {
		return upper
	}
	return (slices.Max(v[:n/2]) + upper) / 2
}

// selectNth puts the value of rank k in its place, the smaller ones before it.
func selectNth(v []float64, k int) float64 {
	lo, hi := 0, len(v)-1
	for lo < hi {
		pivot := v[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return v[k]
		}
	}
	return v[k]
}
