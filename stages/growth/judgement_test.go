package growth

import (
	"flag"
	"fmt"
	"go/format"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var train = flag.Bool("train", false, "write the weights of the judgement anew, from the labelled series")

// ridge is the penalty on the weights of standardised terms.
const ridge = 2.0

// fitJudgement maximises the penalised likelihood of the labels by Newton's
// method.
func fitJudgement(cases []labelledCase) judgement {
	var j judgement
	n := float64(len(cases))
	for i := range lookWidth {
		for _, c := range cases {
			j.centre[i] += c.vector()[i] / n
		}
		for _, c := range cases {
			d := c.vector()[i] - j.centre[i]
			j.spread[i] += d * d / n
		}
		j.spread[i] = math.Sqrt(j.spread[i])
		// Three digits, so that what is printed is what is used.
		j.centre[i] = math.Round(j.centre[i]*100) / 100
		j.spread[i] = math.Round(j.spread[i]*100) / 100
	}
	const k, classes = 1 + 2*lookWidth, len(judged)
	const size = k * classes
	for range 60 {
		g := make([]float64, size)
		h := make([][]float64, size)
		for i := range h {
			h[i] = make([]float64, size)
			h[i][i] = 1e-6
			if i%k > 0 {
				h[i][i] += ridge
				g[i] = ridge * j.weights[i/k][i%k]
			}
		}
		for _, s := range cases {
			t, p := j.terms(s.look), j.probabilities(s.look)
			for c := range classes {
				want := 0.0
				if string(judged[c]) == s.label {
					want = 1
				}
				for a := range k {
					g[c*k+a] += (p[c] - want) * t[a]
					for d := range classes {
						w := -p[c] * p[d]
						if c == d {
							w += p[c]
						}
						for b := range k {
							h[c*k+a][d*k+b] += w * t[a] * t[b]
						}
					}
				}
			}
		}
		step := solveLinear(h, g)
		biggest := 0.0
		for i, v := range step {
			j.weights[i/k][i%k] -= v
			biggest = math.Max(biggest, math.Abs(v))
		}
		if biggest < 1e-9 {
			break
		}
	}
	for c := range j.weights {
		for i := range j.weights[c] {
			j.weights[c][i] = math.Round(j.weights[c][i]*100) / 100
		}
	}
	return j
}

// solveLinear solves h·x = g by Gauss elimination with partial pivoting.
func solveLinear(h [][]float64, g []float64) []float64 {
	n := len(g)
	for i := range n {
		pivot := i
		for r := i + 1; r < n; r++ {
			if math.Abs(h[r][i]) > math.Abs(h[pivot][i]) {
				pivot = r
			}
		}
		h[i], h[pivot] = h[pivot], h[i]
		g[i], g[pivot] = g[pivot], g[i]
		for r := i + 1; r < n; r++ {
			f := h[r][i] / h[i][i]
			for c := i; c < n; c++ {
				h[r][c] -= f * h[i][c]
			}
			g[r] -= f * g[i]
		}
	}
	x := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		x[i] = g[i]
		for c := i + 1; c < n; c++ {
			x[i] -= h[i][c] * x[c]
		}
		x[i] /= h[i][i]
	}
	return x
}

var origins = regexp.MustCompile(`^(6s|139|arbitrated|circular|shift_register|bc57|beem|bj|bob|cal|csma|dme|dsp|eijk|gen|intel|irst|ken|mentor|miim|ndista|necla|nusmv|oc8051|oski|pci|pdt|pico|pj|power2|prod|qspi|rast|shift1|stack|texas|vcegar|vgasim|vis|zipcpu|zipversa|abp|buggy|[a-z]+)`)

// origin is the family of circuits that a series comes from: series of one
// family are alike, so a fair test learns from other families only.
func origin(name string) string { return origins.FindString(name) }

// A case is a labelled series with what the decision about it rests on.
type labelledCase struct {
	labelled
	look
	test
	scale
}

func (c labelledCase) decide(j *judgement) *Analysis {
	var a Analysis
	a.decide(j, c.look, c.test, c.scale)
	return &a
}

// seen are the labelled series that are not degenerate.
func seen(t testing.TB) (out []labelledCase) {
	for _, l := range hand(t) {
		if !l.found {
			continue
		}
		p := newSample(l.series)
		if k, _ := p.degenerate(); k != growing {
			continue
		}
		out = append(out, labelledCase{l, p.view().look, p.test(p.compare(len(p.gx), true)), p.scale()})
	}
	return out
}

func TestJudgementIsTheFittedOne(t *testing.T) {
	want := fitJudgement(seen(t))
	if *train {
		var b strings.Builder
		b.WriteString("package growth\n\n// people is fitted by `go test -run Judgement -train`; do not edit.\nvar people = judgement{\n")
		fmt.Fprintf(&b, "\tcentre: %s,\n\tspread: %s,\n\tweights: [len(judged)][1 + 2*lookWidth]float64{\n", list(want.centre[:]), list(want.spread[:]))
		for c := range want.weights {
			fmt.Fprintf(&b, "\t\t%s, // %s\n", strings.TrimPrefix(list(want.weights[c][:]), fmt.Sprintf("[%d]float64", len(want.weights[c]))), judged[c])
		}
		b.WriteString("\t},\n}\n")
		src, err := format.Source([]byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("people.go", src, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != people {
		t.Errorf("the weights in people.go are not those that the labelled series give; run go test -run Judgement -train")
	}
}

func list(v []float64) string {
	s := make([]string, len(v))
	for i := range v {
		s[i] = fmt.Sprint(v[i])
	}
	return fmt.Sprintf("[%d]float64{%s}", len(v), strings.Join(s, ", "))
}

// TestJudgementOnUnseenFamilies cross-validates by circuit family: each family
// is classed with weights fitted to the others.
func TestJudgementOnUnseenFamilies(t *testing.T) {
	cases := seen(t)
	var families []string
	for _, c := range cases {
		if o := origin(c.name); !slices.Contains(families, o) {
			families = append(families, o)
		}
	}
	var unseen, plain tally
	type bin struct{ n, right, said float64 }
	var bins [10]bin
	for _, family := range families {
		j := fitJudgement(slices.DeleteFunc(slices.Clone(cases), func(c labelledCase) bool { return origin(c.name) == family }))
		for _, c := range cases {
			if origin(c.name) != family {
				continue
			}
			a := c.decide(&j)
			unseen.add(Class(c.label), a.Class)
			plain.add(Class(c.label), c.decide(&people).Class)
			b := &bins[min(int(10*a.Confidence), 9)]
			b.n++
			b.said += a.Confidence
			if string(a.Class) == c.label {
				b.right++
			}
		}
	}
	for _, l := range hand(t) { // those too short to judge are unknown
		if !slices.ContainsFunc(cases, func(c labelledCase) bool { return c.name == l.name }) {
			got := Unknown
			if !l.found {
				got = "absent"
			}
			unseen.add(Class(l.label), got)
			plain.add(Class(l.label), got)
		}
	}
	ece := 0.0
	for _, b := range bins {
		if b.n > 0 {
			t.Logf("said %.2f, was %.2f (%d)", b.said/b.n, b.right/b.n, int(b.n))
			ece += math.Abs(b.said-b.right) / float64(len(cases))
		}
	}
	t.Logf("families unseen: %s", unseen)
	t.Logf("families seen:   %s; calibration error on unseen families %.3f", plain, ece)
	if unseen.all() < 0.84 || unseen.definite() < 0.84 {
		t.Errorf("on unseen families: %s; want at least 84 %%", unseen)
	}
	if plain.all()-unseen.all() > 0.03 || plain.definite()-unseen.definite() > 0.03 {
		t.Errorf("the judgement knows families it has seen better: %s against %s", plain, unseen)
	}
	if ece > 0.05 {
		t.Errorf("calibration error %.3f on unseen families, want at most 0.05", ece)
	}
}

// A tally counts agreement as the labelled study does.
type tally struct{ n, right, definiteN, definiteRight float64 }

func (t *tally) add(label, got Class) {
	t.n++
	if label != Unknown {
		t.definiteN++
	}
	if label == got {
		t.right++
		if label != Unknown {
			t.definiteRight++
		}
	}
}

func (t tally) all() float64      { return t.right / t.n }
func (t tally) definite() float64 { return t.definiteRight / t.definiteN }
func (t tally) String() string {
	return fmt.Sprintf("agreement %.1f %% of %.0f (definite %.1f %% of %.0f)", 100*t.all(), t.n, 100*t.definite(), t.definiteN)
}
