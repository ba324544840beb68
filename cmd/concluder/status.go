package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
	"github.com/spf13/cobra"
)

func statusCommand() *cobra.Command {
	var (
		opt    stages.Options
		vars   []string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "status [FILE]",
		Short: "Count how everything last ended; show the last run",
		Long: "Count the nodes of each stage by how they last ended, show the last run and who is\n" +
			"running now. Looks at no data and takes no lock; plan says what is not up to date.",
		Args:              atMostOneFile,
		ValidArgsFunction: completeFile,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if opt.Vars, err = variables(vars); err != nil {
				return err
			}
			opt.Program = version()
			s, err := stages.Open(pipelineFile(args), opt)
			if err != nil {
				return err
			}
			st, err := s.Status()
			if err != nil {
				return err
			}
			if asJSON {
				return statusJSON(cmd.OutOrStdout(), s.Plan, st)
			}
			return statusText(cmd.OutOrStdout(), s.Plan, st, time.Now())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "a JSON object")
	f.StringVar(&opt.ResultsDir, "results-dir", "", "where results are written (default: as the file says)")
	f.StringVar(&opt.StateDir, "state-dir", "", "where state is kept (default: .concluder beside the file)")
	f.StringArrayVar(&vars, "var", nil, "name=value of a variable of the file (repeatable)")
	return cmd
}

func statusText(w io.Writer, p *pipeline.Plan, st *pipeline.Status, now time.Time) error {
	var b strings.Builder
	fmt.Fprintf(&b, "pipeline %s: %s\n", p.Name, count(len(p.Instances), "instance"))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "stage\tnodes\tdone\tfailed\tskipped\tnever ran\t\n")
	for _, s := range st.Stages {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t  %s\n", s.Stage.Address(), s.Nodes, s.Done, s.Failed, s.Skipped, s.Never, words(s))
	}
	t.Flush() // a strings.Builder does not fail
	running := st.Holder != nil
	switch r := st.LastRun; {
	case r == nil:
		b.WriteString("there is no record of a run\n")
	case r.Finished:
		fmt.Fprintf(&b, "last run %s, %s: %s in %.1f s: %s\n", r.ID, ago(now, r.Began), count(r.Nodes, "node"), r.Duration.Seconds(), ends(r))
	default:
		verb := "was ended before it was finished"
		if running {
			verb = "is at work"
		}
		fmt.Fprintf(&b, "last run %s, %s, %s: %d of %s so far: %s\n", r.ID, ago(now, r.Began), verb,
			r.Executed+r.Cached+r.Failed+r.Skipped, count(r.Nodes, "node"), ends(r))
		if running && len(r.Running) > 0 {
			fmt.Fprintf(&b, "at work: %s\n", someOf(r.Running))
		}
	}
	if r := st.LastRun; r != nil && r.Paused != "" {
		fmt.Fprintf(&b, "paused: %s\n", r.Paused)
	}
	if running {
		fmt.Fprintf(&b, "%v\n", st.Holder)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func ends(r *pipeline.RunStatus) string {
	return fmt.Sprintf("%d executed, %d up to date, %d failed, %d skipped", r.Executed, r.Cached, r.Failed, r.Skipped)
}

// words counts a stage's nodes by its own words for how they ended.
func words(s pipeline.StageStatus) string {
	parts := byCount(s.Statuses)
	if s.Provisional > 0 {
		parts = append(parts, fmt.Sprintf("%d provisional", s.Provisional))
	}
	return strings.Join(parts, ", ")
}

// byCount lists counts by name, the largest first.
func byCount(counts map[string]int) []string {
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := counts[names[i]], counts[names[j]]
		return a > b || a == b && names[i] < names[j]
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", counts[name], name)
	}
	return names
}

// someOf is the beginning of a list.
func someOf(names []string) string {
	const shown = 8
	if n := len(names) - shown; n > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), n)
	}
	return strings.Join(names, ", ")
}

// ago is a moment in the past, as exact as people want it.
func ago(now, then time.Time) string {
	switch d := now.Sub(then); {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s ago", max(d, 0).Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%.0f min ago", d.Minutes())
	case d < 24*time.Hour:
		return fmt.Sprintf("%.0f h ago", d.Hours())
	}
	return then.Local().Format("on 2006-01-02")
}

// The JSON form of the status. Members keep their names.
type (
	statusObject struct {
		Pipeline  string        `json:"pipeline"`
		Instances int           `json:"instances"`
		Stages    []stageObject `json:"stages"`
		LastRun   *runObject    `json:"last_run"`
		Running   *holderObject `json:"running"`
	}
	stageObject struct {
		Stage       string         `json:"stage"`
		Nodes       int            `json:"nodes"`
		Done        int            `json:"done"`
		Failed      int            `json:"failed"`
		Skipped     int            `json:"skipped"`
		Never       int            `json:"never_ran"`
		Provisional int            `json:"provisional"`
		Statuses    map[string]int `json:"statuses"`
	}
	runObject struct {
		ID       string         `json:"run"`
		Began    time.Time      `json:"began"`
		Finished bool           `json:"finished"`
		Seconds  float64        `json:"duration_seconds"` // of a finished run
		Nodes    int            `json:"nodes"`
		Executed int            `json:"executed"`
		Cached   int            `json:"cached"`
		Failed   int            `json:"failed"`
		Skipped  int            `json:"skipped"`
		Statuses map[string]int `json:"statuses"`
		Paused   string         `json:"paused,omitempty"`
		Running  []string       `json:"at_work"`
	}
	holderObject struct {
		PID   int       `json:"pid"`
		Since time.Time `json:"since"`
	}
)

func statusJSON(w io.Writer, p *pipeline.Plan, st *pipeline.Status) error {
	v := statusObject{Pipeline: p.Name, Instances: len(p.Instances), Stages: []stageObject{}}
	for _, s := range st.Stages {
		v.Stages = append(v.Stages, stageObject{s.Stage.Address(), s.Nodes, s.Done, s.Failed, s.Skipped, s.Never, s.Provisional, s.Statuses})
	}
	if r := st.LastRun; r != nil {
		v.LastRun = &runObject{ID: r.ID, Began: r.Began, Finished: r.Finished, Seconds: r.Duration.Seconds(), Nodes: r.Nodes,
			Executed: r.Executed, Cached: r.Cached, Failed: r.Failed, Skipped: r.Skipped, Statuses: r.Statuses, Paused: r.Paused, Running: r.Running}
		if v.LastRun.Running == nil {
			v.LastRun.Running = []string{}
		}
	}
	if h := st.Holder; h != nil {
		v.Running = &holderObject{h.PID, h.Since}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
