package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A background is a program that runs beside a script, which reads its standard
// output line by line: nothing has to wait for a time to pass.
type background struct {
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	errs   chan string // lines of standard error; closed at its end
	said   []string    // those that were looked at
	cancel context.CancelFunc
}

// stderr is what the program said, once it has ended.
func (p *background) stderr() string {
	for line := range p.errs {
		p.said = append(p.said, line)
	}
	return strings.Join(p.said, "\n") + "\n"
}

type backgroundKey struct{}

// backgroundCommands are the commands of scripts for such a program.
var backgroundCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"start":     startBackground,
	"event":     awaitEvent,
	"interrupt": interruptBackground,
	"hangup":    hangUpBackground,
	"ended":     awaitEnd,
}

// start PROGRAM ARG...
func startBackground(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: start program [arg...]")
	}
	// A script that waits in vain ends here rather than with all tests.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	p := &background{cmd: exec.CommandContext(ctx, args[0], args[1:]...), cancel: cancel}
	p.cmd.Dir = ts.MkAbs(".")
	out, err := p.cmd.StdoutPipe()
	ts.Check(err)
	errs, err := p.cmd.StderrPipe()
	ts.Check(err)
	p.lines, p.errs = bufio.NewScanner(out), make(chan string, 10_000)
	ts.Check(p.cmd.Start())
	go func() {
		defer close(p.errs)
		for lines := bufio.NewScanner(errs); lines.Scan(); {
			p.errs <- lines.Text()
		}
	}()
	*ts.Value(backgroundKey{}).(**background) = p
	ts.Defer(func() {
		if p.cmd.ProcessState == nil {
			p.cancel()
			said := p.stderr()
			p.cmd.Wait()
			ts.Logf("it was still running, and had said\n%s", said)
		}
	})
}

func running(ts *testscript.TestScript) *background {
	p := *ts.Value(backgroundKey{}).(**background)
	if p == nil {
		ts.Fatalf("no program was started")
	}
	return p
}

// event REGEXP waits for a line that matches.
func awaitEvent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: event regexp")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	p := running(ts)
	var seen []string
	for p.lines.Scan() {
		seen = append(seen, p.lines.Text())
		if want.MatchString(p.lines.Text()) {
			return
		}
	}
	said := p.stderr()
	p.cmd.Wait()
	ts.Fatalf("no line matches %s in\n%s\nit said\n%s", want, strings.Join(seen, "\n"), said)
}

// interrupt [CODE [AGAIN]] interrupts the program, with a word more twice, and
// checks its exit code. What it wrote to standard error is in stderr.txt.
func interruptBackground(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 2 {
		ts.Fatalf("usage: interrupt [code [again]]")
	}
	p := running(ts)
	ts.Check(p.cmd.Process.Signal(os.Interrupt))
	if len(args) == 2 {
		// Of two signals at once the system would keep one.
		for line := range p.errs {
			p.said = append(p.said, line)
			if strings.Contains(line, "interrupt again") {
				break
			}
		}
		ts.Check(p.cmd.Process.Signal(os.Interrupt))
	}
	endBackground(ts, p, args...)
}

// hangup tells the program that its terminal was closed.
func hangUpBackground(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: hangup")
	}
	ts.Check(running(ts).cmd.Process.Signal(syscall.SIGHUP))
}

// ended CODE waits for the program to end by itself.
func awaitEnd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ended code")
	}
	endBackground(ts, running(ts), args...)
}

// endBackground waits for the program's end and checks its exit code.
func endBackground(ts *testscript.TestScript, p *background, args ...string) {
	for p.lines.Scan() {
	}
	said := p.stderr()
	err := p.cmd.Wait()
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() {
			ts.Fatalf("a signal ended it: %v", s.Signal())
		}
	} else {
		ts.Check(err)
	}
	if len(args) > 0 && args[0] != strconv.Itoa(code) {
		ts.Fatalf("exit code %d, want %s; it said\n%s", code, args[0], said)
	}
	ts.Check(os.WriteFile(ts.MkAbs("stderr.txt"), []byte(said), 0o666))
}
