package llm

import (
	"strings"
	"testing"
)

// The prompt's classes are those that an answer is judged by: growth slower
// than in proportion is not linear.
func TestPromptNamesTheClassesAsJudged(t *testing.T) {
	for _, want := range []string{
		`"linear" for growth in proportion to the size`,
		"n log n",
		"1.15",
		`"unknown" where there is no clear growth, or growth slower than in proportion`,
	} {
		if !strings.Contains(system, want) {
			t.Errorf("the prompt does not say %q", want)
		}
	}
	if strings.Contains(system, "or slower,") {
		t.Error("the prompt calls slower growth linear")
	}
}
