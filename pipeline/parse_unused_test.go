package pipeline

import (
	"slices"
	"strings"
	"testing"
)

// An output whose path the command is never given is an error, or a warning
// where it may find the place by another output's.
func TestOutputsUsed(t *testing.T) {
	kinds := languageKinds()
	kinds.Stages = slices.Clone(kinds.Stages)
	for i := range kinds.Stages {
		k := &kinds.Stages[i]
		k.Attributes = slices.Clone(k.Attributes)
		for j := range k.Attributes {
			k.Attributes[j].ByCommand = k.Attributes[j].Role == OutputMap
		}
	}
	for _, test := range []struct {
		name, stage, want string
	}{
		{"each", `command = ["a", "${output.x}", output["y"]]
  outputs = { x = "x", y = "y" }`, ""},
		{"in another attribute", `command = ["a"]
  env     = { X = output.x }
  outputs = { x = "x" }`, ""},
		{"none", `command = ["a", "x"]
  outputs = { x = "x" }`, `pipeline.hcl:6:19: error: stage exec.s does not use ${output.x} in command or env, so nothing tells where to write it
    6 |   outputs = { x = "x" }
      |                   ^^^
  It is moved from a private path to its place when the command has succeeded: where command names the file, write "${output.x}".
`},
		{"one of two", `command = ["a", "${output.x}"]
  outputs = { x = "x", y = "y" }`, `pipeline.hcl:6:28: warning: stage exec.s does not use ${output.y} in command or env, so nothing tells where to write it
    6 |   outputs = { x = "x", y = "y" }
      |                            ^^^
  It is moved from a private path to its place when the command has succeeded: where command names the file, write "${output.y}".
`},
		{"a mistake of its own", `command = ["a", "${output.z}"]
  outputs = { x = "x" }`, `pipeline.hcl:5:22: error: stage exec.s has no output "z"
    5 |   command = ["a", "${output.z}"]
      |                      ^^^^^^^^
  Did you mean "output.x"?
`},
		{"in one where it cannot be", `command = ["a"]
  inputs  = [output.x]
  outputs = { x = "x" }`, `pipeline.hcl:6:14: error: inputs cannot use output.x
    6 |   inputs  = [output.x]
      |              ^^^^^^^^
`},
		{"no command", `command = null
  outputs = { x = "x" }`, `pipeline.hcl:5:13: error: command must not be null
    5 |   command = null
      |             ^^^^
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			sources := Sources{"pipeline.hcl": []byte("pipeline \"p\" {\n  instances = [\"a\"]\n}\nstage \"exec\" \"s\" {\n  " + test.stage + "\n}\n")}
			plan, diags := Load("pipeline.hcl", kinds, Input{Sources: sources})
			var b strings.Builder
			if err := WriteDiagnostics(&b, diags, sources); err != nil {
				t.Fatal(err)
			}
			if b.String() != test.want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), test.want)
			}
			if (plan == nil) != strings.Contains(test.want, "error:") {
				t.Errorf("the plan is %v", plan)
			}
		})
	}
}
