package growth

// Analyze says what the points of a series show on their own. It is
// deterministic and safe for concurrent use.
func Analyze(s Series, opt Options) *Analysis {
	p := newSample(s)
	a := &Analysis{Class: Unknown, Confidence: 0.5, Resolution: p.resolution, Extrapolated: Unknown}
	switch {
	case len(p.x) < fewest || p.xmin == p.xmax:
		a.Insufficient = true
		a.Confidence, a.Clear = 0.95, true
		a.Basis = "too few points for any fit"
		a.Reasoning = "There are too few points at different sizes to tell one growth from another."
		return a
	case p.ymax-p.ymin <= 3*p.resolution || p.ymax == p.ymin:
		a.BelowQuantum = true
		a.Confidence, a.Clear = 0.95, true
		a.Basis = "all values within three steps of their resolution"
		a.Reasoning = "All values lie within three steps of their resolution: no growth shows."
		return a
	}
	f := p.look()
	a.stats = f
	a.Class = f.classify()
	a.Extrapolated = a.Class
	return a
}

func (f features) classify() Class {
	better := max(f.r2Power, f.r2Exp)
	switch {
	case f.r2Line > 0.9555 && f.slope <= 1.33:
		return Linear
	case better > 0.948 && f.slopeUpper > 2.82:
		return Exponential
	case better > 0.93 && better-f.r2Line <= 0.11 && f.p > 1.33 && f.resid < 0.25:
		return Polynomial
	}
	return Unknown
}
