package pipeline

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// The checks in this file are for Attribute.Check. A check of a number judges
// the elements where the value is a list, and so does a check of a text.

// AtLeast demands numbers of min or more.
func AtLeast(min float64) func(cty.Value) error {
	return numbers(func(f *big.Float) error {
		if f.Cmp(big.NewFloat(min)) < 0 {
			return fmt.Errorf("must be at least %v", min)
		}
		return nil
	})
}

// MoreThan demands numbers greater than min.
func MoreThan(min float64) func(cty.Value) error {
	return numbers(func(f *big.Float) error {
		if f.Cmp(big.NewFloat(min)) <= 0 {
			return fmt.Errorf("must be more than %v", min)
		}
		return nil
	})
}

// Between demands numbers from min to max, both included.
func Between(min, max float64) func(cty.Value) error {
	return numbers(func(f *big.Float) error {
		if f.Cmp(big.NewFloat(min)) < 0 || f.Cmp(big.NewFloat(max)) > 0 {
			return fmt.Errorf("must be between %v and %v", min, max)
		}
		return nil
	})
}

// WholeAtLeast demands whole numbers of min or more that fit an int.
func WholeAtLeast(min int) func(cty.Value) error {
	return numbers(func(f *big.Float) error {
		if n, exact := f.Int64(); exact != big.Exact || n < int64(min) || n != int64(int(n)) {
			return fmt.Errorf("must be a whole number of at least %d", min)
		}
		return nil
	})
}

// OneOf demands one of the given texts.
func OneOf(texts ...string) func(cty.Value) error {
	return strs(func(s string) error {
		for _, t := range texts {
			if s == t {
				return nil
			}
		}
		quoted := make([]string, len(texts))
		for i, t := range texts {
			quoted[i] = fmt.Sprintf("%q", t)
		}
		hint := ""
		if near := nearest(s, texts); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		return fmt.Errorf("must be %s%s", orList(quoted), hint)
	})
}

// DurationText demands a text that time.ParseDuration reads, more than zero.
func DurationText(v cty.Value) error {
	return strs(func(s string) error {
		if d, err := time.ParseDuration(s); err != nil || d <= 0 {
			return errors.New(`must be a duration of more than zero, such as "90s", "2m" or "1h30m"`)
		}
		return nil
	})(v)
}

// NotEmpty demands a text or a list that is not empty, of texts that are not.
func NotEmpty(v cty.Value) error {
	if t := v.Type(); (t.IsCollectionType() || t.IsTupleType() || t.IsObjectType()) && v.LengthInt() == 0 {
		return errors.New("must not be empty")
	}
	return strs(notEmpty)(v)
}

func notEmpty(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	return nil
}

// Distinct demands a list without repetition.
func Distinct(v cty.Value) error {
	if !v.CanIterateElements() {
		return nil
	}
	seen := make(map[int][]cty.Value) // by hash
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		h := e.Hash()
		if slices.ContainsFunc(seen[h], e.RawEquals) {
			return fmt.Errorf("must not repeat %s", showValue(e))
		}
		seen[h] = append(seen[h], e)
	}
	return nil
}

// AllOf demands what every one of the checks does; the first that fails speaks.
func AllOf(checks ...func(cty.Value) error) func(cty.Value) error {
	return func(v cty.Value) error {
		for _, c := range checks {
			if err := c(v); err != nil {
				return err
			}
		}
		return nil
	}
}

func numbers(check func(*big.Float) error) func(cty.Value) error {
	return leaves(cty.Number, func(v cty.Value) error { return check(v.AsBigFloat()) })
}

func strs(check func(string) error) func(cty.Value) error {
	return leaves(cty.String, func(v cty.Value) error { return check(v.AsString()) })
}

// leaves applies a check to every value of one type within v. What has another
// type is the business of Attribute.Type.
func leaves(t cty.Type, check func(cty.Value) error) func(cty.Value) error {
	var walk func(v cty.Value) error
	walk = func(v cty.Value) error {
		if v.IsNull() || !v.IsKnown() {
			return nil
		}
		if v.Type() == t {
			return check(v)
		}
		if !v.CanIterateElements() {
			return nil
		}
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			if err := walk(e); err != nil {
				return err
			}
		}
		return nil
	}
	return walk
}
