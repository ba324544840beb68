package growth

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

var proposedField = regexp.MustCompile(`"llm_upper_bound"\s*:\s*("(?:[^"\\]|\\.)*")`)

// TestAcceptanceOnRecordedAnswers holds the acceptance rule against answers
// that a model once gave for hand-classed series. An answer is good when its
// formula is of the class that people gave, bad when it is of another; series
// that people called unknown tell nothing.
func TestAcceptanceOnRecordedAnswers(t *testing.T) {
	labels := map[string]labelled{}
	for _, l := range hand(t) {
		labels[l.name] = l
	}
	f, err := os.Open(filepath.Join(measured, "llm_responses.jsonl"))
	if err != nil {
		t.Skip("no recorded answers beside the checkout")
	}
	defer f.Close()
	var good, bad, goodAccepted, badAccepted int
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		var r struct {
			Instance, Text string
			Finish         string `json:"finish_reason"`
		}
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		l, ok := labels[r.Instance]
		if r.Finish != "stop" || !ok || !l.found || l.label == "unknown" {
			continue
		}
		m := proposedField.FindStringSubmatch(r.Text)
		if m == nil {
			continue
		}
		text, err := strconv.Unquote(m[1])
		if err != nil {
			text = m[1][1 : len(m[1])-1]
		}
		proposal, err := expr.Parse(text, expr.Prose)
		if err != nil {
			continue
		}
		var eq *Equation
		if e, ok := storedEquation(t, l.name); ok {
			q := StudyEquation(e, l.series)
			eq = &q
		}
		v := Judge(proposal.Expr, "", l.series, Analyze(l.series, Options{Resamples: -1}), eq)
		if !v.Accepted && v.Objection == "" {
			t.Errorf("%s: %s rejected without an objection", l.name, text)
		}
		if string(v.Class) == l.label {
			good++
			if v.Accepted {
				goodAccepted++
			}
		} else {
			bad++
			if v.Accepted {
				badAccepted++
			}
		}
	}
	t.Logf("accepted %d of %d good answers and %d of %d bad ones", goodAccepted, good, badAccepted, bad)
	if goodAccepted*100 < good*85 || badAccepted*100 > bad*15 {
		t.Errorf("accepted %d of %d good answers and %d of %d bad ones; want at least 85 %% and at most 15 %%", goodAccepted, good, badAccepted, bad)
	}
}
