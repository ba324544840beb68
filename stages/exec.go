package stages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/concluder/concluder/pipeline"
	"github.com/zclconf/go-cty/cty"
)

// execKind runs any command in the graph, such as the regression itself.
func execKind() pipeline.Kind {
	return pipeline.Kind{
		Name: "exec", Version: "1", Scope: pipeline.Either,
		Attributes: []pipeline.Attribute{
			{Name: "command", Role: pipeline.Setting, Type: cty.List(cty.String), Required: true, UsesOutput: true, Check: pipeline.NotEmpty},
			{Name: "inputs", Role: pipeline.InputPaths},
			{Name: "outputs", Role: pipeline.OutputMap, Required: true, ByCommand: true},
			{Name: "env", Role: pipeline.Setting, Type: cty.Map(cty.String)},
			{Name: "pass_env", Role: pipeline.Setting, Type: cty.List(cty.String)},
			{Name: "timeout", Role: pipeline.Hidden, Type: cty.String, Check: pipeline.DurationText},
			{Name: "retries", Role: pipeline.Hidden, Type: cty.Number, Default: cty.NumberIntVal(0), Check: pipeline.WholeAtLeast(0)},
		},
		Run: runExec,
	}
}

func runExec(ctx context.Context, t *pipeline.Task) error {
	if err := whole(t.Inputs("inputs")); err != nil {
		return err
	}
	args, err := t.Evaluated("command")
	if err != nil {
		return err
	}
	c := command{
		args:    stringsOf(args),
		show:    strings.Join(t.Strings("command"), " "),
		dir:     t.Folder,
		env:     environment(t.Strings("pass_env"), t.Map("env")),
		timeout: t.Duration("timeout"),
		log:     t.Log(),
	}
	retries, _ := t.Float("retries")
	c.tries = int(retries) + 1
	for c.try = 1; ; c.try++ {
		if err = c.run(ctx); err == nil || ctx.Err() != nil || c.try == c.tries {
			break
		}
		if err := empty(t.Outputs()); err != nil {
			return err
		}
	}
	if err != nil && c.tries > 1 && ctx.Err() == nil {
		return fmt.Errorf("failed %d times, last: %w", c.tries, err)
	}
	return err
}

// whole demands that every file of inputs is there. A command may do without
// and succeed; then its result would stand for a file that nobody looked at, as
// where the path is misspelt. The absence is part of the key: the node runs once
// the file is there.
func whole(inputs []pipeline.Artifact) error {
	var missing []string
	for _, f := range inputs {
		if f.Absent {
			missing = append(missing, f.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	const shown = 3
	names := strings.Join(missing[:min(len(missing), shown)], ", ")
	if n := len(missing) - shown; n > 0 {
		names += fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("inputs: there is no file %s: the command was not started; create it, correct its path, or take it out of inputs", names)
}

// empty removes everything from the private folders of some outputs, so that
// what a try left half done is not taken for what the next one wrote.
func empty(outputs map[string]string) error {
	var errs []error
	for _, path := range outputs {
		entries, err := os.ReadDir(filepath.Dir(path))
		errs = append(errs, err)
		for _, e := range entries {
			errs = append(errs, os.RemoveAll(filepath.Join(filepath.Dir(path), e.Name())))
		}
	}
	return errors.Join(errs...)
}

func stringsOf(list cty.Value) []string {
	var out []string
	for it := list.ElementIterator(); it.Next(); {
		_, v := it.Element()
		out = append(out, v.AsString())
	}
	return out
}
