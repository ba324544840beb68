package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm/llmtest"
)

const (
	keyVariable = "CONCLUDER_TEST_KEY"
	secretKey   = "sk-Test/9f8e7d6c5b4a39281706+f5e4d3c2b1a0"
)

// noKey fails where the key, in any form, is in a file under dir or in what the
// program said.
func noKey(t *testing.T, dir string, said ...string) {
	t.Helper()
	all := files(t, dir)
	for i, s := range said {
		all[fmt.Sprintf("output %d", i)] = []byte(s)
	}
	quoted, err := json.Marshal(secretKey)
	if err != nil {
		t.Fatal(err)
	}
	forms := []string{
		secretKey, secretKey[:16], secretKey[len(secretKey)-16:], string(quoted[1 : len(quoted)-1]),
		strings.ReplaceAll(secretKey, "/", `\/`), base64.StdEncoding.EncodeToString([]byte(secretKey)),
	}
	journals := 0
	for name, b := range all {
		if filepath.Base(name) == "journal.db" {
			journals++
		}
		for _, form := range forms {
			if i := bytes.Index(b, []byte(form)); i >= 0 {
				t.Errorf("%s has the key: …%q…", name, b[max(0, i-60):min(len(b), i+60)])
			}
		}
	}
	if journals == 0 {
		t.Error("no journal was looked at")
	}
}

// price is what a million tokens cost in these tests.
const inputPrice, outputPrice = 1.0, 10.0

// paid is what the answers cost by the usage that the server named.
func paid(t *testing.T, answers []answered) float64 {
	t.Helper()
	sum := 0.0
	for _, a := range answers {
		var r struct {
			Usage struct {
				Input  float64 `json:"prompt_tokens"`
				Output float64 `json:"completion_tokens"`
			}
		}
		if err := json.Unmarshal([]byte(a.Body), &r); err != nil || r.Usage.Input == 0 || r.Usage.Output == 0 {
			t.Fatalf("an answer without its usage: %v\n%s", err, a.Body)
		}
		sum += (r.Usage.Input*inputPrice + r.Usage.Output*outputPrice) / 1e6
	}
	return sum
}

// 500 requests at once against a budget that allows about 100 answers: it is
// never passed, the run is paused, and the program says what is left to pay.
func TestBudget(t *testing.T) {
	t.Setenv(keyVariable, secretKey)
	s := llmtest.New(llmtest.Config{Latency: 50 * time.Millisecond, APIKey: secretKey})
	defer s.Close()
	const n = 500
	dir := t.TempDir()
	provider := func(budget float64) string {
		return fmt.Sprintf("base_url = %q\nmodel = \"m\"\napi_key_env = %q\nmax_tokens = 600\nbudget = %.9f\nlimits { in_flight = %d }\nprice {\ninput = %g\noutput = %g\n}",
			s.URL, keyVariable, budget, n, inputPrice, outputPrice)
	}
	// What answers cost.
	writeStudy(t, dir, n, provider(1))
	if code, said := runProgram(t, dir, "run", "--instances", "i0000,i0001,i0002,i0003", "--state-dir", "probe", "--results-dir", "probe-results"); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	probe := exported(t, dir, "probe")
	budget := 100 * paid(t, probe) / float64(len(probe))
	writeStudy(t, dir, n, provider(budget))

	before := s.Requests()
	code, said := runProgram(t, dir, "run", "--state-dir", "state")
	if code != exitPaused {
		t.Errorf("exit code %d, expected %d", code, exitPaused)
	}
	answers := exported(t, dir, "state")
	cost := paid(t, answers)
	if cost > budget || len(answers) < 80 || s.Requests()-before != len(answers) {
		t.Errorf("%d answers of %d requests cost %g, the budget is %g", len(answers), s.Requests()-before, cost, budget)
	}
	t.Logf("budget %.6f USD: %d requests, %.6f USD\n%s", budget, len(answers), cost, said)

	if !strings.Contains(said, "\nraise budget in provider \"model\", then run again") {
		t.Errorf("the program does not say what to change:\n%s", said)
	}
	m := regexp.MustCompile(`provider model: (\d+) questions left to ask, about ([0-9.e-]+) USD, at most ([0-9.e-]+) for one answer each; ([0-9.e-]+) of the budget of ([0-9.e-]+) USD is left`).FindStringSubmatch(said)
	if m == nil {
		t.Fatalf("the program does not say what is left to ask:\n%s", said)
	}
	var v [6]float64
	for i := 1; i < len(v); i++ {
		var err error
		if v[i], err = strconv.ParseFloat(m[i], 64); err != nil {
			t.Fatal(err)
		}
	}
	asked := map[string]bool{}
	for _, a := range answers {
		var r struct{ Messages []struct{ Content string } }
		if err := json.Unmarshal([]byte(a.Prompt), &r); err != nil {
			t.Fatal(err)
		}
		asked[strings.SplitN(r.Messages[1].Content, "An earlier answer", 2)[0]] = true
	}
	if int(v[1]) != n-len(asked) {
		t.Errorf("%d questions are said to be left, %d of %d were asked", int(v[1]), len(asked), n)
	}
	if each := cost / float64(len(asked)); v[2] < 0.5*v[1]*each || v[2] > 2*v[1]*each || v[3] < v[2] {
		t.Errorf("%g, at most %g, is said to be left to pay for %g questions that cost %g each", v[2], v[3], v[1], each)
	}
	if left := budget - cost; v[4] < 0.99*left || v[4] > 1.01*left {
		t.Errorf("%g is said to be left of the budget: expected %g", v[4], left)
	}

	// Another run sends what the rest of the budget allows: nothing.
	before = s.Requests()
	again, saidAgain := runProgram(t, dir, "run", "--state-dir", "state", "--json")
	if after := paid(t, exported(t, dir, "state")); again != exitPaused || after > budget {
		t.Errorf("another run: exit code %d, %d requests, %g spent of %g", again, s.Requests()-before, after, budget)
	}
	noKey(t, dir, said, saidAgain)
}

// Whatever a server does, an echo of the key among it, the key is in no file,
// no event and no line that the program wrote.
func TestFaultsKeepTheKey(t *testing.T) {
	t.Setenv(keyVariable, secretKey)
	faults := []llmtest.Fault{
		llmtest.RetryAfterMs, llmtest.InternalError, llmtest.BadGatewayHTML, llmtest.NoJSONSchema, llmtest.ErrorInOK, llmtest.ChoicesNull,
		llmtest.TruncatedBody, llmtest.ResetInBody, llmtest.CorruptGzip, llmtest.PhraseLoop, llmtest.Refusal, llmtest.LaTeXFraction,
	}
	tests := []struct {
		name   string
		script func(llmtest.Request) llmtest.Fault
		code   int
	}{
		{"what passes", llmtest.Sequence(faults...), exitOK},
		{"a key refused and echoed at once", llmtest.Always(llmtest.KeyEchoed), exitWrong},
		{"a key refused and echoed in the midst", func(r llmtest.Request) llmtest.Fault {
			if r.N < 10 {
				return llmtest.None
			}
			return llmtest.KeyEchoed
		}, exitWrong},
		{"a model that is unknown", llmtest.Always(llmtest.UnknownModel), exitWrong},
		{"a quota for the day", llmtest.Always(llmtest.DailyQuota), exitPaused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := llmtest.New(llmtest.Config{APIKey: secretKey, Script: test.script})
			defer s.Close()
			dir := t.TempDir()
			writeStudy(t, dir, 20, fmt.Sprintf("base_url = %q\nmodel = \"m\"\napi_key_env = %q\nlimits { in_flight = 4 }", s.URL, keyVariable))
			code, said := runProgram(t, dir, "run", "--json")
			if code != test.code {
				t.Errorf("exit code %d, expected %d\n%s", code, test.code, said)
			}
			if s.Requests() == 0 {
				t.Error("nothing was sent")
			}
			_, answers := runProgram(t, dir, "answers", "i0003")
			exported(t, dir, ".concluder")
			noKey(t, dir, said, answers)
		})
	}
}

// What is paid for cannot be kept: that is a fault of the run, and nothing is
// sent.
func TestUnwritableJournal(t *testing.T) {
	s := llmtest.New(llmtest.Config{})
	defer s.Close()
	provider := fmt.Sprintf("base_url = %q\nmodel = \"m\"", s.URL)
	for _, test := range []struct {
		name  string
		spoil func(journal string) error
	}{
		{"a folder", func(journal string) error { return os.MkdirAll(filepath.Join(journal, "x"), 0o755) }},
		{"a file for its folder", func(journal string) error { return os.WriteFile(filepath.Dir(journal), nil, 0o644) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			writeStudy(t, dir, 3, provider)
			file := filepath.Join(dir, "pipeline.hcl")
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			write(t, file, strings.Replace(string(b), "{\n", "{\n  journal = \"kept/journal.db\"\n", 1))
			if test.name == "a folder" {
				if err := os.Mkdir(filepath.Join(dir, "kept"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := test.spoil(filepath.Join(dir, "kept", "journal.db")); err != nil {
				t.Fatal(err)
			}
			code, said := runProgram(t, dir, "run")
			if code != exitFault || !strings.Contains(said, filepath.Join(dir, "kept", "journal.db")) {
				t.Errorf("exit code %d, expected %d and the journal's path\n%s", code, exitFault, said)
			}
			if s.Requests() != 0 {
				t.Errorf("%d requests whose answers cannot be kept", s.Requests())
			}
		})
	}
}
