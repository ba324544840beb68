package stages

import (
	"path/filepath"
	"testing"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
	"github.com/zclconf/go-cty/cty"
)

// How many requests may be out is declared until a provider was asked, and then
// what its client makes of the answers.
func TestAskingFollowsTheClients(t *testing.T) {
	s := llmtest.New(llmtest.Config{})
	defer s.Close()
	provider := func(name string, settings map[string]cty.Value) *pipeline.Provider {
		settings["base_url"], settings["model"] = cty.StringVal(s.URL), cty.StringVal("m")
		return &pipeline.Provider{Kind: "openai", Name: name, Settings: settings}
	}
	declared := provider("declared", map[string]cty.Value{"limits.in_flight": cty.NumberIntVal(40)})
	silent := provider("silent", map[string]cty.Value{"limits.in_flight": cty.NullVal(cty.Number)})
	replayed := provider("replayed", map[string]cty.Value{"replay": cty.StringVal("answers.jsonl")})
	analytic := &pipeline.Provider{Kind: "analytic", Name: "builtin"}
	e := &environ{stateDir: t.TempDir()}
	ask := func(want int, providers ...*pipeline.Provider) {
		t.Helper()
		e.plan = &pipeline.Plan{Providers: providers, Journal: filepath.Join(e.stateDir, "journal.db")}
		if got := e.asking(); got != want {
			t.Errorf("%d requests at once, want %d", got, want)
		}
	}
	ask(0)
	ask(0, analytic, replayed)
	ask(40, declared, analytic)
	ask(40+llm.DefaultInFlight, declared, silent, replayed)

	e.plan = &pipeline.Plan{Providers: []*pipeline.Provider{declared}, Journal: filepath.Join(e.stateDir, "journal.db")}
	c, err := e.client(declared)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.close(); err != nil {
			t.Error(err)
		}
	}()
	ask(c.Stats().Concurrency, declared)
	if n := c.Stats().Concurrency; n == 40 || n < 1 {
		t.Errorf("a client that has asked nothing lets %d requests out at once: it is to begin below what is declared", n)
	}
}
