# The same study with a model: any OpenAI-compatible server, here one on this
# machine. An answer that is rejected falls back to the built-in analysis.
variable "base_url" { default = "http://127.0.0.1:11434/v1" }
variable "model" { default = "llama3.1" }

pipeline "examples-model" {
  instances   = stems("data/measurements/*.json")
  results_dir = "results-model"
}

provider "openai" "model" {
  base_url = var.base_url
  model    = var.model
  limits {
    in_flight = 8
  }
}

provider "analytic" "builtin" {}

stage "load" "points" {
  measurements = "data/measurements/${instance}.json"
  x            = "size"
  y            = "time" # seconds
  equation     = "data/equations/${instance}/${instance}.json"
}

stage "conclude" "asked" {
  dataset  = stage.load.points
  provider = provider.openai.model
  fallback = provider.analytic.builtin
}

stage "conclude" "computed" {
  dataset  = stage.load.points
  provider = provider.analytic.builtin
}

stage "summarize" "report" {
  conclusions = [stage.conclude.asked, stage.conclude.computed]
}
