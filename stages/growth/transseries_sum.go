package growth

func constantSeries(c constant) series {
	if c.isZero() {
		return series{}
	}
	return series{terms: []seriesTerm{{c: c}}}
}

// exactZero reports whether a is the zero function.
func (a series) exactZero() bool { return len(a.terms) == 0 && a.rest == nil }

// lead returns the leading term. It fails where cancellation has used up all
// terms, and where a bounded oscillation leads.
func (a series) lead() (seriesTerm, error) {
	if len(a.terms) > 0 {
		return a.terms[0], nil
	}
	if a.rest == nil {
		return seriesTerm{}, stuckf("the expression is zero")
	}
	switch a.rest.cause {
	case oscillation:
		return seriesTerm{}, &stuck{reason: "an oscillating part leads", cause: oscillation}
	case rounding:
		return seriesTerm{}, &stuck{reason: "what floor or ceiling leaves decides", cause: rounding}
	}
	return seriesTerm{}, &stuck{reason: "the leading terms cancel as far as they were computed", retry: true}
}

// larger returns the remainder that grows faster, either of which may be nil.
func (s *growthScale) larger(a, b *remainder) (*remainder, error) {
	if a == nil {
		return b, nil
	}
	if b == nil {
		return a, nil
	}
	c, err := s.compare(a.m, b.m)
	if err != nil {
		return nil, err
	}
	switch {
	case c < 0, c == 0 && b.cause > a.cause:
		return b, nil
	}
	return a, nil
}

// sum adds series.
func (s *growthScale) sum(parts ...series) (series, error) {
	var terms []seriesTerm
	var rest *remainder
	for _, p := range parts {
		merged, err := s.merge(terms, p.terms)
		if err != nil {
			return series{}, err
		}
		terms = merged
		if rest, err = s.larger(rest, p.rest); err != nil {
			return series{}, err
		}
	}
	return s.cut(series{terms, rest})
}

// merge adds two ordered lists of terms; what cancels is left out.
func (s *growthScale) merge(a, b []seriesTerm) ([]seriesTerm, error) {
	if len(a) == 0 {
		return b, nil
	}
	out := make([]seriesTerm, 0, len(a)+len(b))
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		order, err := s.compare(a[i].m, b[j].m)
		if err != nil {
			return nil, err
		}
		switch {
		case order > 0:
			out = append(out, a[i])
			i++
		case order < 0:
			out = append(out, b[j])
			j++
		default:
			c := s.addConstants(a[i].c, b[j].c)
			if s.doubtful && c.doubt >= 1 && !c.isZero() {
				c, s.zeroed = intConstant(0), true
			}
			if c, err = s.settled(c); err != nil {
				return nil, err
			}
			if !c.isZero() {
				out = append(out, seriesTerm{c, a[i].m})
			}
			i++
			j++
		}
	}
	out = append(out, a[i:]...)
	return append(out, b[j:]...), nil
}

// cut drops terms beyond the number kept, and those that the remainder hides.
func (s *growthScale) cut(a series) (series, error) {
	if s.spent() {
		return series{}, stuckf("the expression needs more arithmetic than is allowed")
	}
	if a.rest != nil {
		n := len(a.terms)
		for n > 0 {
			c, err := s.compare(a.terms[n-1].m, a.rest.m)
			if err != nil {
				return series{}, err
			}
			if c > 0 {
				break
			}
			n--
		}
		a.terms = a.terms[:n]
	}
	if len(a.terms) > s.keep {
		dropped := &remainder{m: a.terms[s.keep].m}
		rest, err := s.larger(dropped, a.rest)
		if err != nil {
			return series{}, err
		}
		a = series{a.terms[:s.keep:s.keep], rest}
	}
	return a, nil
}

// scaled multiplies by one term.
func (s *growthScale) scaled(a series, t seriesTerm) (series, error) {
	out := series{terms: make([]seriesTerm, len(a.terms))}
	for i, u := range a.terms {
		m, err := s.times(u.m, t.m)
		if err != nil {
			return series{}, err
		}
		out.terms[i] = seriesTerm{s.mulConstants(u.c, t.c), m}
	}
	if a.rest != nil {
		m, err := s.times(a.rest.m, t.m)
		if err != nil {
			return series{}, err
		}
		out.rest = &remainder{m, a.rest.cause}
	}
	return out, nil
}

func (s *growthScale) negated(a series) series {
	out := series{terms: make([]seriesTerm, len(a.terms)), rest: a.rest}
	for i, u := range a.terms {
		out.terms[i] = seriesTerm{u.c.neg(), u.m}
	}
	return out
}

// product multiplies two series.
func (s *growthScale) product(a, b series) (series, error) {
	if a.exactZero() || b.exactZero() {
		return series{}, nil
	}
	// The remainder of one times the largest of the other, and both.
	var rest *remainder
	bound := func(r *remainder, o series) error {
		if r == nil {
			return nil
		}
		m := o.rest
		if len(o.terms) > 0 {
			m = &remainder{m: o.terms[0].m}
		}
		p, err := s.times(r.m, m.m)
		if err != nil {
			return err
		}
		rest, err = s.larger(rest, &remainder{p, max(r.cause, m.cause)})
		return err
	}
	if err := bound(a.rest, b); err != nil {
		return series{}, err
	}
	if err := bound(b.rest, a); err != nil {
		return series{}, err
	}
	out := series{rest: rest}
	if len(a.terms) > len(b.terms) {
		a, b = b, a
	}
	for _, t := range a.terms {
		row, err := s.scaled(series{terms: b.terms}, t)
		if err != nil {
			return series{}, err
		}
		if out, err = s.sum(out, row); err != nil {
			return series{}, err
		}
	}
	return out, nil
}
