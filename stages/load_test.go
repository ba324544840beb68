package stages

import (
	"strings"
	"testing"

	"github.com/concluder/concluder/pipeline"
)

// An equation file that was there a moment ago and cannot be opened says nothing
// of the equation: a status would be remembered.
func TestEquationThatCannotBeOpened(t *testing.T) {
	d := &Dataset{Status: StatusSuccess}
	err := d.loadEquation(pipeline.Artifact{Name: "e.json", Path: t.TempDir()}, "best")
	if err == nil || !strings.Contains(err.Error(), "equation: e.json: is a directory") || d.Status != StatusSuccess {
		t.Errorf("error %v, status %s", err, d.Status)
	}
	if err := d.loadEquation(pipeline.Artifact{Name: "e.json", Absent: true}, "best"); err != nil || d.Status != StatusMissingEquation {
		t.Errorf("an absent file: error %v, status %s", err, d.Status)
	}
}
