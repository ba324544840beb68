package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
	"github.com/concluder/concluder/stages/llm"
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

// mayOverwrite refuses a file that exists and is no earlier export, most likely
// because the arguments are the wrong way round, and one that a provider of the
// pipeline answers from.
func mayOverwrite(path string, providers []*pipeline.Provider) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	target, err := f.Stat()
	if err != nil {
		return err
	}
	for _, p := range providers {
		recording, ok := stages.Recording(p)
		if !ok {
			continue
		}
		if st, err := os.Stat(recording); err == nil && os.SameFile(st, target) {
			return fmt.Errorf("%s is the recording that provider %q answers from: it is left as it is; name another file to write, or say --force", path, p.Name)
		}
	}
	var line struct {
		Version  int
		Question string
	}
	// An empty file is what an export without answers looks like.
	if target.Mode().IsRegular() && target.Size() == 0 || json.NewDecoder(f).Decode(&line) == nil && line.Version > 0 && line.Question != "" {
		return nil
	}
	return usageError{fmt.Errorf("%s exists and is not an earlier export: name another file to write, or say --force", path)}
}

// mayReplace refuses to put n answers in the place of an earlier export with
// others. With force it does only where there are none at all: nobody has a use
// for that.
func mayReplace(path, renewed string, n int, force bool) error {
	if force && n > 0 {
		return nil
	}
	old, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer old.Close()
	f, err := os.Open(renewed)
	if err != nil {
		return err
	}
	defer f.Close()
	held, lost, err := llm.Lost(old, f)
	switch {
	case err != nil:
		return fmt.Errorf("reading %s: %w", path, err)
	case n == 0 && held > 0:
		return fmt.Errorf("there is no answer to write, and %s is not empty: it is left as it is; remove it first if it is to be", path)
	case lost > 0:
		return fmt.Errorf("%s holds %s, %d of them not in the journal: it is left as it is; name another file to write, or say --force", path, count(held, "answer"), lost)
	}
	return nil
}

// export writes the journal to path: whole or not at all, since a cut export
// would look like a complete one.
func export(ctx context.Context, s *stages.Session, path string, force bool) (int, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return 0, cannotWrite(path, "", err)
	}
	defer os.Remove(f.Name())
	n, err := s.ExportJournal(ctx, f)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return 0, cannotWrite(path, f.Name(), err)
	}
	if err := mayReplace(path, f.Name(), n, force); err != nil {
		return 0, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, cannotWrite(path, f.Name(), err)
	}
	return n, nil
}

// cannotWrite names the file that people asked for in an error that names the
// temporary one, "" for any. Another error stays as it is.
func cannotWrite(path, temporary string, err error) error {
	var file *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &link):
		err = link.Err
	case errors.As(err, &file) && (temporary == "" || file.Path == temporary):
		err = file.Err
	default:
		return err
	}
	return fmt.Errorf("cannot write %s: %w", path, err)
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
			s, err := stages.Open(pipelineFile(args[1:]), opt)
			if err != nil {
				return err
			}
			if !force {
				if err := mayOverwrite(args[0], s.Plan.Providers); err != nil {
					return err
				}
			}
			n, err := export(cmd.Context(), s, args[0], force)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s written to %s\n", count(n, "answer"), args[0])
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite any file, but not one with answers when there are none to write")
	cmd.Flags().StringVar(&opt.StateDir, "state-dir", "", "where state is kept (default: .concluder beside the file)")
	cmd.Flags().StringArrayVar(&vars, "var", nil, "name=value of a variable of the file (repeatable)")
	return cmd
}
