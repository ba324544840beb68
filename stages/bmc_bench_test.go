package stages

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkRealData is the whole study: every instance of the real data loaded,
// concluded and, in plots, drawn twice as PNG at 3600×2400, from nothing.
//
//	go test ./stages -run '^$' -bench RealData -benchtime 3x
func BenchmarkRealData(b *testing.B) {
	needSharedData(b)
	b.Run("bounds", func(b *testing.B) { benchStudy(b, true) })
	b.Run("plots", func(b *testing.B) { benchStudy(b, false) })
}

func benchStudy(b *testing.B, noPlot bool) {
	instances := 0
	for b.Loop() {
		dir := b.TempDir()
		results, err := Run(context.Background(), filepath.Join(sharedData, "pipeline.hcl"), Options{
			NoPlot: noPlot, ResultsDir: filepath.Join(dir, "results"), StateDir: filepath.Join(dir, "state"),
		})
		if err != nil {
			b.Fatal(err)
		}
		for name, r := range results {
			if r.PlotError != nil {
				b.Fatalf("%s: %s", name, *r.PlotError)
			}
		}
		instances += len(results)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(instances), "s/instance")
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(use.Maxrss)/1024, "peak-MB") // Linux counts kilobytes
}
