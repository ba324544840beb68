package growth

import "fmt"

func (a *Analysis) explain(p *sample, v view, t test) string { return a.Basis }

// percent prints a share.
func percent(v float64) string { return fmt.Sprintf("%.3g %%", 100*v) }
