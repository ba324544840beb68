package main

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	const mega = 1 << 20
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 400}, {10 * mega, 400}, {32 * mega, 200}, {64 * mega, 100}, {128 * mega, 50}, {256 * mega, 25}, {1024 * mega, 15}, {4096 * mega, 15}} {
		if got := percent(c.live); got != c.want {
			t.Errorf("with %d MB alive the heap may grow by %d %%, want %d", c.live/mega, got, c.want)
		}
	}
}

// What is to happen after a collection happens after each.
func TestAfterCollection(t *testing.T) {
	var n atomic.Int32
	afterCollection(func() { n.Add(1) })
	for deadline := time.Now().Add(10 * time.Second); n.Load() < 3; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatalf("called %d times", n.Load())
		}
	}
}
