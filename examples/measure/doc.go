// Measure times known algorithms on this machine and writes what it found as
// the data of the example pipeline.
//
//	go run ./examples/measure                      everything, about three minutes
//	go run ./examples/measure -only hanoi,sieve    only these
//	go run ./examples/measure -out /tmp/data       somewhere else
//
// Under the output folder it writes
//
//	measurements/NAME.json        {"1": {"size": 1000, "time": 0.0012}, …}; time in seconds of CPU
//	equations/NAME/NAME.json      {"equation": …, "leading_term": …}, fitted to those points
//	labels.csv                    the growth class that theory gives each subject
//
// What is timed is the CPU time of the one thread that runs the algorithm (of
// the child process for a SAT solver), so that other programs on the machine
// disturb little; see sweep for the rest of the method.
package main
