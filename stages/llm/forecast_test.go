package llm_test

import (
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// The forecast of the time goes by the server's latency, not by how long
// requests stood in line for a place: with many callers as with few. Some more
// than the bound is right, as the limit climbs at first.
func TestForecastOfTime(t *testing.T) {
	for _, callers := range []int{1, 4, 40} {
		for _, budget := range []float64{0, 100} {
			bubble(t, llmtest.Config{Latency: 2 * time.Second}, func(c *llm.Config) {
				c.Limits.InFlight, c.Budget, c.Price = 4, budget, llm.Price{Input: 1, Output: 1}
			}, func(b *bench) {
				askMany(b.t, b.client, 60, callers)
				var qs []llm.Question
				for i := 60; i < 100; i++ {
					qs = append(qs, question(i))
				}
				f, err := b.client.Forecast(b.t.Context(), qs)
				if want := 20 * time.Second; err != nil || !f.Measured || f.Duration < want || f.Duration > want*3/2 {
					b.t.Errorf("%d callers, budget %g: forty answers of 2 s, four at a time, are said to take %s, %v; want a little over %s", callers, budget, f.Duration, err, want)
				}
			})
		}
	}
}
