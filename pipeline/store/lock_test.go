//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// A holder says who it is a moment after it has taken the lock. Whoever comes
// in between waits for that, and does not take an earlier holder's word for it.
func TestHolderThatHasNotSaidYet(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Skip(err)
	}
	for name, left := range map[string]string{
		"nothing":        "",
		"a dead process": fmt.Sprintf("%d 2020-01-01T00:00:00Z\n", ended.ProcessState.Pid()),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "lock")
				f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if _, err := f.WriteString(left); err != nil {
					t.Fatal(err)
				}
				if err := lockFile(f); err != nil {
					t.Fatal(err)
				}
				go func() {
					time.Sleep((lockRetries + 3) * lockPause)
					f.WriteAt(fmt.Appendf(nil, "%d 2026-01-02T03:04:05Z\n", os.Getpid()), 0)
				}()
				_, err = Acquire(path)
				var held *HeldError
				if !errors.As(err, &held) || held.PID != os.Getpid() || held.Since.Year() != 2026 {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// One that never says so is not waited for much longer than that.
func TestHolderThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "lock")
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := lockFile(f); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		h, err := Holder(path)
		if err != nil || h == nil || h.PID != 0 || time.Since(began) > time.Second {
			t.Errorf("%+v, %v after %s", h, err, time.Since(began))
		}
	})
}
