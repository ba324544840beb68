package growth

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is the time that the calling thread has worked.
func processorTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}
