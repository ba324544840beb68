package growth

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

// BenchmarkAnalyze is the analysis of one series of 500 points: the aim is
// under 2 ms without the bootstrap and under 20 ms with it.
func BenchmarkAnalyze(b *testing.B) {
	s := truths[5].draw(rand.New(rand.NewPCG(1, 1)), 500, 0.2)
	b.Run("points=500/bootstrap=no", func(b *testing.B) {
		for b.Loop() {
			Analyze(s, Options{Resamples: -1})
		}
	})
	b.Run("points=500/bootstrap=yes", func(b *testing.B) {
		for b.Loop() {
			Analyze(s, Options{})
		}
	})
	b.Run("points=500/conclude", func(b *testing.B) {
		a := Analyze(s, Options{})
		for b.Loop() {
			Conclude(s, a, nil)
		}
	})
}

// BenchmarkMeasured concludes every measured series beside the checkout, one
// after the other: the aim is 1.5 s on two cores.
func BenchmarkMeasured(b *testing.B) {
	files, _ := filepath.Glob(filepath.Join(measured, "solving_times", "*.json"))
	if len(files) == 0 {
		b.Skip("no measured series beside the checkout")
	}
	var all []Series
	var eqs []expr.Expr
	for _, f := range files {
		s, _ := readSeries(b, f)
		if len(s.X) > 0 {
			e, _ := storedEquation(b, strings.TrimSuffix(filepath.Base(f), ".json"))
			all, eqs = append(all, s), append(eqs, e)
		}
	}
	for b.Loop() {
		for i, s := range all {
			a := Analyze(s, Options{})
			q := StudyEquation(eqs[i], s)
			Conclude(s, a, &q)
		}
	}
}
