package stages

import (
	"testing"

	"github.com/concluder/concluder/stages/llm"
)

// An answer without a bound has nothing that could be verified: it is right
// only where the points show no clear growth.
func TestUnknownWithoutABound(t *testing.T) {
	grown, flat := &Dataset{InstanceName: "grown"}, &Dataset{InstanceName: "flat"}
	for i := range 20 {
		x, wobble := float64(100*(i+1)), 1+0.005*float64(i*i%5-2)
		grown.Points = append(grown.Points, [2]float64{x, 1e-3 * x * x * wobble})
		flat.Points = append(flat.Points, [2]float64{x, float64(i*i%5 + 1)})
	}
	for _, c := range []struct {
		d    *Dataset
		want llm.Verdict
	}{
		{grown, llm.BoundRejected},
		{flat, llm.Accepted},
	} {
		s, err := newStudy(c.d)
		if err != nil {
			t.Fatal(err)
		}
		if v, detail := s.judge(llm.Answer{TypeOfEquation: "unknown"}); v != c.want {
			t.Errorf("%s: %s (%s), want %s; the points are %s, clear: %t", c.d.InstanceName, v, detail, c.want, s.analysis.Class, s.analysis.Clear)
		}
	}
}
