package pipeline

import (
	"runtime"
	"testing"
)

func TestWorkersByDefault(t *testing.T) {
	for _, c := range []struct{ flag, file, cpus, want int }{
		{0, 0, 0, runtime.GOMAXPROCS(0)},
		{0, 0, 3, 3},
		{0, 5, 3, 5},
		{7, 5, 3, 7},
	} {
		r := &run{}
		r.opts, r.plan, r.l = &Options{MaxWorkers: c.flag, CPUs: c.cpus}, &Plan{MaxWorkers: c.file}, &layout{}
		r.setLimits()
		if r.workers != c.want {
			t.Errorf("%+v: %d workers", c, r.workers)
		}
	}
}
