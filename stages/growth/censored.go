package growth

import "fmt"

// censored marks the points at or over the limit: only that their values are at
// least as large is known. They are left out of fits, trends and what a bound
// is least over, and the bound holds on them too. It is nil where there are
// none, and where so few others remain that nothing could be fitted.
func (s Series) censored() []bool {
	if s.Limit <= 0 {
		return nil
	}
	at, n := make([]bool, len(s.Y)), 0
	for i, y := range s.Y {
		if y >= s.Limit {
			at[i] = true
			n++
		}
	}
	if n == 0 || len(s.Y)-n < fewest {
		return nil
	}
	return at
}

// uncensored is the series without the points that are marked as censored.
func (s Series) uncensored() Series {
	at := s.censored()
	if at == nil {
		return s
	}
	keep := Series{Limit: s.Limit}
	for i, out := range at {
		if !out {
			keep.X, keep.Y = append(keep.X, s.X[i]), append(keep.Y, s.Y[i])
		}
	}
	return keep
}

// uncensored lists the points at the limit, says what becomes of them, and
// returns the series to fit.
func (a *Analysis) uncensored(s Series) Series {
	for i, y := range s.Y {
		if s.Limit > 0 && y >= s.Limit {
			a.Censored = append(a.Censored, i)
		}
	}
	if len(a.Censored) == 0 {
		return s
	}
	what := fmt.Sprintf("%d points at the limit of %s: their true values are larger", len(a.Censored), number(s.Limit))
	if len(a.Censored) == 1 {
		what = fmt.Sprintf("1 point at the limit of %s: its true value is larger", number(s.Limit))
	}
	if s.censored() == nil {
		what += ", but too few others remain to do without"
	}
	a.Notes = append(a.Notes, what)
	return s.uncensored()
}
