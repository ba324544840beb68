package stages

import (
	"sort"

	"github.com/concluder/concluder/stages/growth"
)

// Statistics counts the results of a summary.
type Statistics struct {
	Instances   int                  `json:"instances"`
	ByStatus    map[Status]int       `json:"by_status"`
	ByClass     map[growth.Class]int `json:"by_class"`
	Definite    int                  `json:"definite"`
	Unknown     int                  `json:"unknown"`
	Conflicting int                  `json:"conflicting"` // class_conflict: the points contradict the equation's own order
	Answers     Answers              `json:"answers"`
	PlotsFailed int                  `json:"plots_failed"`
	Stale       int                  `json:"stale"`
	LeastSure   []Uncertain          `json:"least_certain"` // the 20 of least confidence, least first
}

// Answers counts what became of the models' answers.
type Answers struct {
	Accepted    int            `json:"accepted"`
	Overruled   int            `json:"overruled"`   // accepted as a bound, its class overruled by the data
	FellBack    map[string]int `json:"fell_back"`   // by the verdict that rejected the last answer
	Provisional int            `json:"provisional"` // to be asked again
}

// Uncertain is an entry of the list of least certain bounds.
type Uncertain struct {
	InstanceName string       `json:"instance_name"`
	Class        growth.Class `json:"type_of_equation"`
	Confidence   float64      `json:"confidence"`
	UpperBound   string       `json:"upper_bound"`
}

func statisticsOf(instances []string, results map[string]*Result) Statistics {
	s := Statistics{
		Instances: len(instances),
		ByStatus:  map[Status]int{},
		ByClass:   map[growth.Class]int{},
		Answers:   Answers{FellBack: map[string]int{}},
		LeastSure: []Uncertain{},
	}
	for _, name := range instances {
		r := results[name]
		if r == nil {
			continue
		}
		s.ByStatus[r.Status]++
		if r.PlotError != nil {
			s.PlotsFailed++
		}
		if r.Stale {
			s.Stale++
		}
		c := r.Conclusion
		if c == nil {
			continue
		}
		s.ByClass[c.TypeOfEquation]++
		if c.TypeOfEquation == growth.Unknown {
			s.Unknown++
		} else {
			s.Definite++
		}
		if c.Verification.ClassConflict {
			s.Conflicting++
		}
		s.Answers.count(r)
		s.LeastSure = append(s.LeastSure, Uncertain{name, c.TypeOfEquation, c.Confidence, c.UpperBound})
	}
	sort.SliceStable(s.LeastSure, func(i, j int) bool { return s.LeastSure[i].Confidence < s.LeastSure[j].Confidence })
	s.LeastSure = s.LeastSure[:min(len(s.LeastSure), 20)]
	return s
}

func (a *Answers) count(r *Result) {
	c := r.Conclusion
	switch {
	case r.Provisional:
		a.Provisional++
	case c.FallbackReason != nil && c.ProviderAnswer != nil:
		a.FellBack[c.ProviderAnswer.Verdict]++
	case c.FallbackReason != nil:
		a.FellBack["no answer"]++
	case c.ProviderAnswer != nil:
		a.Accepted++
		if c.ClassSource == "data" {
			a.Overruled++
		}
	}
}
