package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func fmtCommand() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt [FILE]",
		Short: "Lay a pipeline file out in the canonical style",
		Long: "Rewrite a pipeline file in the canonical style: two spaces, aligned equals signs.\n" +
			"Comments stay. - reads standard input and writes standard output.",
		Args:              atMostOneFile,
		ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			file := pipelineFile(args)
			if file == "-" {
				return formatStream(cmd.InOrStdin(), cmd.OutOrStdout(), check)
			}
			changed, err := formatFile(file, check)
			switch {
			case err != nil:
				return err
			case changed && check:
				return notFormatted(file)
			case changed:
				_, err = fmt.Fprintln(cmd.OutOrStdout(), file)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; fail where something would change")
	return cmd
}

// notFormatted is what --check says of a file that would change.
func notFormatted(file string) error {
	return usageError{fmt.Errorf("%s is not in the canonical style: concluder fmt rewrites it", file)}
}

// formatFile rewrites a file, whole or not at all, and reports whether it
// changes, or with check would change.
func formatFile(file string, check bool) (bool, error) {
	// A symbolic link stays one: what it leads to is replaced.
	file, err := filepath.EvalSymlinks(file)
	if err != nil {
		return false, wrongFile(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return false, wrongFile(err)
	}
	out, err := stages.Format(file, text)
	if err != nil || bytes.Equal(out, text) || check {
		return err == nil && !bytes.Equal(out, text), err
	}
	return true, replaceFile(file, out)
}

// wrongFile is the error of a file that is named on the command line and
// cannot be read.
func wrongFile(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return usageError{err}
	}
	return err
}

// replaceFile makes a file hold exactly this text, or leaves it as it was. Its
// permissions stay.
func replaceFile(file string, text []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".concluder-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func formatStream(in io.Reader, out io.Writer, check bool) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	formatted, err := stages.Format("standard input", text)
	if err != nil {
		return err
	}
	if check {
		if !bytes.Equal(formatted, text) {
			return notFormatted("standard input")
		}
		return nil
	}
	_, err = out.Write(formatted)
	return err
}
