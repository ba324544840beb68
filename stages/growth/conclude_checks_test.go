package growth

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// explained fails where a check is false or null without a word about it.
func explained(t *testing.T, name string, v Verification) {
	t.Helper()
	notes := strings.Join(v.Notes, "\n")
	if d := v.Data; d == nil {
		t.Errorf("%s: no data check", name)
	} else {
		for check, failed := range map[string]bool{
			"bound dominates":       d.Dominates == nil || !*d.Dominates,
			"bound is least":        d.Least == nil || !*d.Least,
			"trend":                 d.Trend == nil,
			"held out":              d.HeldOutViolations == nil,
			"without one point":     d.LeaveOneOutFactor == nil,
			"tightness":             d.Tightness == nil,
			"tightness at the last": d.TightnessAtXmax == nil,
		} {
			if failed && !strings.Contains(notes, check) {
				t.Errorf("%s: nothing about %q in %q", name, check, notes)
			}
		}
	}
	if q := v.Equation; q == nil {
		if !strings.Contains(notes, "equation") {
			t.Errorf("%s: nothing about the equation in %q", name, notes)
		}
	} else if (q.Dominates == nil || !*q.Dominates || q.Least == nil || !*q.Least) && q.Reason == "" {
		t.Errorf("%s: the equation check %+v has no reason", name, q)
	}
}

// Property: what is concluded of a definite class is what Judge accepts, or a
// note says which check no shape passed; and every check that failed or did not
// apply is explained.
func TestConcludePublishesWhatJudgeAccepts(t *testing.T) {
	type named struct {
		name string
		s    Series
		eq   *Equation
	}
	var all []named
	r := rand.New(rand.NewPCG(21, 3))
	for _, tr := range truths {
		for range 6 {
			s := tr.draw(r, 8+r.IntN(80), 0.3*r.Float64())
			all = append(all, named{tr.name, s, nil})
			for _, text := range []string{"1e-3*x0**1.9", "exp(2e-5*x0)", "x0 + 3", "7"} {
				eq := StudyEquation(parse(t, text), s)
				all = append(all, named{tr.name + " and " + text, s, &eq})
			}
		}
	}
	// The equation is steeper than what the points show on average.
	steep := along(24, func(x float64) float64 { return math.Exp(0.5*x + 2*math.Sin(x)) })
	eq := StudyEquation(parse(t, "exp(0.53*x0)"), steep)
	all = append(all, named{"steep", steep, &eq})
	files, _ := filepath.Glob(filepath.Join(measured, "solving_times", "*.json"))
	for i, f := range files {
		if s, _ := readSeries(t, f); i%7 == 0 && len(s.X) >= 6 {
			name := strings.TrimSuffix(filepath.Base(f), ".json")
			if e, ok := storedEquation(t, name); ok {
				eq := StudyEquation(e, s)
				all = append(all, named{name, s, &eq})
			}
		}
	}
	definite, rejected := 0, 0
	for _, k := range all {
		a := Analyze(k.s, Options{Resamples: -1})
		c := Conclude(k.s, a, k.eq)
		explained(t, k.name, c.Verification)
		if c.Class == Unknown {
			continue
		}
		definite++
		v := Judge(c.Shape, c.Class, k.s, a, k.eq)
		if v.Bound.Text != c.Bound.Text || v.Bound.Robust95 != c.Bound.Robust95 {
			t.Errorf("%s: concluded %s, judged %s", k.name, c.Bound.Text, v.Bound.Text)
		}
		explained(t, k.name+", judged", v.Verification)
		if noted := strings.Contains(strings.Join(c.Verification.Notes, "\n"), "no shape passes every check"); noted == v.Accepted {
			t.Errorf("%s: accepted %t, noted %t: %s", k.name, v.Accepted, noted, v.Objection)
		}
		if !v.Accepted {
			rejected++
		}
	}
	t.Logf("%d definite conclusions, %d with a shape that a check rejects", definite, rejected)
}

// The series of few points and of constants are explained too.
func TestChecksOfConstantBoundsAreExplained(t *testing.T) {
	s := line10(func(float64) float64 { return 0.25 })
	eq := StudyEquation(parse(t, "x0"), s)
	for _, q := range []*Equation{nil, &eq} {
		explained(t, "level", Conclude(s, Analyze(s, Options{}), q).Verification)
	}
	s = along(2, func(x float64) float64 { return x })
	explained(t, "two points", Conclude(s, Analyze(s, Options{}), nil).Verification)
}
