package main

import (
	"os"
	"runtime"
	"testing"
)

func TestAddProcessors(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	if s, ok := os.LookupEnv("GOMAXPROCS"); ok {
		os.Unsetenv("GOMAXPROCS")
		defer os.Setenv("GOMAXPROCS", s)
	}
	cpus, restore := addProcessors()
	if now := runtime.GOMAXPROCS(0); cpus != before || now != before+extraProcessors {
		t.Errorf("of %d processors it makes %d, for %d CPUs", before, now, cpus)
	}
	restore()
	if now := runtime.GOMAXPROCS(0); now != before {
		t.Errorf("%d processors are left of %d", now, before)
	}
	t.Setenv("GOMAXPROCS", "1")
	cpus, restore = addProcessors()
	defer restore()
	if now := runtime.GOMAXPROCS(0); cpus != before || now != before {
		t.Errorf("with GOMAXPROCS set, %d processors become %d, for %d CPUs", before, now, cpus)
	}
}
