package main

import (
	"testing"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
)

func TestOrphansHint(t *testing.T) {
	t.Chdir(t.TempDir())
	tests := []struct {
		n    int
		file string
		opt  stages.Options
		want string
	}{
		{0, "pipeline.hcl", stages.Options{}, ""},
		{1, "pipeline.hcl", stages.Options{}, "1 file is left of instances or stages that are not declared any more: `concluder gc` removes what nobody has changed"},
		{2, "other one.hcl", stages.Options{ResultsDir: "r", StateDir: "it's", Vars: map[string]string{"m": "a b", "k": "1"}},
			`2 files are left of instances or stages that are not declared any more: ` + "`concluder gc 'other one.hcl' --results-dir r --state-dir 'it'\\''s' --var k=1 --var 'm=a b'` removes what nobody has changed"},
	}
	for _, test := range tests {
		if got := orphansHint(&pipeline.Outcome{Orphans: test.n}, test.file, test.opt); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
