package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Between two collections Go lets the heap grow to twice what is alive. A run of
// a million instances keeps a gigabyte alive, in large blocks without pointers,
// which a collection passes over: it costs little to collect oftener. One that
// asks a model keeps ten megabytes alive, and its goroutines would be held up
// by a collection many times a second. So the heap may grow by headroom, or by a
// seventh where that is more, but to no more than five times what is alive,
// unless GOGC says otherwise.
const (
	headroom    = 64 << 20
	leastGrowth = 15 // per cent
	mostGrowth  = 400
)

// spareMemory keeps the heap so from now on: each collection sets how far it may
// grow until the next.
func spareMemory() {
	if _, ok := os.LookupEnv("GOGC"); ok {
		return
	}
	// What Go's percentage is of: "A Guide to the Go Garbage Collector".
	base := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	last := 100 // Go's own
	afterCollection(func() {
		metrics.Read(base)
		sum := uint64(0)
		for _, s := range base {
			sum += s.Value.Uint64()
		}
		if g := percent(sum); g != last {
			debug.SetGCPercent(g) // stops the world
			last = g
		}
	})
}

// percent is by how much a heap may grow, in per cent of what is alive, stacks and
// globals included.
func percent(live uint64) int {
	return int(max(leastGrowth, min(mostGrowth, 100*headroom/max(live, 1))))
}

// afterCollection calls f after every collection from the next one on, as long as
// the program runs.
func afterCollection(f func()) {
	type mark struct{ _ *byte } // with a pointer, so that it shares its block with nothing
	runtime.AddCleanup(new(mark), func(f func()) {
		f()
		afterCollection(f)
	}, f)
}
