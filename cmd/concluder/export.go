package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write what is remembered in a form for others",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usageError{errors.New("export what? There is: export journal OUT.jsonl [FILE]")}
		},
	}
	cmd.AddCommand(exportJournalCommand())
	return cmd
}

// mayOverwrite refuses a file that exists and is not an export: most likely
// the arguments are the wrong way round.
func mayOverwrite(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	var line struct {
		Version  int
		Question string
	}
	if json.NewDecoder(f).Decode(&line) == nil && line.Version > 0 && line.Question != "" {
		return nil
	}
	return usageError{fmt.Errorf("%s exists and is not an earlier export: name another file to write, or say --force", path)}
}

func exportJournalCommand() *cobra.Command {
	var (
		opt   stages.Options
		vars  []string
		force bool
	)
	cmd := &cobra.Command{
		Use:   "journal OUT.jsonl [FILE]",
		Short: "Write every recorded answer, for a provider's replay",
		Long:  "Write every recorded answer as a JSON line. A provider block with replay = \"OUT.jsonl\"\ngives the same answers to anyone, with no key and nothing sent. No key is in it.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{errors.New("export journal takes the file to write, then at most one pipeline file")}
			}
			return nil
		},
		ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Vars, err = variables(vars); err != nil {
				return err
			}
			opt.Program = version()
			if !force {
				if err := mayOverwrite(args[0]); err != nil {
					return err
				}
			}
			s, err := stages.Open(pipelineFile(args[1:]), opt)
			if err != nil {
				return err
			}
			// Whole or not at all: a cut export would look like a complete one.
			f, err := os.CreateTemp(filepath.Dir(args[0]), ".export-*")
			if err != nil {
				return err
			}
			defer os.Remove(f.Name())
			n, err := s.ExportJournal(cmd.Context(), f)
			if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
				return err
			}
			if err := os.Rename(f.Name(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s written to %s\n", count(n, "answer"), args[0])
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite a file that is no earlier export")
	cmd.Flags().StringVar(&opt.StateDir, "state-dir", "", "where state is kept (default: .concluder beside the file)")
	cmd.Flags().StringArrayVar(&vars, "var", nil, "name=value of a variable of the file (repeatable)")
	return cmd
}
