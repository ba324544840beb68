package llm_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/concluder/concluder/stages/llm"
	"github.com/concluder/concluder/stages/llm/llmtest"
)

// TestMain turns the test binary into the process that a test kills or runs
// beside itself: see childConfig and serverConfig.
func TestMain(m *testing.M) {
	if s := os.Getenv("LLM_TEST_CHILD"); s != "" {
		if err := child(s); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if s := os.Getenv("LLM_TEST_SERVER"); s != "" {
		if err := serve(s); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// childConfig tells a child process what to ask.
type childConfig struct {
	Journal, URL string
	From, To     int
	Callers      int
	KillAt       string // step of persisting at which it kills itself, "" for none
	KillAfter    int    // … when it comes there for this time
	Out          string // file for the results
}

func child(s string) error {
	var cc childConfig
	if err := json.Unmarshal([]byte(s), &cc); err != nil {
		return err
	}
	j, err := llm.OpenJournal(cc.Journal)
	if err != nil {
		return err
	}
	if cc.KillAt != "" {
		var mu sync.Mutex
		n := 0
		j.AtStep(func(step string) {
			mu.Lock()
			defer mu.Unlock()
			if step == cc.KillAt {
				if n++; n > cc.KillAfter {
					syscall.Kill(os.Getpid(), syscall.SIGKILL)
					select {} // nothing more happens here
				}
			}
		})
	}
	zero := 0.0
	c, err := llm.New(llm.Config{
		Name: "model", BaseURL: cc.URL, Model: "test-model", APIKey: testKey, Temperature: &zero,
		Limits: llm.Limits{InFlight: 64}, Price: llm.Price{Input: 1, Output: 2},
	}, j)
	if err != nil {
		return err
	}
	results := make([]string, cc.To-cc.From)
	errs := make([]error, cc.To-cc.From)
	next := make(chan int)
	var wg sync.WaitGroup
	for range cc.Callers {
		wg.Go(func() {
			for i := range next {
				rep, err := c.Ask(context.Background(), question(i), llm.AskOptions{})
				errs[i-cc.From] = err
				results[i-cc.From] = fmt.Sprintf("%d %s %s %s %d", i, rep.Verdict, rep.Answer.TypeOfEquation, rep.Answer.UpperBound, len(rep.Attempts))
			}
		})
	}
	for i := cc.From; i < cc.To; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if err := c.Close(); err != nil {
		return err
	}
	if err := j.Close(); err != nil {
		return err
	}
	if cc.Out == "" {
		return nil
	}
	b, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(cc.Out, b, 0o644)
}

// serverConfig tells a process what server to be.
type serverConfig struct {
	Latency                     time.Duration
	Capacity, RequestsPerMinute int
}

// serve prints the server's base URL and serves until standard input ends.
func serve(s string) error {
	var sc serverConfig
	if err := json.Unmarshal([]byte(s), &sc); err != nil {
		return err
	}
	debug.SetGCPercent(400) // it keeps a log of all requests
	server := llmtest.New(llmtest.Config{Latency: sc.Latency, Capacity: sc.Capacity, RequestsPerMinute: sc.RequestsPerMinute})
	defer server.Close()
	fmt.Println(server.URL)
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// serveApart starts a server in a process of its own, which ends with the test,
// and returns its base URL. So what is measured here is not the server's.
func serveApart(tb testing.TB, sc serverConfig) string {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	conf, err := json.Marshal(sc)
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "LLM_TEST_SERVER="+string(conf))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			tb.Errorf("the server's process: %v", err)
		}
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatalf("the server's process says no URL: %v", err)
	}
	return strings.TrimSpace(url)
}
