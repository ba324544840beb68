package stages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/expr"
)

// Status says how an instance ended. The first that applies holds.
type Status string

const (
	StatusError            Status = "error"                 // measurements missing or unreadable, or a stage crashed
	StatusInsufficientData Status = "insufficient_data"     // fewer than min_points usable points
	StatusMissingEquation  Status = "missing_sympy_summary" // an equation is declared and its file does not exist
	StatusInvalidEquation  Status = "invalid_sympy_data"    // that file is unreadable, or holds no expression that parses
	StatusLLMFailed        Status = "llm_failed"            // no acceptable conclusion after retries, re-asks and fallback
	StatusSuccess          Status = "success"               // a verified conclusion
	StatusNotRun           Status = "not_run"               // in the summary only: this run did not get to it
)

// A Dataset is what the load stage publishes for an instance: its measurements
// and equation, cleaned, with a note on every repair.
type Dataset struct {
	InstanceName string       `json:"instance_name"`
	Status       Status       `json:"status"` // success, or why nothing can be concluded
	Error        *string      `json:"error"`
	XName        string       `json:"x_name"`
	YName        string       `json:"y_name"`
	Limit        *float64     `json:"limit"` // of y, where the file declares one
	Equation     *EquationDoc `json:"equation"`
	Notes        []string     `json:"notes"`
	Points       [][2]float64 `json:"points"` // finite, x and y ≥ 0, sorted by x, then y
}

// An EquationDoc is an instance's equation in a Dataset.
type EquationDoc struct {
	Given            string  `json:"given"`      // verbatim from the file
	Simplified       string  `json:"simplified"` // sympy form
	Dialect          string  `json:"dialect"`    // how Given is read: "sympy" or "pysr"
	GivenLeadingTerm *string `json:"given_leading_term"`
	LeadingTerm      string  `json:"leading_term"` // recomputed
	Class            string  `json:"class"`        // of its own order: "polynomial, degree 1.94"
	Fitted           bool    `json:"fitted"`       // none was declared: the best family of the built-in analysis
}

// dialect is how the equation is read.
func (e *EquationDoc) dialect() expr.Dialect {
	if e.Dialect == expr.PySR.String() {
		return expr.PySR
	}
	return expr.Sympy
}

// xy returns the points as two slices.
func (d *Dataset) xy() (x, y []float64) {
	x, y = make([]float64, len(d.Points)), make([]float64, len(d.Points))
	for i, p := range d.Points {
		x[i], y[i] = p[0], p[1]
	}
	return x, y
}

// write publishes the dataset with a line for each point, so that a diff of two
// versions reads well.
func (d *Dataset) write(t *pipeline.Task) error {
	rest := *d
	rest.Points = nil
	if rest.Notes == nil {
		rest.Notes = []string{}
	}
	b, err := encode(rest)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.Write(bytes.TrimSuffix(b, []byte("null\n}\n")))
	out.WriteString("[")
	for i, p := range d.Points {
		if i > 0 {
			out.WriteString(",")
		}
		line, err := json.Marshal(p)
		if err != nil {
			return err
		}
		out.WriteString("\n    ")
		out.Write(line)
	}
	if len(d.Points) > 0 {
		out.WriteString("\n  ")
	}
	out.WriteString("]\n}\n")
	return t.Write("dataset", out.Bytes())
}

// pathOf is the path of an output of the one node that an attribute of a
// per-instance stage names.
func pathOf(t *pipeline.Task, attr, output string) string {
	a, _ := t.Upstream(attr)[0].Output(output)
	return a.Path
}

// readDataset reads what a load stage published.
func readDataset(path string) (*Dataset, error) {
	d := new(Dataset)
	if err := readJSON(path, d); err != nil {
		return nil, err
	}
	return d, nil
}

// encode is the one form of our JSON files: indented, no HTML escapes, a
// newline at the end.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeJSON(t *pipeline.Task, output string, v any) error {
	b, err := encode(v)
	if err != nil {
		return fmt.Errorf("encode the %s: %w", output, err)
	}
	return t.Write(output, b)
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: not what this program wrote: %w", path, err)
	}
	return nil
}
