//go:build !linux

package growth

import "time"

// began is where processorTime counts from.
var began = time.Now()

// processorTime falls back to wall time, which is right on a quiet machine.
func processorTime() time.Duration { return time.Since(began) }
