package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// run is the program. What is wrong with the flags is also said on stderr.
func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: scale [flags] DIR")
		flags.PrintDefaults()
	}
	var g graph
	flags.IntVar(&g.instances, "n", 1000, "`number` of instances")
	flags.StringVar(&g.prefix, "prefix", "i", "what the instances' `names` begin with; a number follows")
	flags.BoolVar(&g.summary, "summary", false, "end in a stage that reads all instances")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case flags.NArg() != 1:
		return fmt.Errorf("%d folders are named; name one to write into", flags.NArg())
	}
	return g.write(flags.Arg(0))
}
