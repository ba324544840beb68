//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// holding starts a run whose one command holds a pipe open until it has read
// from another one. It returns the pipe, which has an end when no process of
// the command lives any more.
func holding(t *testing.T, dir string) (run *exec.Cmd, stderr io.Reader, held *os.File) {
	t.Helper()
	write(t, filepath.Join(dir, "pipeline.hcl"), `pipeline "hold" {
  instances = ["one"]
}
stage "exec" "hold" {
  command      = ["sh", "hold.sh", "${output.text}"]
  outputs      = { text = "text" }
  per_instance = false
}
`)
	write(t, filepath.Join(dir, "hold.sh"), "exec cat gate > \"$1\" 3> held\n")
	for _, name := range []string{"held", "gate"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run, _ = program(t, dir, "run")
	run.Stderr = nil
	stderr, err := run.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	held, err = os.Open(filepath.Join(dir, "held")) // returns when the command has opened it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close() })
	if err := held.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return run, stderr, held
}

// A command does not outlive the program, even where that is killed.
func TestKilledRunLeavesNoCommand(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends the children of a process that is killed")
	}
	run, _, held := holding(t, t.TempDir())
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	run.Wait() // says that it was killed
	if _, err := io.ReadAll(held); err != nil {
		t.Errorf("the command is still there: %v", err)
	}
}

// When its terminal goes a run finishes what runs, as when it is interrupted:
// commands are in groups of their own, and the terminal does not end them.
func TestHangUpDrains(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("hang-ups are ignored here, as under nohup, and so by programs")
	}
	dir := t.TempDir()
	run, stderr, held := holding(t, dir)
	if err := run.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	told := false
	for !told && lines.Scan() {
		told = strings.HasPrefix(lines.Text(), "interrupted: finishing")
	}
	if !told {
		t.Fatalf("the run did not say that it is interrupted: %v", run.Wait())
	}
	write(t, filepath.Join(dir, "gate"), "whole")
	if _, err := io.ReadAll(held); err != nil {
		t.Error(err)
	}
	err := run.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || !run.ProcessState.Exited() || run.ProcessState.ExitCode() != exitOK {
		t.Fatalf("%v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "text")); err != nil || string(b) != "whole" {
		t.Errorf("published %q, %v", b, err)
	}
}
