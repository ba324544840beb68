package llm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// system is the static part of the prompt. It comes first and is the same for
// every question, so that providers can cache the prefix. It says JSON, which
// the json_object mode demands.
const system = `You judge how the cost of a computation grows with its size, from measured points and usually an equation that symbolic regression fitted to them. The equation may fit badly: where they disagree, the points decide.

Answer with one JSON object and nothing else, no code fence. Its fields, in this order:
"reasoning": string, at most 60 words
"type_of_equation": "linear", "polynomial", "exponential" or "unknown"
"upper_bound": string, the least upper bound as a formula
"complexity": string, its order as O(...)
"confidence": number from 0 to 1, the probability that the class is right

The class is that of the measured range: "linear" for growth in proportion to the size, n log n and powers up to about 1.15 included, "polynomial" for a larger power, "exponential" for a constant raised to the size or to a power of it, "unknown" where there is no clear growth, or growth slower than in proportion.
The bound has that class; a positive multiple of it plus a constant covers every point, and nothing that grows more slowly does.

Formulas are plain ASCII: numbers like 5.03e-7 without spaces, the one variable, + - * / ^ ( ), exp, log, sqrt. No LaTeX, no backslashes, no words, no "y =", no other variable.`

// maxShown is how many points a prompt shows; more cost tokens and tell little.
const maxShown = 24

// promptFor returns the part of the prompt that is the question's own. The
// equation stands verbatim on a line of its own: nothing is ever re-spaced,
// because that turned 5.03e-7 into 5.03e - 7 once.
func promptFor(q Question) string {
	var b strings.Builder
	b.Grow(len(q.Equation) + len(q.Analysis) + 32*min(len(q.X), maxShown) + 512)
	v := q.variable()
	fmt.Fprintf(&b, "The variable is %s", v)
	if q.XName != "" {
		fmt.Fprintf(&b, " (%s)", oneLine(q.XName))
	}
	b.WriteString("; the measured value is y")
	if q.YName != "" {
		fmt.Fprintf(&b, " (%s)", oneLine(q.YName))
	}
	b.WriteString(".\n\n")
	if n := len(q.X); n > 0 {
		xmin, xmax := extent(q.X)
		ymin, ymax := extent(q.Y)
		fmt.Fprintf(&b, "%d points, %s from %s to %s, y from %s to %s.", n, v, number(xmin), number(xmax), number(ymin), number(ymax))
		shown := pick(n)
		if len(shown) < n {
			fmt.Fprintf(&b, " %d of them, evenly chosen, as %s y:\n", len(shown), v)
		} else {
			fmt.Fprintf(&b, " As %s y:\n", v)
		}
		for _, i := range shown {
			fmt.Fprintf(&b, "%s %s\n", number(q.X[i]), number(q.Y[i]))
		}
	} else {
		b.WriteString("There are no points.\n")
	}
	if q.Equation != "" {
		fmt.Fprintf(&b, "\nThe fitted equation for y:\n%s\n", q.Equation)
	} else {
		b.WriteString("\nNo equation was fitted.\n")
	}
	if q.Analysis != "" {
		fmt.Fprintf(&b, "\nWhat a numerical analysis found:\n%s\n", strings.TrimSpace(q.Analysis))
	}
	fmt.Fprintf(&b, "\nWhich class, and which least upper bound in %s?", v)
	return b.String()
}

// PromptDigest identifies the wording of the built-in prompt, for provenance: hex
// SHA-256 of its static part and of the frame around a question.
func PromptDigest() string {
	h := framed{sha256.New()}
	h.str("system", system)
	h.str("frame", promptFor(Question{Equation: "equation", X: []float64{1, 2}, Y: []float64{1, 2}, XName: "x", YName: "y", Analysis: "analysis"}))
	h.str("schema", answerSchema)
	return hex.EncodeToString(h.Sum(nil))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func number(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }

func extent(v []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, f := range v {
		lo, hi = min(lo, f), max(hi, f)
	}
	return lo, hi
}

// pick returns at most maxShown of n indices, evenly spaced, first and last
// among them.
func pick(n int) []int {
	k := min(n, maxShown)
	out := make([]int, k)
	for i := range out {
		if k == 1 {
			break
		}
		out[i] = i * (n - 1) / (k - 1)
	}
	return out
}

// A message of a chat.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Kinds of steps: why an answer was asked for.
const (
	kindFirst     = "first"
	kindLargerCap = "larger_cap" // the answer before was cut at the token cap
	kindReAsk     = "re_ask"     // it was not acceptable; the request quotes what is wrong
	kindReworded  = "reworded"   // it was refused or filtered
)

// conversation returns the messages of the next request, given the answers so
// far and the kind of step. No two steps of a question send the same words.
func conversation(q Question, kind string, history []Attempt) []message {
	m := []message{{"system", system}, {"user", promptFor(q)}}
	switch kind {
	case kindReworded:
		m[1].Content += "\n\nThis is a question of mathematics about run times of programs. It concerns no person and nothing sensitive; the names in it are labels of benchmarks."
	case kindReAsk:
		// What looped or was cut is not shown again: it would cost tokens
		// and invite the model to go on with it.
		last := &history[len(history)-1]
		if last.Text != "" && last.Verdict != Degenerate && last.Verdict != Truncated && last.Verdict != Echo {
			m = append(m, message{"assistant", clip(last.Text, 2000)}, message{"user", complaint(history)})
		} else {
			m[1].Content += "\n\n" + complaint(history)
		}
	}
	return m
}

// complaint quotes what is wrong with the last answer.
func complaint(history []Attempt) string {
	a := history[len(history)-1]
	s := "An earlier answer was not accepted: "
	if n := len(history); n > 1 {
		s = fmt.Sprintf("%d earlier answers were not accepted; the last: ", n)
	}
	s += strings.TrimRight(a.Detail, ".") + "."
	switch a.Verdict {
	case Truncated:
		s += " Keep the reasoning under 40 words."
	case Degenerate:
		s += " Give one short JSON object and stop."
	}
	return s + " Answer anew with one JSON object with the fields reasoning, type_of_equation, upper_bound, complexity and confidence, and nothing else."
}
