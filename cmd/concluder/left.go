package main

import (
	"context"
	"fmt"
	"io"

	"github.com/concluder/concluder/stages"
)

// explainLeft says what a paused run has still to ask, and about what it costs.
func explainLeft(w io.Writer, file string, opt stages.Options) {
	// What a run anew has asked is answered now.
	opt.NoCache, opt.Force = false, false
	left, err := forecast(file, opt)
	if err != nil {
		fmt.Fprintf(w, "what is left to ask cannot be told: %v\n", err)
	}
	for _, f := range left {
		if f.Questions == 0 {
			continue // a fallback alone
		}
		s := fmt.Sprintf("provider %s: %s left to ask", f.Provider, count(f.Questions-f.Recorded, "question"))
		if f.Replay != "" {
			s = fmt.Sprintf("provider %s: the recording %s has no answer to %s", f.Provider, relative(f.Replay), count(f.Questions-f.Recorded, "question"))
		}
		if f.WorstCost > 0 {
			s += fmt.Sprintf(", about %s %s, at most %s for one answer each", amount(f.Cost), f.Currency, amount(f.WorstCost))
		}
		if f.Budget > 0 {
			s += fmt.Sprintf("; %s of the budget of %s %s is left", amount(max(f.Budget-f.Spent, 0)), amount(f.Budget), f.Currency)
		}
		fmt.Fprintln(w, s)
	}
}

// forecast is what another run would send.
func forecast(file string, opt stages.Options) ([]stages.Forecast, error) {
	s, err := stages.Open(file, opt)
	if err != nil {
		return nil, err
	}
	nodes, err := s.Explain(context.Background())
	if err != nil {
		return nil, err
	}
	return s.Forecast(context.Background(), nodes)
}

// amount is money, to the cent or to three digits where it is less than one.
func amount(money float64) string {
	if money >= 1 || money == 0 {
		return fmt.Sprintf("%.2f", money)
	}
	return fmt.Sprintf("%.3g", money)
}
