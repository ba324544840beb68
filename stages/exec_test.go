package stages

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concluder/concluder/pipeline"
	"github.com/zclconf/go-cty/cty"
)

// execTask is a node that runs a shell script with the private path of its
// output as $1, as the engine would make it.
func execTask(t *testing.T, script string, retries int64) *pipeline.Task {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(dir, "private", "out", "table.csv")
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		t.Fatal(err)
	}
	command := cty.ListVal([]cty.Value{cty.StringVal("/bin/sh"), cty.StringVal("-c"), cty.StringVal(script), cty.StringVal("sh"), cty.StringVal(out)})
	return pipeline.NewTask(pipeline.TaskSetup{
		Stage: "fit", Instance: "a", Dir: filepath.Join(dir, "private"), Folder: dir, Log: filepath.Join(dir, "log"),
		Settings: map[string]cty.Value{"command": command, "retries": cty.NumberIntVal(retries)},
		Outputs:  map[string]string{"table": out},
	})
}

func TestExecRetries(t *testing.T) {
	const count = `n=$(cat tries 2>/dev/null); n=$((n+1)); echo $n > tries; echo "this is try $n"; `
	tests := []struct {
		name, script string
		retries      int64
		want         []string // in the error; nil for none
		not          string
		tries        string
		log          string
	}{
		{"at once", count + `echo good > "$1"`, 2, nil, "", "1", "this is try 1\n"},
		{"in the end", count + `[ $n = 3 ] && echo good > "$1"`, 2, nil, "", "3", "this is try 1\n-- try 2 of 3 --\nthis is try 2\n-- try 3 of 3 --\nthis is try 3\n"},
		{"never", count + `exit 7`, 1, []string{"failed 2 times, last: ", "exit status 7", "it wrote:\nthis is try 2"}, "try 1", "2", "this is try 1\n-- try 2 of 2 --\nthis is try 2\n"},
		{"without", count + `exit 7`, 0, []string{"exit status 7"}, "times", "1", "this is try 1\n"},
	}
	for _, test := range tests {
		task := execTask(t, test.script, test.retries)
		err := runExec(context.Background(), task)
		switch {
		case test.want == nil && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != nil && err == nil:
			t.Errorf("%s: no error", test.name)
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", test.name, err, want)
			}
		}
		if err != nil && test.not != "" && strings.Contains(err.Error(), test.not) {
			t.Errorf("%s: %v, want no %q in it", test.name, err, test.not)
		}
		for file, want := range map[string]string{"tries": test.tries + "\n", "log": test.log} {
			b, err := os.ReadFile(filepath.Join(task.Folder, file))
			if err != nil || string(b) != want {
				t.Errorf("%s: %s %q, %v, want %q", test.name, file, b, err, want)
			}
		}
	}
}

// What a try that failed wrote is not there for the next one, which may end well
// without writing anything.
func TestExecRetryBeginsAnew(t *testing.T) {
	task := execTask(t, `[ -e tried ] && exit 0; touch tried; echo half > "$1"; echo half > "$(dirname "$1")/model"; exit 1`, 1)
	if err := runExec(context.Background(), task); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(task.Output("table")))
	if err != nil || len(entries) != 0 {
		t.Errorf("the second try wrote nothing, and there is %v, %v", entries, err)
	}
}
