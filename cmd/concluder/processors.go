package main

import (
	"os"
	"runtime"
)

// extraProcessors is how many goroutines may run beyond one for each CPU.
const extraProcessors = 2

// addProcessors lets more goroutines run than there are CPUs, unless GOMAXPROCS
// says otherwise, and returns for how many stages at work there are CPUs; restore
// takes it back.
//
// A stage at work that computes keeps its processor for up to 10 ms, and the
// journal's keeps one while the disk syncs. With one for each CPU, what comes
// from the network waits for them; with some to spare the operating system
// shares the CPUs out, and it lets those go first that ask for little.
func addProcessors() (cpus int, restore func()) {
	cpus = runtime.GOMAXPROCS(0)
	if _, ok := os.LookupEnv("GOMAXPROCS"); ok {
		return cpus, func() {}
	}
	runtime.GOMAXPROCS(cpus + extraProcessors)
	return cpus, func() { runtime.GOMAXPROCS(cpus) }
}
