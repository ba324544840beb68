package growth

// Analyze says what the points of a series show on their own. It is
// deterministic and safe for concurrent use.
func Analyze(s Series, opt Options) *Analysis {
	p := newSample(s)
	a := &Analysis{Class: Unknown, Confidence: 0.5, Resolution: p.resolution, Extrapolated: Unknown}
	if why := p.degenerate(); why != "" {
		a.Insufficient = len(p.x) < fewest || p.xmin == p.xmax
		a.BelowQuantum = !a.Insufficient
		a.Confidence, a.Clear = 0.95, true
		a.Basis, a.Reasoning = why, why
		return a
	}
	v := p.view()
	a.Class, a.Confidence = people.choose(v.look)
	a.Extrapolated = a.Class
	return a
}

// degenerate says why a sample shows no growth whatever its shape, or "".
func (p *sample) degenerate() string {
	switch {
	case len(p.x) < fewest:
		return "too few points to tell one growth from another"
	case p.xmin == p.xmax:
		return "all points lie at one size"
	case p.ymax-p.ymin <= 3*p.resolution:
		return "all values lie within three steps of their resolution"
	case p.ymax == p.ymin:
		return "all values are equal"
	}
	return ""
}
