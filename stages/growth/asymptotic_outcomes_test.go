package growth

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/concluder/concluder/stages/expr"
)

var updateOutcomes = flag.Bool("update-outcomes", false, "rewrite testdata/outcomes.golden")

// recordings are real equations and real answers, which the project does not
// contain.
const recordings = "../../../shared/bmc"

// The golden file has one line for every equation and every answer: what it is
// of, whether it was read, the class of the formula, the number of repairs and
// of other readings, and a digest of what was read. It does not repeat the
// texts.
//
// It was checked by hand once. Of the 321 equations 295 print back exactly as
// they are written; the other 26 were compared by eye and differ in signs that
// move in front of a product. Every equation's class was compared by eye with
// its formula; the one that is unresolved has a negative base under x0. Every
// bound of an answer was printed beside the tree that was read of it and
// compared by eye. Of the 120 answers that ended by themselves 115 give the
// bound that was meant, one of them from its reasoning, because its JSON ends
// too soon; the other five name a second variable (x0^K and the like), so that
// they mean no bound in one variable, and are refused. Two answers are endless
// rows of zeros and hold no bound.
func TestOutcomesOnRecordings(t *testing.T) {
	if _, err := os.Stat(recordings); err != nil {
		t.Skip("the recordings are not here: ", err)
	}
	var got strings.Builder
	equationOutcomes(t, &got)
	stopped, recovered := answerOutcomes(t, &got)
	t.Logf("%d of %d answers that ended by themselves give their bound", recovered, stopped)
	if recovered*100 < stopped*95 {
		t.Errorf("only %d of %d answers that ended by themselves give their bound", recovered, stopped)
	}
	const golden = "testdata/outcomes.golden"
	if *updateOutcomes {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "", ""
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, g, w)
		}
	}
}

func equationOutcomes(t *testing.T, out *strings.Builder) {
	files, err := filepath.Glob(recordings + "/sympy_results/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no equations: ", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v struct{ Equation string }
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		fmt.Fprintf(out, "equation %s: %s\n", strings.TrimSuffix(filepath.Base(file), ".json"), outcome(v.Equation, expr.Sympy))
	}
}

func answerOutcomes(t *testing.T, out *strings.Builder) (stopped, recovered int) {
	file, err := os.Open(recordings + "/llm_responses.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v struct {
			Instance, Text string
			FinishReason   string `json:"finish_reason"`
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		if v.Text == "" {
			continue // an error of the server, no answer
		}
		o := "no bound in the text"
		if bound, ok := boundIn(v.Text); ok {
			o = outcome(bound, expr.Prose)
		}
		fmt.Fprintf(out, "answer %s, %s: %s\n", v.Instance, v.FinishReason, o)
		if v.FinishReason == "stop" {
			stopped++
			if strings.HasPrefix(o, "read") {
				recovered++
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return stopped, recovered
}

var (
	boundField    = regexp.MustCompile(`"llm_upper_bound"\s*:\s*"((?:[^"\\]|\\.)*)"`)
	boundSentence = regexp.MustCompile("upper bound formula is `([^`]+)`")
)

// boundIn takes the bound from an answer's JSON, or from the sentence that
// announces it where the JSON ends too soon. It stands in for the reader of
// answers, which has more ways.
func boundIn(text string) (string, bool) {
	if m := boundField.FindStringSubmatch(text); m != nil {
		var s string
		if json.Unmarshal([]byte(`"`+m[1]+`"`), &s) == nil {
			return s, true
		}
		return m[1], true
	}
	if m := boundSentence.FindAllStringSubmatch(text, -1); m != nil {
		return m[len(m)-1][1], true
	}
	return "", false
}

func outcome(src string, d expr.Dialect) string {
	r, err := expr.Parse(src, d)
	var e *expr.SyntaxError
	if errors.As(err, &e) {
		return "refused, " + strings.ReplaceAll(e.Msg, "\n", " ")
	}
	class := Asymptotic(r.Expr)
	what := class.Text
	if class.Reason != "" {
		what += " (" + class.Reason + ")"
	}
	digest := sha256.Sum256([]byte(r.Expr.String()))
	return fmt.Sprintf("read, %s, %d repairs, %d other readings, %x", what, len(r.Repairs), len(r.Alternatives), digest[:6])
}
