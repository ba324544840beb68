package main

import (
	"fmt"

	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func validateCommand() *cobra.Command {
	var vars []string
	cmd := &cobra.Command{
		Use:               "validate [FILE]",
		Short:             "Find every mistake in a pipeline file",
		Args:              atMostOneFile,
		ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := variables(vars)
			if err != nil {
				return err
			}
			s, err := stages.Open(pipelineFile(args), stages.Options{Vars: values, Program: version()})
			if err != nil {
				return err
			}
			if err := s.Ready(); err != nil {
				return err
			}
			if err := s.WriteWarnings(cmd.ErrOrStderr()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %s, %s\n", pipelineFile(args),
				count(len(s.Plan.Instances), "instance"), count(len(s.Plan.Stages), "stage"))
			return err
		},
	}
	cmd.Flags().StringArrayVar(&vars, "var", nil, "name=value of a variable of the file (repeatable)")
	return cmd
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
