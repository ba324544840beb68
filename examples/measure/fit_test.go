package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

// fit finds the law behind points that follow it.
func TestFitExact(t *testing.T) {
	tests := []struct {
		want string
		law  func(x float64) float64
	}{
		{"2.0e-5*x0", func(x float64) float64 { return 2e-5 * x }},
		{"3.0e-5*x0 + 0.5", func(x float64) float64 { return 3e-5*x + 0.5 }},
		{"1.0e-5*x0*log(x0)", func(x float64) float64 { return 1e-5 * x * math.Log(x) }},
		{"3.1e-6*x0**2 + 0.0012*x0 + 0.3", func(x float64) float64 { return 3.1e-6*x*x + 0.0012*x + 0.3 }},
		{"2.5e-7*x0**3", func(x float64) float64 { return 2.5e-7 * x * x * x }},
	}
	for _, test := range tests {
		var points []point
		for x := 100; x <= 3000; x += 100 {
			points = append(points, point{x, test.law(float64(x))})
		}
		e, err := fit(points)
		if err != nil {
			t.Errorf("%s: %v", test.want, err)
			continue
		}
		if got := e.String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// Under noise fit finds the fastest growing term's kind and its parameter.
func TestFitNoisy(t *testing.T) {
	tests := []struct {
		name      string
		law       func(x float64) float64
		parameter float64
		kind      kind
		last      int
	}{
		{"x^1.7", func(x float64) float64 { return 1e-5*math.Pow(x, 1.7) + 0.001 }, 1.7, power, 2000},
		{"exp(x/2)", func(x float64) float64 { return 1e-4*math.Exp(x/2) + 0.001 }, 0.5, rate, 30},
	}
	for _, test := range tests {
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(1, seed))
			var points []point
			for i := 1; i <= 25; i++ {
				x := test.last * i / 25
				points = append(points, point{x, test.law(float64(x)) * (1 + 0.02*r.NormFloat64())})
			}
			e, err := fit(points)
			if err != nil {
				t.Fatal(err)
			}
			if s := e[0].shape; s.kind != test.kind || math.Abs(s.parameter-test.parameter) > 0.03*test.parameter {
				t.Errorf("%s, seed %d: %s", test.name, seed, e)
			}
		}
	}
}

func TestFitNothing(t *testing.T) {
	var points []point
	for x := 1; x <= 20; x++ {
		points = append(points, point{x, 0})
	}
	if e, err := fit(points); err == nil {
		t.Errorf("fit of zeros gives %s, want an error", e)
	}
}

// What sympy prints for these numbers.
func TestNumber(t *testing.T) {
	tests := map[float64]string{
		3.1e-8: "3.1e-8", 1e-5: "1.0e-5", 0.0001: "0.0001", 0.00012: "0.00012", 0.3: "0.3", 2: "2.0",
		123456: "123456.0", 1.61803: "1.61803", 2.5e-43: "2.5e-43",
	}
	for v, want := range tests {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %s, want %s", v, got, want)
		}
	}
}
