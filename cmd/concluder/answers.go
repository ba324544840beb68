package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
	"github.com/concluder/concluder/stages/llm"
	"github.com/spf13/cobra"
)

func answersCommand() *cobra.Command {
	var (
		opt  stages.Options
		vars []string
	)
	cmd := &cobra.Command{
		Use:   "answers INSTANCE [FILE]",
		Short: "Show what a model was asked about an instance and what came of it",
		Long:  "Show the prompt, the raw answer, each rung of its reading and the verdict, for every\nanswer that is recorded. Sends nothing.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{errors.New("answers takes an instance, then at most one pipeline file")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Vars, err = variables(vars); err != nil {
				return err
			}
			opt.Program = version()
			s, err := stages.Open(pipelineFile(args[1:]), opt)
			if err != nil {
				return err
			}
			if !slices.Contains(s.Plan.Instances, args[0]) {
				return &pipeline.InstanceError{Name: args[0]}
			}
			asked, err := s.Answers(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return showAnswers(cmd.OutOrStdout(), args[0], asked)
		},
	}
	cmd.Flags().StringVar(&opt.StateDir, "state-dir", "", "where state is kept (default: .concluder beside the file)")
	cmd.Flags().StringArrayVar(&vars, "var", nil, "name=value of a variable of the file (repeatable)")
	return cmd
}

func showAnswers(w io.Writer, instance string, asked []stages.Asked) error {
	var b strings.Builder
	if len(asked) == 0 {
		b.WriteString("no stage asks a model\n")
	}
	for _, a := range asked {
		role := "provider"
		if a.Fallback {
			role = "fallback"
		}
		fmt.Fprintf(&b, "== %s/%s, %s %s\n", a.Stage, instance, role, a.Provider)
		switch {
		case a.Status != stages.StatusSuccess:
			fmt.Fprintf(&b, "nothing is asked: %s: %s\n", a.Status, a.Error)
		case len(a.Reply.Attempts) == 0:
			b.WriteString("nothing is recorded\n")
		}
		for i, at := range a.Reply.Attempts {
			showAttempt(&b, i+1, at)
		}
		if len(a.Reply.Attempts) > 0 {
			next := "another run asks nothing more"
			if !a.Complete {
				next = "another run asks once more"
			}
			fmt.Fprintf(&b, "-- outcome: %s; %s\n", a.Reply.Verdict, next)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func showAttempt(b *strings.Builder, n int, at llm.Attempt) {
	fmt.Fprintf(b, "-- answer %d (%s), sent %s, model %s, finish %s, %d tokens in, %d out\n", n, at.Kind,
		at.Sent.UTC().Format("2006-01-02 15:04:05"), at.Model, cmp.Or(at.Finish, "not given"), at.Usage.Input, at.Usage.Output)
	for _, m := range messages(at.Request) {
		fmt.Fprintf(b, "-- prompt, %s:\n%s\n", m.Role, strings.TrimSpace(m.Content))
	}
	fmt.Fprintf(b, "-- text:\n%s\n-- reading:\n", at.Text)
	for _, r := range at.Rungs {
		state := "ok  "
		if !r.OK {
			state = "fail"
		}
		fmt.Fprintf(b, "%s %-12s %s\n", state, r.Name, r.Note)
	}
	fmt.Fprintf(b, "-- verdict: %s", at.Verdict)
	if at.Detail != "" {
		fmt.Fprintf(b, ": %s", at.Detail)
	}
	b.WriteString("\n")
}

type message struct{ Role, Content string }

// messages are the prompt in a recorded request; nil where it does not read.
func messages(request []byte) []message {
	var body struct{ Messages []message }
	if json.Unmarshal(request, &body) != nil {
		return nil
	}
	return body.Messages
}
