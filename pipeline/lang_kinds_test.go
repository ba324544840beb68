package pipeline

import (
	"github.com/zclconf/go-cty/cty"
)

// languageKinds are kinds in the shapes that a program has: they declare what
// real ones do and do no work.
func languageKinds() Kinds {
	one := func(name, path, ext string) func(Place) []Output {
		return func(p Place) []Output {
			return []Output{{Name: name, Path: path + "/" + p.Prefix + p.File + ext}}
		}
	}
	return Kinds{
		Stages: []Kind{
			{
				Name: "load", Version: "1", Scope: PerInstance,
				Attributes: []Attribute{
					{Name: "measurements", Role: InputPath, Required: true},
					{Name: "x", Type: cty.String, Required: true, Check: NotEmpty},
					{Name: "y", Type: cty.String, Required: true, Check: NotEmpty},
					{Name: "equation", Role: InputPath},
					{Name: "min_points", Type: cty.Number, Default: cty.NumberIntVal(6), Check: WholeAtLeast(1)},
					{Name: "limit", Type: cty.Number, Check: MoreThan(0)},
				},
				Outputs: one("dataset", "datasets", ".json"),
			},
			{
				Name: "conclude", Version: "1", Scope: PerInstance,
				Attributes: []Attribute{
					{Name: "dataset", Role: StageRef, Kinds: []string{"load"}, Required: true},
					{Name: "provider", Role: ProviderRef, Required: true},
					{Name: "fallback", Role: ProviderRef},
					{Name: "prompt", Type: cty.String},
					{Name: "temperature", Type: cty.Number, Check: Between(0, 2)},
					{Name: "timeout", Role: Hidden, Type: cty.String, Check: DurationText},
				},
				Outputs: one("conclusion", "conclusion", ".json"),
			},
			{
				Name: "plot", Version: "1", Scope: PerInstance,
				Attributes: []Attribute{
					{Name: "dataset", Role: StageRef, Kinds: []string{"load"}, Required: true},
					{Name: "conclusion", Role: StageRef, Kinds: []string{"conclude"}, Required: true},
					{
						Name: "formats", Type: cty.List(cty.String), Check: AllOf(NotEmpty, OneOf("svg", "png"), Distinct),
						Default: cty.ListVal([]cty.Value{cty.StringVal("png")}),
					},
				},
				Outputs: func(p Place) []Output {
					var out []Output
					for _, f := range stringList(p.Settings["formats"]) {
						out = append(out, Output{Name: f, Path: "plots/" + p.Prefix + p.File + "." + f})
					}
					return out
				},
			},
			{
				Name: "summarize", Version: "1", Scope: Aggregate, Partial: true,
				Attributes: []Attribute{
					{Name: "conclusions", Role: StageRefs, Kinds: []string{"conclude"}, Required: true},
					{Name: "plots", Role: StageRefs, Kinds: []string{"plot"}},
					{Name: "labels", Role: InputPath},
				},
				Outputs: func(p Place) []Output {
					return []Output{{Name: "summary", Path: p.Prefix + "summary.json"}, {Name: "table", Path: p.Prefix + "report.csv"}}
				},
			},
			{
				Name: "exec", Version: "1", Scope: Either,
				Attributes: []Attribute{
					{Name: "command", Type: cty.List(cty.String), Required: true, UsesOutput: true, Check: NotEmpty},
					{Name: "inputs", Role: InputPaths},
					{Name: "outputs", Role: OutputMap, Required: true},
					{Name: "env", Type: cty.Map(cty.String), UsesOutput: true},
					{Name: "timeout", Role: Hidden, Type: cty.String, Check: DurationText},
					{Name: "retries", Role: Hidden, Type: cty.Number, Check: WholeAtLeast(0)},
				},
			},
		},
		Providers: []ProviderKind{
			{
				Name: "openai",
				Attributes: []Attribute{
					{Name: "base_url", Role: Hidden, Type: cty.String, Required: true},
					{Name: "model", Type: cty.String, Required: true, Check: NotEmpty},
					{Name: "api_key_env", Role: Hidden, Type: cty.String},
					{Name: "revision", Type: cty.String},
					{Name: "timeout", Role: Hidden, Type: cty.String, Check: DurationText},
					{Name: "budget", Role: Hidden, Type: cty.Number, Check: MoreThan(0)},
				},
				Blocks: []Block{
					{Name: "limits", Attributes: []Attribute{
						{Name: "in_flight", Role: Hidden, Type: cty.Number, Default: cty.NumberIntVal(64), Check: WholeAtLeast(1)},
						{Name: "requests_per_minute", Role: Hidden, Type: cty.Number, Check: WholeAtLeast(1)},
					}},
					{Name: "price", Attributes: []Attribute{
						{Name: "input", Role: Hidden, Type: cty.Number, Required: true, Check: AtLeast(0)},
						{Name: "output", Role: Hidden, Type: cty.Number, Required: true, Check: AtLeast(0)},
						{Name: "currency", Role: Hidden, Type: cty.String, Default: cty.StringVal("USD")},
					}},
				},
			},
			{Name: "analytic", Default: true},
		},
	}
}
