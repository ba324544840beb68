// Scale writes a pipeline of any number of trivial instances, and the
// equivalent graph for ninja, so that the two can be timed side by side:
//
//	go run ./examples/scale -n 100000 DIR
//
// DIR then holds
//
//	data/NAME.csv   three points for each instance, all in one folder
//	pipeline.hcl    load, conclude (built-in analysis) and plot (SVG)
//	build.ninja     the same inputs, edges and names of outputs; its commands
//	                only copy and touch files
//
// concluder writes below DIR/results, ninja below DIR/ninja. The script
// compare.sh generates, runs and times both.
package main
