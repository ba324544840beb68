package stages

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(t *testing.T, script string) *command {
	t.Helper()
	dir := t.TempDir()
	return &command{args: []string{"/bin/sh", "-c", script}, show: "sh", dir: dir, env: environment(nil, nil), log: filepath.Join(dir, "logs", "log")}
}

func TestCommandKeepsWhatItWrote(t *testing.T) {
	c := shell(t, "echo out; echo err >&2; pwd")
	if err := c.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(c.log)
	if err != nil {
		t.Fatal(err)
	}
	if want := "out\nerr\n" + c.dir + "\n"; string(b) != want {
		t.Errorf("log %q, want %q", b, want)
	}
}

func TestCommandFailure(t *testing.T) {
	c := shell(t, "for i in 1 2 3 4 5 6 7; do echo line $i; done; exit 3")
	err := c.run(context.Background())
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"exit status 3", "line 3\nline 4\nline 5\nline 6\nline 7"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "line 2\n") {
		t.Errorf("error shows more than the end:\n%v", err)
	}
	c.args = []string{"no-such-program-anywhere"}
	if err := c.run(context.Background()); err == nil || !strings.Contains(err.Error(), "cannot start") {
		t.Errorf("a program that does not exist: %v", err)
	}
}

// A child of the command's must not outlive it, however the command ends.
func TestCommandEndsItsGroup(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	alive := func() bool {
		b, err := os.ReadFile(pidFile)
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		// A killed orphan stays a zombie until init reaps it: that is not alive.
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if errors.Is(err, os.ErrNotExist) {
			return false
		}
		return syscall.Kill(pid, 0) == nil && !strings.Contains(string(stat), ") Z ")
	}
	gone := func(t *testing.T) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); alive(); {
			if time.Now().After(deadline) {
				t.Fatal("the grandchild is still alive")
			}
		}
	}
	t.Run("timeout", func(t *testing.T) {
		c := shell(t, "sleep 300 & echo $! > "+pidFile+"; wait")
		c.timeout = 200 * time.Millisecond
		err := c.run(context.Background())
		if err == nil || !strings.Contains(err.Error(), "timeout of 200ms") {
			t.Errorf("error %v", err)
		}
		gone(t)
	})
	t.Run("success", func(t *testing.T) {
		c := shell(t, "sleep 300 >/dev/null 2>&1 & echo $! > "+pidFile)
		if err := c.run(context.Background()); err != nil {
			t.Fatal(err)
		}
		gone(t)
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		c := shell(t, "sleep 300 & echo $! > "+pidFile+"; echo ready > "+fifo+"; wait")
		go func() {
			os.ReadFile(fifo) // returns once the grandchild runs
			cancel()
		}()
		if err := c.run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		gone(t)
	})
}

// The program is looked up as the command would: in its own PATH.
func TestCommandProgram(t *testing.T) {
	own := t.TempDir()
	for name, mode := range map[string]os.FileMode{"tool": 0o755, "plain": 0o644} {
		if err := os.WriteFile(filepath.Join(own, name), []byte("#!/bin/sh\necho own\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(own, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		want       string // in the error; "" for none
	}{
		{"tool", own, ""},
		{"tool", "/nosuch:relative::" + own, ""},
		{"tool", "/nosuch", "no such program in the PATH that it sees, /nosuch"},
		{"tool", "", "no such program in the PATH that it sees, "},
		{"plain", own, "no such program"},
		{"folder", own, "no such program"},
		{filepath.Join(own, "tool"), "", ""},
		{"./tool", "", ""},
		{"./nosuch", "", "cannot start"},
	}
	for _, test := range tests {
		c := shell(t, "")
		c.dir, c.args = own, []string{test.name}
		c.env = []string{"PATH=" + test.path}
		err := c.run(context.Background())
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s in %q: %v, want %q", test.name, test.path, err, test.want)
		}
		if b, _ := os.ReadFile(c.log); err == nil && string(b) != "own\n" {
			t.Errorf("%s in %q wrote %q", test.name, test.path, b)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET", "x")
	t.Setenv("PASSED", "y")
	t.Setenv("PATH", "/bin")
	env := strings.Join(environment([]string{"PASSED", "UNSET"}, map[string]string{"OWN": "1", "PATH": "/own"}), "\n")
	for _, want := range []string{"PASSED=y", "OWN=1", "PATH=/own"} {
		if !strings.Contains(env, want) {
			t.Errorf("no %s in\n%s", want, env)
		}
	}
	for _, not := range []string{"SECRET", "UNSET", "PATH=/bin"} {
		if strings.Contains(env, not) {
			t.Errorf("%s in\n%s", not, env)
		}
	}
}
