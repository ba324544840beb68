// Serve runs the test server of package llmtest, so that a pipeline can be
// tried against it:
//
//	go run ./stages/llm/llmtest/serve --replay FILE.jsonl --latency 200ms
//
// It prints its base URL on the first line of standard output and serves until
// it is interrupted.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/concluder/concluder/stages/llm/llmtest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	addr := f.String("addr", "127.0.0.1:0", "address to listen on")
	replay := f.String("replay", "", "answer from this recording, a JSON object a line")
	noQuota := f.Bool("quota-ended", false, "questions whose record is a quota error are answered, as on the next day")
	latency := f.Duration("latency", 0, "latency of every answer")
	capacity := f.Int("capacity", 0, "requests at once; beyond them, status 429")
	queue := f.Int("queue", 0, "requests worked on at once; the others wait")
	rpm := f.Int("requests-per-minute", 0, "requests in any 60 seconds; beyond them, status 429")
	key := f.String("key", "", "API key to demand")
	faults := f.String("faults", "", "numbers of faults, separated by commas: the first requests get one each, then all is well")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	cfg := llmtest.Config{Latency: *latency, Capacity: *capacity, Queue: *queue, RequestsPerMinute: *rpm, APIKey: *key}
	if *replay != "" {
		recs, err := llmtest.ReadRecording(*replay)
		if err != nil {
			return err
		}
		cfg.Recording = recs
	}
	if *faults != "" {
		var list []llmtest.Fault
		for _, s := range strings.Split(*faults, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(s))
			if err != nil {
				return fmt.Errorf("--faults: %q is not a number", s)
			}
			fault := llmtest.Fault(n)
			if !fault.Known() {
				return fmt.Errorf("--faults: the server has no fault %d: see go doc ./stages/llm/llmtest Fault", n)
			}
			list = append(list, fault)
		}
		cfg.Script = llmtest.Sequence(list...)
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	cfg.Listener = l
	s := llmtest.New(cfg)
	if *noQuota {
		s.EndQuota()
	}
	fmt.Println(s.URL)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	last := 0
	for {
		select {
		case <-stop:
			s.Close()
			fmt.Fprintf(os.Stderr, "%d requests, %d of them answered twice\n", s.Requests(), len(s.Doubles()))
			return nil
		case <-tick.C:
			if n := s.Requests(); n != last {
				fmt.Fprintf(os.Stderr, "%d requests\n", n)
				last = n
			}
		}
	}
}
