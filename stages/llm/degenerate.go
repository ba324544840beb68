package llm

import (
	"encoding/json"
	"fmt"
	"strings"
)

const (
	maxRun        = 120      // the same character so often is no writing
	maxBlank      = 200      // nor is so much white space
	maxPeriod     = 200      // bytes of a phrase that may repeat
	minLoop       = 240      // bytes that a repeating phrase must cover to count
	minRepeats    = 7        // … and so often it must repeat
	looked        = 64 << 10 // bytes at either end that are looked at: loops reach to the end
	maxFormula    = 2000     // bytes; no formula is longer
	maxDigits     = 40       // of one number; float64 has 17
	gramSize      = 4        // words
	minGrams      = 300      // fewer say nothing
	distinctGrams = 0.2      // share of different n-grams under which a text goes round in circles
)

// degenerate says how a text shows that the model fell into a loop, "" when it
// does not.
func degenerate(s string) string {
	full := len(s)
	s = strings.TrimSpace(s)
	// White space at the end is a loop unless the answer was complete before it.
	if full-len(s) >= maxBlank && !json.Valid([]byte(s)) {
		return fmt.Sprintf("the answer runs on in %d bytes of white space", full-len(s))
	}
	if len(s) > 2*looked {
		if w := loop(s[:looked]); w != "" {
			return w
		}
		s = s[len(s)-looked:]
	}
	return loop(s)
}

func loop(s string) string {
	run, blank := 1, 0
	for i := range len(s) {
		if i > 0 && s[i] == s[i-1] {
			run++
		} else {
			run = 1
		}
		if s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r' {
			blank++
			if blank >= maxBlank {
				return fmt.Sprintf("the answer runs on in %d bytes of white space", blank)
			}
			continue
		}
		blank = 0
		if run >= maxRun {
			return fmt.Sprintf("the answer repeats %q more than %d times", s[i], maxRun)
		}
	}
	for p := 2; p <= maxPeriod; p++ {
		need := max(minLoop, minRepeats*p) - p
		if len(s)-p < need {
			break // too short for this phrase to repeat often enough, and for longer ones
		}
		same := 0
		for i := p; i < len(s); i++ {
			if s[i] != s[i-p] {
				same = 0
				continue
			}
			if same++; same >= need {
				return fmt.Sprintf("the answer goes round in circles: %q again and again", clip(s[i-p+1:i+1], 60))
			}
		}
	}
	if words := strings.Fields(s); len(words) >= minGrams {
		seen := make(map[string]bool, len(words))
		n := len(words) - gramSize + 1
		for i := range n {
			seen[strings.Join(words[i:i+gramSize], " ")] = true
		}
		if float64(len(seen)) < distinctGrams*float64(n) {
			return fmt.Sprintf("the answer goes round in circles: only %d of %d phrases of %d words differ", len(seen), n, gramSize)
		}
	}
	return ""
}

// degenerateFormula says what shows that a formula is none.
func degenerateFormula(s string) string {
	if len(s) > maxFormula {
		return fmt.Sprintf("upper_bound has %d characters", len(s))
	}
	digits := 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			if digits++; digits > maxDigits {
				return fmt.Sprintf("upper_bound holds a number of more than %d digits", maxDigits)
			}
		case c != '.':
			digits = 0
		}
	}
	return ""
}

// echoes reports whether a text gives back the instructions instead of
// following them: three of their lines, word for word.
func echoes(s string) bool {
	n := 0
	for _, line := range strings.Split(system, "\n") {
		if len(line) >= 60 && strings.Contains(s, line) {
			n++
		}
	}
	return n >= 3
}
