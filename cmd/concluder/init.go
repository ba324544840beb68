package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a pipeline file for the measurements that are there",
		Long: "Look for measurements, and for equations fitted to them, in the folder of a pipeline\n" +
			"file that is yet to be written, and write it, with comments. A file that is there\n" +
			"already stays as it is.",
		Args: atMostOneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			file := pipelineFile(args)
			there := usageError{fmt.Errorf("%s exists: remove it first, or name another file", file)}
			if _, err := os.Lstat(file); err == nil {
				return there
			}
			d, err := stages.NewDraft(file)
			var none *stages.NoMeasurementsError
			if errors.As(err, &none) || errors.Is(err, fs.ErrNotExist) {
				return usageError{err}
			}
			if err != nil {
				return err
			}
			if err := d.Write(file); errors.Is(err, fs.ErrExist) {
				return there
			} else if err != nil {
				return err
			}
			out := fmt.Sprintf("%s written: %s, measurements %s, x %q, y %q", file, count(d.Instances, "instance"), d.Measurements, d.X, d.Y)
			if d.Equation != "" {
				out += ", equations " + d.Equation
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\nlook it over; concluder run does the rest\n", out)
			return err
		},
	}
}
