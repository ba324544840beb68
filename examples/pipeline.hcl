# Known algorithms, timed on one machine by `go run ./examples/measure`: how
# does each grow, and what bounds it? No network and no key are needed.
pipeline "examples" {
  instances = stems("data/measurements/*.json")
}

stage "load" "points" {
  measurements = "data/measurements/${instance}.json"
  x            = "size"
  y            = "time" # seconds
  equation     = "data/equations/${instance}/${instance}.json"
}

stage "conclude" "bound" {
  dataset = stage.load.points
}

stage "plot" "comparison" {
  dataset    = stage.load.points
  conclusion = stage.conclude.bound
  formats    = ["svg", "png"]
}

stage "summarize" "report" {
  conclusions = stage.conclude.bound
  plots       = stage.plot.comparison
}
