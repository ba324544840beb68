package expr

import (
	"math"
	"testing"
)

var samples = []struct{ name, src string }{
	{"linear", "x0*3.4080134e-7"},
	{"power", "x0**1.6065722*9.651436e-11"},
	{"base", "1.0505372**(x0**0.29814845 - x0 + x0)"},
	{"exp", "exp(x0**0.18420449 - x0 + x0 - 11.190794)"},
	{"long", "(x0*0.6947427 + x0 + x0 - (x0*2.6947432 - 1*1.6423838) - 1.0537758 - 1*0.40798536)*(-219.28166)"},
}

func BenchmarkEval500(b *testing.B) {
	xs, dst := make([]float64, 500), make([]float64, 500)
	for i := range xs {
		xs[i] = 2e4 * math.Pow(1.01, float64(i))
	}
	for _, s := range samples {
		p := parse(b, s.src).Compile()
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				p.EvalAll(dst, xs)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, s := range samples {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(s.src, Sympy); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSimplify(b *testing.B) {
	for _, s := range samples {
		e := parse(b, s.src)
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				Simplify(e)
			}
		})
	}
}

func BenchmarkInterval(b *testing.B) {
	for _, s := range samples {
		e := parse(b, s.src)
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				e.Interval(1e5, 1.1e5)
			}
		})
	}
}

func BenchmarkEvalBig(b *testing.B) {
	for _, s := range samples {
		e := parse(b, s.src)
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := e.EvalBig(1e5, 64); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
