package stages

import (
	"context"
	"fmt"
	"math"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/expr"
	"github.com/zclconf/go-cty/cty"
)

// plotKind draws an instance twice: its points with the equation alone, and
// with the conclusion's bound as well.
func plotKind() pipeline.Kind {
	return pipeline.Kind{
		Name: "plot", Version: "1", Scope: pipeline.PerInstance,
		Attributes: []pipeline.Attribute{
			{Name: "dataset", Role: pipeline.StageRef, Kinds: []string{"load"}, Required: true},
			{Name: "conclusion", Role: pipeline.StageRef, Kinds: []string{"conclude"}, Required: true},
			{Name: "formats", Role: pipeline.Setting, Type: cty.List(cty.String), Default: cty.ListVal([]cty.Value{cty.StringVal("png")}), Check: pipeline.AllOf(pipeline.NotEmpty, pipeline.Distinct, pipeline.OneOf("png", "svg"))},
			{Name: "width", Role: pipeline.Setting, Type: cty.Number, Default: cty.NumberIntVal(3600), Check: pipeline.WholeAtLeast(200)},
			{Name: "height", Role: pipeline.Setting, Type: cty.Number, Default: cty.NumberIntVal(2400), Check: pipeline.WholeAtLeast(200)},
		},
		Outputs: func(p pipeline.Place) []pipeline.Output {
			var out []pipeline.Output
			for _, f := range stringsOf(p.Settings["formats"]) {
				for _, which := range []string{"LLM_included", "original_only"} {
					out = append(out, pipeline.Output{Name: which + "." + f, Path: p.Prefix + "plots/" + p.File + "_" + which + "." + f})
				}
			}
			return out
		},
		Run: runPlot,
	}
}

func runPlot(ctx context.Context, t *pipeline.Task) error {
	d, err := readDataset(pathOf(t, "dataset", "dataset"))
	if err != nil {
		return err
	}
	var r Result
	if err := readJSON(pathOf(t, "conclusion", "conclusion"), &r); err != nil {
		return err
	}
	width, _ := t.Float("width")
	height, _ := t.Float("height")
	original, included := figures(d, &r)
	for _, f := range t.Strings("formats") {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := drawOutput(t, "original_only", f, original, int(width), int(height)); err != nil {
			return err
		}
		if err := drawOutput(t, "LLM_included", f, included, int(width), int(height)); err != nil {
			return err
		}
	}
	return nil
}

func drawOutput(t *pipeline.Task, name, format string, f Figure, width, height int) error {
	b, err := f.Draw(format, width, height)
	if err != nil {
		return err
	}
	return t.Write(name+"."+format, b)
}

// figures makes the two plots of an instance. Where nothing was concluded both
// show what there is, and the title says why.
func figures(d *Dataset, r *Result) (original, included Figure) {
	x, y := d.xy()
	original = Figure{XLabel: d.XName, YLabel: d.YName, X: x, Y: y, LogLog: LogScale(x, y)}
	if d.Limit != nil {
		original.Limit = *d.Limit
	}
	if d.Equation != nil {
		label := "equation"
		if d.Equation.Fitted {
			label = "fitted"
		}
		if c, ok := curve(label, d.Equation.Given, d.Equation.dialect()); ok {
			original.Curves = append(original.Curves, c)
		}
	}
	included = original
	original.Title = d.InstanceName
	if d.Equation != nil {
		original.Title += ": equation " + d.Equation.Class
	}
	included.Title = d.InstanceName + ": " + string(r.Status)
	if c := r.Conclusion; c != nil {
		included.Title = fmt.Sprintf("%s: %s", d.InstanceName, c.TypeOfEquation)
		// Appending to a copied slice must not write into the original's array.
		included.Curves = append([]Curve(nil), original.Curves...)
		if b, ok := curve("upper bound", c.UpperBound, expr.Sympy); ok {
			included.Curves = append(included.Curves, b)
		}
	}
	return original, included
}

// curve makes a formula drawable; ok is false where it does not parse.
func curve(label, formula string, d expr.Dialect) (c Curve, ok bool) {
	r, err := expr.Parse(formula, d)
	if err != nil {
		return Curve{}, false
	}
	return Curve{Label: label + ": " + formula, F: func(xs, ys []float64) {
		r.Expr.EvalAll(ys, xs)
		for i, v := range ys {
			if math.IsInf(v, 0) {
				ys[i] = math.NaN()
			}
		}
	}}, true
}
