package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"github.com/concluder/concluder/stages/llm/llmtest"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"concluder": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// exits runs a command that must end with the given code:
//
//	exits 3 concluder run
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG ...]")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if want := args[0]; strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

// scriptCommands are the commands of scripts beside testscript's own.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	cmds := maps.Clone(backgroundCommands)
	cmds["exits"] = exits
	return cmds
}

// The scripts are the specification of the command line: the first word of a
// file's name is its topic.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		Cmds:                scriptCommands(),
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "limits": // of the system, that a process may set for itself
			case "hangups": // that programs are told of: not under nohup
				return !signal.Ignored(syscall.SIGHUP), nil
			default:
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return exec.Command("unshare", "--user", "--map-root-user", "sh", "-c", "echo 9 > /proc/sys/user/max_inotify_watches").Run() == nil, nil
		},
		// Each script has a model of its own, which answers by itself.
		Setup: func(env *testscript.Env) error {
			server := llmtest.New(llmtest.Config{})
			env.Defer(server.Close)
			env.Setenv("MODEL_URL", server.URL)
			env.Values[backgroundKey{}] = new(*background)
			return nil
		},
	})
}
