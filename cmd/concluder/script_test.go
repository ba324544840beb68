package main

import (
	"os"
	"testing"

	"github.com/concluder/concluder/stages/llm/llmtest"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"concluder": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// The scripts are the specification of the command line: the first word of a
// file's name is its topic.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		// Each script has a model of its own, which answers by itself.
		Setup: func(env *testscript.Env) error {
			server := llmtest.New(llmtest.Config{})
			env.Defer(server.Close)
			env.Setenv("MODEL_URL", server.URL)
			return nil
		},
	})
}
