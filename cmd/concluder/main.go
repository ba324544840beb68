// Command concluder concludes, in bulk, how measured instances grow: it reads a
// pipeline file, brings what is stale up to date, and publishes nothing that
// was not checked against the mathematics and the measurements.
package main

import "os"

func main() {
	spareMemory()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
