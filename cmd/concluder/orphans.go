package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
)

// orphansHint says that files are left of what is not declared any more, and
// the command that removes them; "" where there are none.
func orphansHint(out *pipeline.Outcome, file string, opt stages.Options) string {
	if out.Orphans == 0 {
		return ""
	}
	command := []string{"concluder gc"}
	if file = relative(file); file != defaultFile {
		command = append(command, quoted(file))
	}
	for _, flag := range []struct{ name, value string }{{"--results-dir", opt.ResultsDir}, {"--state-dir", opt.StateDir}} {
		if flag.value != "" {
			command = append(command, flag.name, quoted(flag.value))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(opt.Vars)) {
		command = append(command, "--var", quoted(name+"="+opt.Vars[name]))
	}
	verb := "are"
	if out.Orphans == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s %s left of instances or stages that are not declared any more: `%s` removes what nobody has changed",
		count(out.Orphans, "file"), verb, strings.Join(command, " "))
}

// quoted is a word of a shell's command line.
func quoted(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_=+.,:@%/", r))
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
