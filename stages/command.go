package stages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A command is one execution of an exec stage: no shell, an environment that
// holds only what is declared, its own process group.
type command struct {
	args    []string
	show    string // the command as messages say it: with the declared paths, not the private ones
	dir     string // the pipeline file's folder
	env     []string
	timeout time.Duration // 0 for none
	log     string        // file that keeps standard output and standard error

	try, tries int // which one of how many this is: the log keeps them all
}

// grace is how long a cancelled command has between SIGTERM and SIGKILL: long
// enough to remove temporary files, short enough that an interrupt feels heard.
const grace = 3 * time.Second

// run executes the command once. Its error says the exit status and ends with
// the last lines that the command wrote; the log has them all. The log's path is
// not part of the error, which is published and must not depend on where.
func (c *command) run(ctx context.Context) error {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("still running after its timeout of %s", c.timeout))
		defer cancel()
	}
	if err := os.MkdirAll(filepath.Dir(c.log), 0o777); err != nil {
		return err
	}
	log, begin, err := c.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	program, err := c.program()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, c.args[1:]...)
	cmd.Args[0] = c.args[0]
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, c.env, log, log
	// A command's own children must not outlive it, so signals go to the group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	defer dieWithUs(cmd.SysProcAttr)()
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	cmd.WaitDelay = grace
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start %q: %w", c.args[0], err)
	}
	err = cmd.Wait()
	if kill := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); kill != nil && !errors.Is(kill, syscall.ESRCH) {
		err = errors.Join(err, fmt.Errorf("end the process group of %q: %w", c.args[0], kill))
	}
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if said := lastLines(c.log, begin, 5); said != "" {
		return fmt.Errorf("%s: %w; it wrote:\n%s", c.show, err, said)
	}
	return fmt.Errorf("%s: %w; it wrote nothing", c.show, err)
}

// environment is what a command sees: what any program needs to run at all,
// the variables let through by name, and those set in the pipeline file.
func environment(pass []string, set map[string]string) []string {
	var env []string
	for _, name := range append([]string{"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ"}, pass...) {
		if v, ok := os.LookupEnv(name); ok {
			if _, own := set[name]; !own {
				env = append(env, name+"="+v)
			}
		}
	}
	for name, v := range set {
		env = append(env, name+"="+v)
	}
	return env
}

// program finds the program as the command itself would: in the PATH that it
// sees, or below the pipeline file's folder where it is named with a slash.
func (c *command) program() (string, error) {
	name := c.args[0]
	if strings.ContainsRune(name, '/') {
		return name, nil // relative to cmd.Dir
	}
	path := ""
	for _, v := range c.env {
		if p, ok := strings.CutPrefix(v, "PATH="); ok {
			path = p
		}
	}
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue // what is found must not depend on where we are
		}
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("cannot start %q: there is no such program in the PATH that it sees, %s", name, path)
}

// openLog opens the log for what a try says, and tells where that begins.
func (c *command) openLog() (log *os.File, begin int64, err error) {
	if c.try <= 1 {
		log, err = os.Create(c.log)
		return log, 0, err
	}
	log, err = os.OpenFile(c.log, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return nil, 0, err
	}
	_, err = fmt.Fprintf(log, "-- try %d of %d --\n", c.try, c.tries)
	if err == nil {
		begin, err = log.Seek(0, io.SeekEnd)
	}
	if err != nil {
		return nil, 0, errors.Join(err, log.Close())
	}
	return log, begin, nil
}

// lastLines returns the end of what a file holds from begin on, at most n lines
// and 2,000 bytes: a command may have written more than fits in memory.
func lastLines(path string, begin int64, n int) string {
	const limit = 2000
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	if _, err := f.Seek(max(begin, end-limit), io.SeekStart); err != nil {
		return ""
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.ToValidUTF8(strings.TrimSpace(string(b)), ""), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
