package stages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/expr"
	"github.com/concluder/concluder/stages/growth"
	"github.com/zclconf/go-cty/cty"
)

// loadKind reads an instance's measurements and equation into a Dataset.
func loadKind() pipeline.Kind {
	return pipeline.Kind{
		Name: "load", Version: "1", Scope: pipeline.PerInstance,
		Attributes: []pipeline.Attribute{
			{Name: "measurements", Role: pipeline.InputPath, Required: true},
			{Name: "x", Role: pipeline.Setting, Type: cty.String, Required: true},
			{Name: "y", Role: pipeline.Setting, Type: cty.String, Required: true},
			{Name: "equation", Role: pipeline.InputPath},
			{Name: "select", Role: pipeline.Setting, Type: cty.String, Default: cty.StringVal("best"), Check: pipeline.OneOf("best", "accuracy", "score")},
			{Name: "min_points", Role: pipeline.Setting, Type: cty.Number, Default: cty.NumberIntVal(6), Check: pipeline.WholeAtLeast(1)},
			{Name: "limit", Role: pipeline.Setting, Type: cty.Number, Check: pipeline.MoreThan(0)},
		},
		Outputs: func(p pipeline.Place) []pipeline.Output {
			return []pipeline.Output{{Name: "dataset", Path: p.Prefix + "datasets/" + p.File + ".json"}}
		},
		Run: runLoad,
		Failed: func(t *pipeline.Task, err error) error {
			d := newDataset(t)
			d.fail(StatusError, err.Error())
			t.SetStatus(string(d.Status))
			return d.write(t)
		},
	}
}

func newDataset(t *pipeline.Task) *Dataset {
	d := &Dataset{InstanceName: t.Instance, Status: StatusSuccess, XName: t.String("x"), YName: t.String("y")}
	if limit, ok := t.Float("limit"); ok {
		d.Limit = &limit
	}
	return d
}

func (d *Dataset) fail(s Status, why string) { d.Status, d.Error = s, &why }

func runLoad(_ context.Context, t *pipeline.Task) error {
	d, err := makeDataset(t)
	if err != nil {
		return err
	}
	t.SetStatus(string(d.Status))
	return d.write(t)
}

// makeDataset reads a load node's inputs. An error says that a file that is
// there cannot be read; what is wrong otherwise is the dataset's status.
func makeDataset(t *pipeline.Task) (*Dataset, error) {
	d := newDataset(t)
	in, _ := t.Input("measurements")
	data, err := os.ReadFile(in.Path)
	if err != nil {
		return nil, fmt.Errorf("measurements: %s: %w", in.Name, cause(err))
	}
	m, err := readMeasurements(in.Name, data, d.XName, d.YName)
	if err != nil {
		return nil, fmt.Errorf("measurements: %w", err)
	}
	d.Points, d.Notes = m.points, m.notes
	minPoints, _ := t.Float("min_points")
	if n := len(d.Points); float64(n) < minPoints {
		why := fmt.Sprintf("%d usable points, fewer than min_points = %v", n, minPoints)
		for _, note := range d.Notes {
			why += "; " + note
		}
		d.fail(StatusInsufficientData, why)
	}
	if eq, declared := t.Input("equation"); declared {
		if err := d.loadEquation(eq, t.String("select")); err != nil {
			return nil, err
		}
	} else if d.Status == StatusSuccess {
		d.fitEquation()
	}
	return d, nil
}

// cause is a file error without its path: messages name files as the pipeline
// file does, so that they are the same wherever it lies.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// loadEquation reads and parses the declared equation. What is wrong with it
// becomes the status, unless too few points already are. The error is for a
// file that could be digested but not opened: too many files are open, say,
// which tells nothing of the equation and is not to be remembered of it.
func (d *Dataset) loadEquation(file pipeline.Artifact, sel string) error {
	fail := func(s Status, format string, args ...any) {
		if d.Status == StatusSuccess {
			d.fail(s, fmt.Sprintf(format, args...))
		}
	}
	if file.Absent {
		fail(StatusMissingEquation, "equation: %s does not exist", file.Name)
		return nil
	}
	data, err := os.ReadFile(file.Path)
	if err != nil {
		return fmt.Errorf("equation: %s: %w", file.Name, cause(err))
	}
	text, err := readEquation(file.Name, data, sel)
	if err != nil {
		fail(StatusInvalidEquation, "equation: %v", err)
		return nil
	}
	dialect := expr.Sympy
	if text.pysr {
		dialect = expr.PySR
	}
	reading, err := expr.Parse(text.text, dialect)
	if err != nil {
		fail(StatusInvalidEquation, "equation: %s: %v", file.Name, err)
		return nil
	}
	for _, r := range reading.Repairs {
		d.Notes = append(d.Notes, "equation: "+r.String())
	}
	d.Equation = &EquationDoc{
		Given: text.text, Dialect: dialect.String(),
		Simplified: expr.Simplify(reading.Expr).String(), GivenLeadingTerm: text.leading,
	}
	d.describe(reading.Expr)
	return nil
}

// fitEquation supplies the best family of the built-in analysis where the
// pipeline declares no equation.
func (d *Dataset) fitEquation() {
	a := growth.Analyze(d.series(), growth.Options{Resamples: -1})
	if a.Winner == nil {
		d.Notes = append(d.Notes, "no equation is declared, and no family fits the points")
		return
	}
	f := a.Winner.Formula
	d.Equation = &EquationDoc{Given: f.String(), Dialect: expr.Sympy.String(), Simplified: expr.Simplify(f).String(), Fitted: true}
	d.Notes = append(d.Notes, "no equation is declared: fitted "+string(a.Winner.Family))
	d.describe(f)
}

// describe recomputes the leading term and reports where the file's differs.
func (d *Dataset) describe(e expr.Expr) {
	as := growth.Asymptotic(e)
	d.Equation.Class = as.Text
	if as.Leading.IsZero() {
		return
	}
	d.Equation.LeadingTerm = as.Leading.String()
	if g := d.Equation.GivenLeadingTerm; g != nil && !sameTerm(*g, as.Leading) {
		d.Notes = append(d.Notes, fmt.Sprintf("the file's leading term is not the equation's: it says %s, recomputed %s", strings.TrimSpace(*g), d.Equation.LeadingTerm))
	}
}

// sameTerm reports whether a printed term is asymptotically the given one, to
// the precision at which terms are printed.
func sameTerm(text string, term expr.Expr) bool {
	r, err := expr.Parse(text, expr.Sympy)
	if err != nil {
		return false
	}
	c := growth.Compare(r.Expr, term)
	return c.Order == growth.Same && math.Abs(c.Ratio-1) < 1e-4
}

func (d *Dataset) series() growth.Series {
	x, y := d.xy()
	s := growth.Series{X: x, Y: y}
	if d.Limit != nil {
		s.Limit = *d.Limit
	}
	return s
}
