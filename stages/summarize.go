package stages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/llm"
)

// summarizeKind gathers every instance's result into one summary and a table.
// It runs whatever became of the instances, so that a paused or interrupted
// run leaves a summary too; one that stopped before anything was concluded
// leaves that of the run before.
func (e *environ) summarizeKind() pipeline.Kind {
	return pipeline.Kind{
		Name: "summarize", Version: "1", Scope: pipeline.Aggregate, Partial: true,
		Attributes: []pipeline.Attribute{
			{Name: "conclusions", Role: pipeline.StageRefs, Kinds: []string{"conclude"}, Required: true},
			{Name: "plots", Role: pipeline.StageRefs, Kinds: []string{"plot"}},
		},
		Outputs: func(p pipeline.Place) []pipeline.Output {
			return []pipeline.Output{
				{Name: "summary", Path: p.Prefix + "parallel_llm_conclude_summary.json"},
				{Name: "report", Path: p.Prefix + "report.csv"},
			}
		},
		Run: e.runSummarize,
	}
}

// A Summary is the content of parallel_llm_conclude_summary.json.
type Summary struct {
	Pipeline      string             `json:"pipeline"`
	Statistics    Statistics         `json:"statistics"`
	Timing        Timing             `json:"timing"`
	Configuration map[string]any     `json:"configuration"`
	Provenance    Provenance         `json:"provenance"`
	Comparison    *Comparison        `json:"comparison"` // null for a single conclude stage
	Results       map[string]*Result `json:"results"`
}

// Timing is when the run was. It differs between equal runs, as nothing else
// in the summary does.
type Timing struct {
	Started         time.Time `json:"started"`
	Finished        time.Time `json:"finished"`
	DurationSeconds float64   `json:"duration_seconds"`

	Providers map[string]Spent `json:"providers,omitempty"` // by name; what this run sent
	Journal   string           `json:"journal_digest,omitempty"`
}

// Spent is what one provider was sent in one run.
type Spent struct {
	Requests     int64   `json:"requests"` // retries included
	FromJournal  int64   `json:"from_journal"`
	Retries      int64   `json:"retries"`
	ReAsks       int64   `json:"re_asks"`
	RateLimited  int64   `json:"rate_limited"`
	ServerErrors int64   `json:"server_errors"`
	InputTokens  int64   `json:"input_tokens"`
	OutputTokens int64   `json:"output_tokens"`
	Cost         float64 `json:"cost"`
	Budget       float64 `json:"budget_spent"` // over all runs
	Currency     string  `json:"currency"`
	PerMinute    float64 `json:"requests_per_minute"`
	Concurrency  int     `json:"concurrency"`
	InFlight     int     `json:"in_flight"`
}

// Provenance says what made the summary.
type Provenance struct {
	Program      string         `json:"program"`
	Prompt       string         `json:"prompt_digest"` // of the built-in prompt's wording
	Reader       string         `json:"reader_version"`
	Seeds        string         `json:"seeds"`
	Inputs       string         `json:"inputs_digest"` // of the conclusions summed up
	Models       map[string]int `json:"models"`        // as the servers named them, with the answers of each
	Fingerprints map[string]int `json:"fingerprints"`
	X            string         `json:"x"` // what was measured, as the first load stage says it
	Y            string         `json:"y"`
}

// provenance gathers what the results themselves say of their origin.
func (e *environ) provenance(t *pipeline.Task, conclusions []pipeline.Upstream, results map[string]*Result) Provenance {
	p := Provenance{
		Program: t.Program, Prompt: llm.PromptDigest(), Reader: llm.ReaderVersion,
		Seeds:  "derived from each series' points",
		Models: map[string]int{}, Fingerprints: map[string]int{},
	}
	h := sha256.New()
	for _, u := range conclusions {
		digest := ""
		if conclusion, ok := u.Output("conclusion"); ok {
			digest = conclusion.Digest.String()
		}
		fmt.Fprintf(h, "%q %q %s\n", u.Stage, u.Instance, digest)
	}
	p.Inputs = hex.EncodeToString(h.Sum(nil))
	for _, r := range results {
		if a := r.answer(); a != nil {
			p.Models[a.Model]++
			if a.Fingerprint != "" {
				p.Fingerprints[a.Fingerprint]++
			}
		}
	}
	p.X, p.Y = e.measured()
	return p
}

// measured is what the first load stage calls x and y.
func (e *environ) measured() (x, y string) {
	for _, st := range e.plan.Stages {
		if st.Kind.Name != "load" || len(e.plan.Instances) == 0 {
			continue
		}
		spec, diags := st.Node(e.plan.Instances[0])
		if diags.HasErrors() {
			continue
		}
		for _, v := range spec.Settings {
			switch v.Name {
			case "x":
				x = v.Value.AsString()
			case "y":
				y = v.Value.AsString()
			}
		}
		return x, y
	}
	return "", ""
}

func (e *environ) runSummarize(ctx context.Context, t *pipeline.Task) error {
	// A key that is not set, say: with nothing new, every row that the run was
	// to make would be not_run, in the place of those that are good.
	if e.stopped.Load() && !e.concluded.Load() {
		return &pipeline.DrainedError{Err: errors.New("the run stopped before anything was concluded")}
	}
	now := time.Now().UTC()
	stamp := now.Format(time.RFC3339)
	plotErrors := map[string]string{}
	for _, u := range t.Upstream("plots") {
		if u.State == pipeline.Failed {
			plotErrors[u.Instance] = u.Error
		}
	}
	s := &Summary{
		Pipeline:      e.plan.Name,
		Configuration: e.configuration(),
		Results:       make(map[string]*Result, len(t.Instances)),
	}
	conclusions := t.Upstream("conclusions")
	first := ""
	for _, u := range conclusions {
		if first == "" {
			first = u.Stage
		}
		if u.Stage != first {
			continue // another provider's view of the same instances
		}
		r, err := resultOf(u)
		if err != nil {
			return err
		}
		if r.Status != StatusNotRun {
			r.Timestamp = &stamp
		}
		if why, failed := plotErrors[u.Instance]; failed {
			r.PlotError = &why
		}
		s.Results[u.Instance] = r
	}
	s.Provenance = e.provenance(t, conclusions, s.Results)
	s.Statistics = statisticsOf(t.Instances, s.Results)
	var err error
	if s.Comparison, err = compare(conclusions); err != nil {
		return err
	}
	s.Timing = Timing{Started: e.started.UTC(), Finished: now, DurationSeconds: now.Sub(e.started).Seconds(), Providers: e.spent()}
	if s.Timing.Journal, err = e.journalDigest(ctx); err != nil {
		return err
	}
	if err := writeJSON(t, "summary", s); err != nil {
		return err
	}
	rows, err := report(t.Instances, s.Results)
	if err != nil {
		return err
	}
	return t.Write("report", rows)
}

// resultOf reads the result of one conclude node as it now stands. One that
// this run was to make and did not get to has none, whatever an earlier run
// left.
func resultOf(u pipeline.Upstream) (*Result, error) {
	out, ok := u.Output("conclusion")
	if !ok || u.State == pipeline.NotRun {
		r := &Result{InstanceName: u.Instance, Status: StatusNotRun}
		if u.Error != "" {
			r.Error = &u.Error
		}
		return r, nil
	}
	b, err := os.ReadFile(out.Path)
	if err != nil || sha256.Sum256(b) != out.Digest {
		why := "its conclusion was edited or deleted since it was made: run it again"
		return &Result{InstanceName: u.Instance, Status: StatusNotRun, Error: &why}, nil
	}
	r := new(Result)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s: not what this program wrote: %w", out.Path, err)
	}
	r.Stale = u.Stale
	return r, nil
}

var reportColumns = []string{"instance_name", "status", "type_of_equation", "confidence", "upper_bound",
	"upper_bound_95", "equation_class", "class_source", "concluded_by", "equation_used", "class_conflict", "tightness", "stale", "provisional", "error", "plot_error"}

// report makes the table for people: a row for every instance, in file
// order.
func report(instances []string, results map[string]*Result) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(reportColumns); err != nil {
		return nil, err
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	for _, name := range instances {
		r := results[name]
		if r == nil {
			continue
		}
		cell := map[string]string{"instance_name": name, "status": string(r.Status), "error": text(r.Error), "plot_error": text(r.PlotError)}
		mark := func(column string, yes bool) {
			if yes {
				cell[column] = "yes"
			}
		}
		mark("stale", r.Stale)
		mark("provisional", r.Provisional)
		if c := r.Conclusion; c != nil {
			cell["type_of_equation"], cell["confidence"] = string(c.TypeOfEquation), fmt.Sprintf("%.2f", c.Confidence)
			cell["upper_bound"], cell["upper_bound_95"] = c.UpperBound, text(c.UpperBound95)
			cell["equation_class"], cell["class_source"], cell["concluded_by"] = text(c.EquationClass), c.ClassSource, c.ConcludedBy
			if c.EquationUsed != nil {
				cell["equation_used"] = map[bool]string{true: "yes", false: "no"}[*c.EquationUsed]
			}
			mark("class_conflict", c.Verification.ClassConflict)
			if d := c.Verification.Data; d != nil && d.Tightness != nil {
				cell["tightness"] = strconv.FormatFloat(*d.Tightness, 'g', 4, 64)
			}
		}
		row := make([]string, len(reportColumns))
		for i, column := range reportColumns {
			row[i] = cell[column]
		}
		if err := w.Write(row); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
