package llm_test

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
	"golang.org/x/sys/unix"
)

// A diskFault makes the system refuse what the journal asks of it; mend ends
// that. Nothing of the program is replaced: the calls fail in the kernel.
type diskFault struct {
	name  string
	begin func(path string) (mend func() error, err error)
	says  string // part of the error that it causes
}

var diskFaults = []diskFault{
	{"fsync fails", failSync, "disk I/O error"},
	{"write fails", failWrite, "disk I/O error"},
}

// failSync puts /dev/null in the place of the open files of the write-ahead
// log: it takes every write, and fsync of it gives EINVAL.
func failSync(path string) (mend func() error, err error) {
	open, err := filesOpen(path + "-wal")
	if err != nil {
		return nil, err
	}
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(null)
	saved := map[int]int{}
	for _, fd := range open {
		was, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		saved[fd] = was
		if err := unix.Dup3(null, fd, unix.O_CLOEXEC); err != nil {
			return nil, err
		}
	}
	return func() error {
		var errs []error
		for fd, was := range saved {
			errs = append(errs, unix.Dup3(was, fd, unix.O_CLOEXEC), unix.Close(was))
		}
		return errors.Join(errs...)
	}, nil
}

// filesOpen lists the descriptors of this process that are open on a file.
func filesOpen(path string) (fds []int, err error) {
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		if to, err := os.Readlink(l); err != nil || to != path {
			continue
		}
		var fd int
		if _, err := fmt.Sscanf(filepath.Base(l), "%d", &fd); err != nil {
			return nil, err
		}
		fds = append(fds, fd)
	}
	if len(fds) == 0 {
		return nil, fmt.Errorf("%s is not open", path)
	}
	return fds, nil
}

// failWrite forbids this process to write beyond where the write-ahead log
// ends: write gives EFBIG.
func failWrite(path string) (mend func() error, err error) {
	fi, err := os.Stat(path + "-wal")
	if err != nil {
		return nil, err
	}
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		return nil, err
	}
	signal.Ignore(syscall.SIGXFSZ) // it would end the process
	limit := unix.Rlimit{Cur: uint64(fi.Size()), Max: was.Max}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return nil, err
	}
	return func() error { return unix.Setrlimit(unix.RLIMIT_FSIZE, &was) }, nil
}

// Fault 50, where the disk fails and is not only full: the sync or the write of
// a commit is refused at each moment of an exchange. No answer that is not in
// the journal is read, judged or counted; the run stops with an error that
// names the journal; nothing that was kept is lost or asked again.
func TestDiskFails(t *testing.T) {
	const before, many = 4, 40
	for _, fault := range diskFaults {
		for _, moment := range []string{"before commit", "send", "received"} {
			t.Run(fault.name+", "+moment, func(t *testing.T) {
				bubble(t, llmtest.Config{Latency: 50 * time.Millisecond}, func(c *llm.Config) {
					c.Price, c.Budget, c.MaxTokens = llm.Price{Input: 1, Output: 2}, 1, 500
				}, func(b *bench) {
					if _, err := os.Stat(b.path + "-wal"); err != nil {
						b.t.Skip("the journal has no write-ahead log on this file system: ", err)
					}
					for i := range before {
						if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
							b.t.Fatal(err)
						}
					}
					b.reopen() // so that what is to come is seen by a client of its own
					mend := func() error { return nil }
					var once sync.Once
					var broken atomic.Bool
					b.journal.AtStep(func(step string) {
						// In the middle: some answers are in, some at the server.
						if step == moment && b.client.Stats().Requests >= 10 || moment == "before commit" && step == moment && b.server.Requests() > before+10 {
							once.Do(func() {
								var err error
								if mend, err = fault.begin(b.path); err != nil {
									b.t.Error(err)
									mend = func() error { return nil }
								}
								broken.Store(true)
							})
						}
					})
					var judged, answered atomic.Int64
					judge := func(llm.Answer) (llm.Verdict, string) { judged.Add(1); return llm.Accepted, "" }
					var wg sync.WaitGroup
					for i := before; i < before+many; i++ {
						wg.Go(func() {
							rep, err := b.ask(question(i), llm.AskOptions{Judge: judge})
							var je *llm.JournalError
							switch {
							case err == nil:
								answered.Add(1)
							case !errors.As(err, &je) || !strings.Contains(err.Error(), b.path) || !strings.Contains(err.Error(), fault.says):
								b.t.Errorf("question %d: got %v, want a JournalError that names the file and says %q", i, err, fault.says)
							case len(rep.Attempts) > 0:
								b.t.Errorf("question %d: an answer that is not kept was read", i)
							}
						})
					}
					wg.Wait()
					if !broken.Load() {
						b.t.Fatalf("the disk never failed at %q", moment)
					}
					stats, sent := b.client.Stats(), b.server.Requests()
					if _, err := b.ask(question(before+many), llm.AskOptions{}); err == nil || b.server.Requests() != sent {
						b.t.Errorf("after the failure: %v, and %d requests more", err, b.server.Requests()-sent)
					}
					if err := mend(); err != nil {
						b.t.Fatal(err)
					}
					b.close()
					kept, open := journalBodies(b.t, b.path)
					if got := int64(len(kept) - before); judged.Load() > got || answered.Load() > got || stats.Answers > got || stats.Verdicts[llm.Accepted] > got {
						b.t.Errorf("%d answers are kept; %d were judged, %d given, %d counted", got, judged.Load(), answered.Load(), stats.Answers)
					}
					if answered.Load() == many {
						b.t.Error("every question was answered: the failure met nothing")
					}
					for _, r := range b.server.Log() {
						if kept[r.Digest]+open[r.Digest] == 0 {
							b.t.Error("a request was sent that the journal does not announce")
						}
					}
					// The disk is well again: the next run asks for the rest, and only that.
					b.open()
					for i := range before + many {
						if _, err := b.ask(question(i), llm.AskOptions{}); err != nil {
							b.t.Errorf("question %d, later: %v", i, err)
						}
					}
					if got, want := b.server.Requests()-sent, before+many-len(kept); got != want {
						b.t.Errorf("the next run sends %d requests, want the %d without a kept answer", got, want)
					}
				})
			})
		}
	}
}

// A disk that fails for a moment costs no answer: it is tried again.
func TestDiskFailsForAMoment(t *testing.T) {
	for _, fault := range diskFaults {
		t.Run(fault.name, func(t *testing.T) {
			bubble(t, llmtest.Config{}, nil, func(b *bench) {
				if _, err := os.Stat(b.path + "-wal"); err != nil {
					b.t.Skip("the journal has no write-ahead log on this file system: ", err)
				}
				failed := make(chan error, 1)
				var once sync.Once
				b.journal.AtStep(func(step string) {
					if step != "received" {
						return
					}
					once.Do(func() {
						mend, err := fault.begin(b.path)
						if err != nil {
							failed <- err
							return
						}
						go func() {
							time.Sleep(300 * time.Millisecond)
							failed <- mend()
						}()
					})
				})
				rep, err := b.ask(question(0), llm.AskOptions{})
				if err != nil || rep.Sent != 1 {
					b.t.Errorf("%d requests, %v", rep.Sent, err)
				}
				if err := <-failed; err != nil {
					b.t.Fatal(err)
				}
				b.reopen()
				if rep, err := b.ask(question(0), llm.AskOptions{}); err != nil || !rep.FromJournal {
					b.t.Errorf("the answer is not kept: %v", err)
				}
			})
		})
	}
}
