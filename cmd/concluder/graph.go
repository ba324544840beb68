package main

import (
	"fmt"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func graphCommand() *cobra.Command {
	var vars []string
	var format string
	cmd := &cobra.Command{
		Use:               "graph [FILE]",
		Short:             "Print the graph of the stages as dot, mermaid or json",
		Args:              atMostOneFile,
		ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "dot" && format != "mermaid" && format != "json" {
				return usageError{fmt.Errorf("--format is %q: expected dot, mermaid or json", format)}
			}
			values, err := variables(vars)
			if err != nil {
				return err
			}
			s, err := stages.Open(pipelineFile(args), stages.Options{Vars: values, Program: version()})
			if err != nil {
				return err
			}
			return pipeline.WriteGraph(cmd.OutOrStdout(), s.Plan, format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "dot", "dot, mermaid or json")
	cmd.Flags().StringArrayVar(&vars, "var", nil, "name=value of a variable of the file (repeatable)")
	return cmd
}
