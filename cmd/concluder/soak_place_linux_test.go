package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var soakSteps = flag.Int("soak-steps", 4, "sizes of disk and limits of open files that the tests of those try; 60 in full")

// mounted mounts a file system for a test, which is skipped where that is
// refused.
func mounted(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := exec.Command("mount", append(args, dir)...).CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %s", strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
}

func remount(t *testing.T, dir, option string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,"+option, dir).CombinedOutput(); err != nil {
		t.Fatalf("remount: %s", out)
	}
}

// A disk that becomes full, sooner or later, under the results, the state or
// both: the run ends with 2 and says so, and with room again the next one ends
// as if nothing had happened.
func TestFullDiskAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s, rng := newSoak(t, 12), soakRand(t)
	s.runs("calm")
	want := results(t, filepath.Join(s.dir, "calm"))
	full := map[string]int{}
	for _, under := range []string{"results", stateFolder, ""} {
		for step := range *soakSteps {
			t.Run(fmt.Sprintf("%s/%d", under, step), func(t *testing.T) {
				dir := t.TempDir()
				// Of what a run needs, about 1 MB, or 64 kB for the state alone.
				pages := 4 + (step*220+rng.IntN(220))/(*soakSteps)
				if under == stateFolder {
					pages = 3 + (step*20+rng.IntN(20))/(*soakSteps)
				}
				mounted(t, dir, "-t", "tmpfs", "-o", fmt.Sprintf("size=%dk", 4*pages), "tmpfs")
				args := []string{"run", "--var", fmt.Sprintf("limit=%d", s.limit), "--results-dir", filepath.Join(s.dir, "results"), "--state-dir", filepath.Join(s.dir, stateFolder)}
				if under != stateFolder {
					args[4] = filepath.Join(dir, "results")
				}
				if under != "results" {
					args[6] = filepath.Join(dir, "state")
				}
				for _, path := range []string{"results", stateFolder} {
					if err := os.RemoveAll(filepath.Join(s.dir, path)); err != nil {
						t.Fatal(err)
					}
				}
				code, said := runProgram(t, s.dir, args...)
				switch {
				case code == exitOK:
					full["enough"]++
				case code != exitFault || !strings.Contains(said, "no space left on device"):
					t.Errorf("%d kB: exit code %d\n%s", 4*pages, code, said)
				default:
					full["full"]++
					// Nodes that were at work may each say it, the program once.
					_, end, ok := strings.Cut(said, "concluder: ")
					if !ok || strings.Count(end, "\n") != 2 || strings.Count(end, "no space left") != 1 || !strings.Contains(end, "free some space") {
						t.Errorf("%d kB: it is not clear what is wrong:\n%s", 4*pages, said)
					}
				}
				remount(t, dir, "size=16m")
				if code, said := runProgram(t, s.dir, args...); code != exitOK {
					t.Errorf("with room again: exit code %d\n%s", code, said)
				}
				sameResults(t, withoutOwner(want), withoutOwner(results(t, args[4])))
				if code, said := runProgram(t, s.dir, args...); code != exitOK || !strings.Contains(said, ": 0 executed,") {
					t.Errorf("and again: exit code %d\n%s", code, said)
				}
			})
		}
	}
	t.Logf("%v", full)
	if !t.Failed() && (full["full"] == 0 || full["enough"] == 0) {
		t.Error("the sizes are all too small or all large enough: nothing was tested")
	}
}

// Places that are read-only, also for root: the run says which, and reading
// commands work. When they can be written again, the next run ends as if
// nothing had happened.
func TestReadOnlyPlaces(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, c := range []struct{ place, want string }{
		{"results", "concluder: the results directory cannot be written: "},
		{stateFolder, "concluder: the state directory cannot be written: "},
		{".", "cannot be written: "},
	} {
		t.Run(c.place, func(t *testing.T) {
			s := newSoak(t, 4)
			s.runs("") // something is there
			s.set(s.names[1], 1)
			place := filepath.Join(s.dir, c.place)
			mounted(t, place, "--bind", place)
			remount(t, place, "bind,ro")
			code, said := runProgram(t, s.dir, s.args("", "run")...)
			if code != exitFault || !strings.Contains(said, c.want) || !strings.Contains(said, "read-only file system") {
				t.Errorf("run: exit code %d\n%s", code, said)
			}
			for _, args := range [][]string{s.args("", "status"), s.args("", "plan"), s.args("", "gc", "--dry-run")} {
				if code, said := runProgram(t, s.dir, args...); code != exitOK {
					t.Errorf("%s: exit code %d\n%s", args[0], code, said)
				}
			}
			if code, said := runProgram(t, s.dir, s.args("", "why", "load.points/"+s.names[1])...); code != exitOK || !strings.Contains(said, "input measurements") {
				t.Errorf("why: exit code %d\n%s", code, said)
			}
			remount(t, place, "bind,rw")
			s.runs("")
			s.runs("calm")
			sameResults(t, results(t, filepath.Join(s.dir, "calm")), results(t, filepath.Join(s.dir, "results")))
			s.idle("")
		})
	}
}

// Too few files may be open: the run ends with 2 and says so, or gets along. It
// takes no file for missing or wrong that it could not open.
func TestTooManyOpenFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newSoak(t, 8)
	file := strings.Replace(soakFile, "  limit ", "  equation     = \"equations/${instance}.txt\"\n  limit ", 1)
	file = strings.Replace(file, ".csv\")\n", ".csv\")\n  max_workers = 8\n", 1)
	write(t, filepath.Join(s.dir, "pipeline.hcl"), file)
	if err := os.Mkdir(filepath.Join(s.dir, "equations"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, name := range s.names {
		write(t, filepath.Join(s.dir, "equations", name+".txt"), fmt.Sprintf("%d*x0**2 + 3", i+1))
	}
	s.runs("calm")
	want := results(t, filepath.Join(s.dir, "calm"))
	outcomes := map[string]int{}
	for step := range *soakSteps {
		// With fewer than nine the program cannot begin, whatever it is.
		limit := 9 + step*14/(*soakSteps)
		for _, place := range []string{"results", stateFolder} {
			if err := os.RemoveAll(filepath.Join(s.dir, place)); err != nil {
				t.Fatal(err)
			}
		}
		cmd, out := program(t, s.dir, s.args("", "run")...)
		cmd.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, limit), cmd.Path}, cmd.Args[1:]...)
		// The name by which TestMain knows what to do goes through a link.
		link := filepath.Join(t.TempDir(), "concluder")
		if err := os.Symlink(cmd.Path, link); err != nil {
			t.Fatal(err)
		}
		cmd.Args[3] = link
		cmd.Path = "/bin/sh"
		cmd.Run()
		code, said := cmd.ProcessState.ExitCode(), out.String()
		outcomes[fmt.Sprint("exit ", code)]++
		if code != exitOK && (code != exitFault || !strings.Contains(said, "too many open files")) {
			t.Errorf("with %d files: exit code %d\n%s", limit, code, said)
		}
		s.runs("")
		sameResults(t, want, results(t, filepath.Join(s.dir, "results")))
		s.idle("")
		if t.Failed() {
			t.Fatalf("with %d files: %s", limit, said)
		}
	}
	t.Log(outcomes)
}
