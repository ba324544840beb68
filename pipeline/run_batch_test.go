package pipeline

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/concluder/concluder/pipeline/resource"
)

// memory is a reading with so many percent of the memory available.
func memory(percent int64) resource.Reading {
	return resource.Reading{MemoryAvailable: percent, MemoryTotal: 100}
}

func TestNextBatch(t *testing.T) {
	limited := func(live int64) resource.Reading { return resource.Reading{Live: live, MemoryLimit: 100} }
	tests := []struct {
		name                  string
		size, workers, asking int
		m                     resource.Reading
		want                  int
		why                   string
	}{
		{"as large as is of use", 20, 2, 8, memory(50), 20, ""},
		{"memory is short", 20, 2, 8, memory(9), 10, "memory is short: 9 B of 100 B"},
		{"down to one", 2, 2, 8, memory(1), 1, "memory is short"},
		{"never to none", 1, 2, 8, memory(0), 1, ""},
		{"between scarce and roomy", 10, 2, 8, memory(15), 10, ""},
		{"there is room", 10, 2, 8, memory(40), 12, "there is room: 2 workers and 8 requests"},
		{"not past what is of use", 19, 2, 8, memory(40), 20, "there is room"},
		{"the provider takes more", 20, 2, 16, memory(40), 22, "2 workers and 16 requests"},
		{"the provider takes less", 20, 2, 1, memory(40), 6, "2 workers and 1 request at the providers"},
		{"it trembles", 22, 2, 8, memory(40), 22, ""},
		{"nobody asks", 20, 4, 0, memory(40), 8, "4 workers and 0 requests"},
		{"near GOMEMLIMIT", 20, 2, 8, limited(71), 10, "memory is short: 71 B of the 100 B that GOMEMLIMIT allows in use"},
		{"not so near", 10, 2, 8, limited(60), 10, ""},
		{"far from it", 10, 2, 8, limited(30), 12, "there is room"},
		{"nothing is known", 10, 2, 8, resource.Reading{}, 12, "there is room"},
		{"other things are short", 20, 2, 8, resource.Reading{Files: 99, FilesLimit: 100}, 20, ""},
	}
	for _, test := range tests {
		got, why := nextBatch(test.size, test.workers, test.asking, test.m)
		if got != test.want || !strings.HasPrefix(why, test.why) && !strings.Contains(why, test.why) || (why == "") != (got == test.size) && test.size > 1 {
			t.Errorf("%s: %d %q, want %d %q", test.name, got, why, test.want, test.why)
		}
	}
}

// A machine on which each instance admitted takes its share of the memory: the
// window finds what fits, and stays there.
func TestBatchSettles(t *testing.T) {
	for _, each := range []int64{1, 2, 5, 11} { // percent of the memory
		size, last := 128, 0
		for i := range 200 {
			next, _ := nextBatch(size, 4, 60, memory(max(0, 100-each*int64(size))))
			if next != size {
				last = i
			}
			size = next
		}
		if used := each * int64(size); used > 90 || used < 40 && size > 1 {
			t.Errorf("%d %% each: %d admitted, %d %% of the memory", each, size, used)
		}
		if last > 40 {
			t.Errorf("%d %% each: still changing after %d readings", each, last)
		}
	}
}

// What a run admits follows the limits of the providers while it is at work.
func TestBatchFollowsTheProviders(t *testing.T) {
	w := newWorld(t, names20...)
	w.opts.MaxWorkers, w.opts.BatchAuto = 1, true
	synctest.Test(t, func(t *testing.T) {
		var network most
		w.asking(&network) // a second each
		began := time.Now()
		w.opts.Asking = func() int { // the server refuses after three seconds
			if time.Since(began) < 3*time.Second {
				return 4
			}
			return 1
		}
		var batches []Event
		w.opts.Observe = func(e Event) {
			if e.Event == EventBatch {
				batches = append(batches, e)
			}
		}
		w.opts.MaxWaiting = 2
		if _, out, err := w.try(); err != nil || out.Executed != 61 {
			t.Fatalf("%+v, %v", out, err)
		}
		if len(batches) != 2 || batches[0].Total != 6 || batches[1].Total != 4 || !strings.Contains(batches[1].Reason, "1 request at the providers") {
			t.Errorf("batches %+v, want 6 (MaxWaiting is 2) and then 4", batches)
		}
		w.opts.BatchAuto = false
		w.opts.Force = true
		batches = nil
		if _, _, err := w.try(); err != nil || len(batches) != 0 {
			t.Errorf("without auto: %v, %+v", err, batches)
		}
	})
}

var names20 = strings.Split("abcdefghijklmnopqrst", "")
