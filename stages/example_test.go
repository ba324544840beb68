package stages_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/concluder/concluder/stages"
)

// Two programs were timed at a dozen sizes: one reads its input once, the
// other compares every pair.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "concluder")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	once, pairs := "size,seconds\n", "size,seconds\n"
	for n := 1000; n <= 24000; n += 1000 {
		once += fmt.Sprintf("%d,%.4f\n", n, 2e-5*float64(n))
		pairs += fmt.Sprintf("%d,%.4f\n", n, 3e-8*float64(n)*float64(n))
	}
	files := map[string]string{
		"once.csv":  once,
		"pairs.csv": pairs,
		"pipeline.hcl": `
pipeline "programs" {
  instances = stems("*.csv")
}

stage "load" "points" {
  measurements = "${instance}.csv"
  x            = "size"
  y            = "seconds"
}

stage "conclude" "bound" {
  dataset = stage.load.points
}
`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			fmt.Println(err)
			return
		}
	}
	results, err := stages.Run(context.Background(), filepath.Join(dir, "pipeline.hcl"), stages.Options{MaxWorkers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"once", "pairs"} {
		fmt.Printf("%s: %s\n", name, results[name].Conclusion.TypeOfEquation)
	}
	// Output:
	// once: linear
	// pairs: polynomial
}
