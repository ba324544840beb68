package pipeline

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestChecks(t *testing.T) {
	num := cty.NumberFloatVal
	str := cty.StringVal
	list := func(v ...cty.Value) cty.Value { return cty.ListVal(v) }
	for _, c := range []struct {
		name  string
		check func(cty.Value) error
		v     cty.Value
		want  string
	}{
		{"least", AtLeast(1), num(1), ""},
		{"below least", AtLeast(1), num(0.99), "must be at least 1"},
		{"more", MoreThan(0), num(1e-9), ""},
		{"not more", MoreThan(0), num(0), "must be more than 0"},
		{"between", Between(0, 2), num(2), ""},
		{"not between", Between(0, 2), num(-0.1), "must be between 0 and 2"},
		{"above both", Between(0, 2), num(2.01), "must be between 0 and 2"},
		{"whole", WholeAtLeast(0), num(0), ""},
		{"a part", WholeAtLeast(0), num(0.5), "must be a whole number of at least 0"},
		{"negative", WholeAtLeast(0), num(-1), "must be a whole number of at least 0"},
		{"beyond int", WholeAtLeast(0), num(1e30), "must be a whole number of at least 0"},
		{"within a list", AtLeast(1), list(num(1), num(0)), "must be at least 1"},
		{"a null within a list", AtLeast(1), list(num(1), cty.NullVal(cty.Number)), ""},
		{"one of", OneOf("svg", "png"), str("png"), ""},
		{"none of", OneOf("svg", "png"), str("pdf"), `must be "svg" or "png"`},
		{"near", OneOf("best", "accuracy", "score"), str("acuracy"), `must be "best", "accuracy" or "score"; did you mean "accuracy"?`},
		{"duration", DurationText, str("1h30m"), ""},
		{"no unit", DurationText, str("5"), `must be a duration of more than zero, such as "90s", "2m" or "1h30m"`},
		{"no duration", DurationText, str("-1s"), `must be a duration of more than zero, such as "90s", "2m" or "1h30m"`},
		{"text", NotEmpty, str("a"), ""},
		{"no text", NotEmpty, str(""), "must not be empty"},
		{"no list", NotEmpty, cty.ListValEmpty(cty.String), "must not be empty"},
		{"no text in a list", NotEmpty, list(str("a"), str("")), "must not be empty"},
		{"a list", NotEmpty, list(str("a")), ""},
		{"distinct", Distinct, list(str("a"), str("b")), ""},
		{"repeated", Distinct, list(num(1), num(2), num(1)), "must not repeat 1"},
		{"both", AllOf(AtLeast(1), Between(0, 2)), num(1.5), ""},
		{"the second", AllOf(AtLeast(1), Between(0, 2)), num(3), "must be between 0 and 2"},
	} {
		got := ""
		if err := c.check(c.v); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
