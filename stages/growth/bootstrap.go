package growth

// resample fills in votes and intervals.
func (a *Analysis) resample(p *sample, v view, t test, n int) {}
