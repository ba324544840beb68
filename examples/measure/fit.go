package main

import (
	"errors"
	"math"
	"math/bits"
)

// A term is one summand of an equation: coefficient · shape(x).
type term struct {
	coefficient float64
	shape       shape
}

// A shape is a function of the size; parameter is its exponent or rate, where
// it has one.
type shape struct {
	kind      kind
	parameter float64
}

type kind int

// The kinds of shapes, in order of growth.
const (
	constant kind = iota
	x1
	xlog
	x2
	x3
	power // x to the parameter
	rate  // exp(parameter · x)
)

func (s shape) at(x float64) float64 {
	switch s.kind {
	case constant:
		return 1
	case x1:
		return x
	case xlog:
		return x * math.Log(x)
	case x2:
		return x * x
	case x3:
		return x * x * x
	case power:
		return math.Pow(x, s.parameter)
	default:
		return math.Exp(s.parameter * x)
	}
}

// An equation is a sum of terms, the fastest growing first.
type equation []term

func (e equation) at(x float64) float64 {
	sum := 0.0
	for _, t := range e {
		sum += t.coefficient * t.shape.at(x)
	}
	return sum
}

// share returns how much of e(x), without its constant, its first term makes.
func (e equation) share(x float64) float64 {
	first, rest := e[0].coefficient*e[0].shape.at(x), 0.0
	for _, t := range e[1:] {
		if t.shape.kind != constant {
			rest += t.coefficient * t.shape.at(x)
		}
	}
	return first / (first + rest)
}

// scatter is the relative error that fit expects of a measured time, beside
// the resolution.
const scatter = 0.02

// leading is the least share that the fastest growing term must have of the
// growth up to the largest size: a smaller one describes noise.
const leading = 0.25

// fit returns the equation that describes points best by the Bayesian
// information criterion, among the sums of at most three terms with positive
// coefficients: any of 1, x, x log x, x², x³, or x^p or exp(r·x) with or
// without a constant. Errors are weighted relative to the times, so that the
// small sizes count as much as the large ones.
func fit(points []point) (equation, error) {
	var best equation
	least := math.Inf(1)
	last := float64(points[len(points)-1].Size)
	try := func(shapes ...shape) {
		e, residual := solve(points, shapes)
		if e == nil || e.share(last) < leading {
			return
		}
		n := float64(len(points))
		parameters := 0.0
		for _, t := range e {
			parameters++
			if t.shape.parameter != 0 {
				parameters++
			}
		}
		// Twice the usual penalty: neighbouring points err alike, so that there
		// is less to learn from n of them than the criterion believes.
		criterion := n*math.Log(residual/n) + 2*parameters*math.Log(n)
		if criterion < least {
			best, least = e, criterion
		}
	}

	for set := uint(1); set < 1<<(x3+1); set++ {
		if bits.OnesCount(set) > 3 {
			continue
		}
		var shapes []shape
		for k := x3; k >= constant; k-- {
			if set>>k&1 == 1 {
				shapes = append(shapes, shape{kind: k})
			}
		}
		try(shapes...)
	}
	for _, base := range [][]shape{nil, {{kind: constant}}} {
		with := func(k kind, parameter float64) float64 {
			_, residual := solve(points, append([]shape{{k, parameter}}, base...))
			return residual
		}
		p := minimize(0.2, 6, func(p float64) float64 { return with(power, p) })
		try(append([]shape{{power, round(p)}}, base...)...)
		r := minimize(0.01/last, 60/last, func(r float64) float64 { return with(rate, r) })
		try(append([]shape{{rate, round(r)}}, base...)...)
	}
	if best == nil {
		return nil, errors.New("no equation with positive coefficients fits; are all times zero?")
	}
	return best, nil
}

// minimize returns where f is least between lo and hi, positive: the best of a
// geometric grid, refined by golden section.
func minimize(lo, hi float64, f func(float64) float64) float64 {
	const grid = 60
	step := math.Pow(hi/lo, 1.0/grid)
	best := lo
	for i, x := 0, lo; i <= grid; i, x = i+1, x*step {
		if f(x) < f(best) {
			best = x
		}
	}
	const golden = 0.6180339887498949
	a, b := best/step, best*step
	for range 40 {
		c, d := b-golden*(b-a), a+golden*(b-a)
		if f(c) < f(d) {
			b = d
		} else {
			a = c
		}
	}
	return (a + b) / 2
}

// solve fits the coefficients of shapes by weighted least squares and returns
// the weighted sum of squares; nil and infinity when a coefficient is not
// positive. Coefficients are rounded to the digits that are printed.
func solve(points []point, shapes []shape) (equation, float64) {
	m := len(shapes)
	normal := make([][]float64, m) // normal equations, the right side last
	for i := range normal {
		normal[i] = make([]float64, m+1)
	}
	// Scaling each shape by its value at the last point keeps the equations
	// well conditioned.
	last := float64(points[len(points)-1].Size)
	row := make([]float64, m+1)
	for _, p := range points {
		weight := 1 / (resolution + scatter*p.Time)
		for i, s := range shapes {
			row[i] = s.at(float64(p.Size)) / s.at(last) * weight
		}
		row[m] = p.Time * weight
		for i := range m {
			for j := range row {
				normal[i][j] += row[i] * row[j]
			}
		}
	}
	e := make(equation, m)
	for i, c := range eliminate(normal) {
		e[i] = term{round(c / shapes[i].at(last)), shapes[i]}
		if !(e[i].coefficient > 0) || math.IsInf(e[i].coefficient, 0) {
			return nil, math.Inf(1)
		}
	}
	sum := 0.0
	for _, p := range points {
		r := (e.at(float64(p.Size)) - p.Time) / (resolution + scatter*p.Time)
		sum += r * r
	}
	return e, sum
}

// eliminate solves linear equations, the right side in the last column, by
// Gauss with pivoting. A singular system gives NaN or infinities.
func eliminate(a [][]float64) []float64 {
	n := len(a)
	for k := range a {
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i][k]) > math.Abs(a[k][k]) {
				a[i], a[k] = a[k], a[i]
			}
		}
		for i := k + 1; i < n; i++ {
			factor := a[i][k] / a[k][k]
			for j := k; j <= n; j++ {
				a[i][j] -= factor * a[k][j]
			}
		}
	}
	x := make([]float64, n)
	for k := n - 1; k >= 0; k-- {
		x[k] = a[k][n]
		for j := k + 1; j < n; j++ {
			x[k] -= a[k][j] * x[j]
		}
		x[k] /= a[k][k]
	}
	return x
}
