package growth

import (
	"runtime"
	"time"
)

// slowest is the longest that one comparison, or the analysis of one series of
// a fuzzer, may take.
const slowest = 100 * time.Millisecond

// timely runs f and reports whether it stayed under the limit of processor
// time. f runs no goroutines, so that the clock of its thread tells how long it
// works however busy the machine is. What the collector does on that thread
// counts too; therefore the best of three.
func timely(f func()) bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range 3 {
		start := processorTime()
		f()
		if processorTime()-start < slowest {
			return true
		}
	}
	return false
}
