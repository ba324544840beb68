package pipeline

import (
	"errors"
	"strings"
	"testing"
)

func TestFindNode(t *testing.T) {
	w := newWorld(t, "a", "b/c", "long")
	for _, tt := range []struct{ text, stage, instance, wrong string }{
		{"load.points/a", "load.points", "a", ""},
		{"stage.load.points/a", "load.points", "a", ""},
		{"load.points/b/c", "load.points", "b/c", ""},
		{"report.all", "report.all", "", ""},
		{"load.point/a", "", "", `did you mean "load.points"?`},
		{"nothing", "", "", "only load.points, conclude.bound, plot.picture, report.all"},
		{"", "", "", "only load.points"},
		{"load.points", "", "", "name one, such as load.points/a"},
		{"load.points/", "", "", `there is no instance ""`},
		{"load.points/lomg", "", "", `did you mean "long"?`},
		{"report.all/a", "", "", "leave out /a"},
	} {
		s, instance, err := w.plan.FindNode(tt.text)
		if tt.wrong != "" {
			var address *AddressError
			var name *InstanceError
			if err == nil || !strings.Contains(err.Error(), tt.wrong) || !errors.As(err, &address) && !errors.As(err, &name) {
				t.Errorf("%q: error %v, want %q", tt.text, err, tt.wrong)
			}
			continue
		}
		if err != nil || s.Address() != tt.stage || instance != tt.instance {
			t.Errorf("%q: got %v %q, %v", tt.text, s, instance, err)
		}
	}
}
