package growth

import "math"

// order of classes in the judgement.
var judged = [...]Class{Linear, Polynomial, Exponential, Unknown}

// A judgement gives the probability that a careful person who sees the points
// on a plot with linear axes calls them linear, polynomial, exponential or
// unknown: a multinomial logistic model, quadratic in the four numbers of a
// look, each centred and scaled. See "The judgement" on the package's page
// for what it was fitted to and how it does on families it has not seen.
type judgement struct {
	centre, spread [lookWidth]float64
	weights        [len(judged)][1 + 2*lookWidth]float64
}

// reach limits how far, in spreads, a look counts beyond what was seen when
// the weights were fitted: a quadratic must not run away.
const reach = 2.5

// terms are the regressors of a look.
func (j *judgement) terms(l look) [1 + 2*lookWidth]float64 {
	t := [1 + 2*lookWidth]float64{1}
	for i, v := range l.vector() {
		z := min(max((v-j.centre[i])/j.spread[i], -reach), reach)
		t[1+i], t[1+lookWidth+i] = z, z*z
	}
	return t
}

// Where the better curve leaves more than this share of the variance, nobody
// sees it in the points, however steep they are: the odds of a definite class
// fall with the fourth power of the share. Few series that people classed lie
// there, so the weights do not tell.
const (
	unexplained      = 0.3
	unexplainedPower = 4
)

// probabilities of the classes in the order of judged.
func (j *judgement) probabilities(l look) [len(judged)]float64 {
	t := j.terms(l)
	excess := unexplainedPower * math.Max(l.misfit-l.gain-math.Log(unexplained), 0)
	var p [len(judged)]float64
	top := math.Inf(-1)
	for c := range p {
		for i, v := range t {
			p[c] += j.weights[c][i] * v
		}
		if judged[c] != Unknown {
			p[c] -= excess
		}
		top = math.Max(top, p[c])
	}
	sum := 0.0
	for c := range p {
		p[c] = math.Exp(p[c] - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return p
}

// reluctance is how many times less "unknown" counts than a definite class of
// the same probability: most series in practice are unknown, and a report that
// hides behind it is of no use. At 0.7 the share of definite labels that are
// found equals the share of all.
const reluctance = 0.7

// choose is the class with the greatest weight, and its probability.
func (j *judgement) choose(l look) (Class, float64) {
	p := j.probabilities(l)
	best, at := -1.0, 0
	for c := range p {
		w := p[c]
		if judged[c] == Unknown {
			w *= reluctance
		}
		if w > best {
			best, at = w, c
		}
	}
	return judged[at], p[at]
}
