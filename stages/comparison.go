package stages

import (
	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages/expr"
	"github.com/concluder/concluder/stages/growth"
)

// A View is what one conclude stage made of the instances, beside the others.
type View struct {
	Stage        string                 `json:"stage"`
	ConcludedBy  map[string]int         `json:"concluded_by"`
	ByStatus     map[Status]int         `json:"by_status"`
	ByClass      map[growth.Class]int   `json:"by_class"`
	Claimed      map[growth.Class]int   `json:"claimed"` // classes that the models' last answers named, rejected ones too
	Verdicts     map[string]int         `json:"verdicts"`
	ReAsks       int                    `json:"re_asks"`
	InputTokens  int                    `json:"input_tokens"`
	OutputTokens int                    `json:"output_tokens"`
	Answers      Answers                `json:"answers"`
	results      map[string]*Result     // by instance
	bounds       map[string]growthShape // by instance, filled in where needed
}

type growthShape struct {
	expr expr.Expr
	ok   bool
}

// A Pair holds two views against each other, over the instances that both
// concluded.
type Pair struct {
	A         string `json:"a"`
	B         string `json:"b"`
	Instances int    `json:"instances"`
	SameClass int    `json:"same_class"`
	SameOrder int    `json:"same_order"` // their upper bounds grow alike
	Undecided int    `json:"undecided"`  // whether they do could not be decided
	Claimed   int    `json:"claimed"`    // both models named a class
	SameClaim int    `json:"same_claim"` // and it was the same
}

// A Comparison holds the conclude stages of a summary against each other.
type Comparison struct {
	Views []*View `json:"views"`
	Pairs []Pair  `json:"pairs"`
}

// compare is nil for a single stage.
func compare(conclusions []pipeline.Upstream) (*Comparison, error) {
	c := &Comparison{Pairs: []Pair{}}
	for _, u := range conclusions {
		if n := len(c.Views); n == 0 || c.Views[n-1].Stage != u.Stage {
			c.Views = append(c.Views, newView(u.Stage))
		}
		r, err := resultOf(u)
		if err != nil {
			return nil, err
		}
		c.Views[len(c.Views)-1].add(r)
	}
	if len(c.Views) < 2 {
		return nil, nil
	}
	for i, a := range c.Views {
		for _, b := range c.Views[i+1:] {
			c.Pairs = append(c.Pairs, pair(a, b))
		}
	}
	return c, nil
}

func newView(stage string) *View {
	return &View{
		Stage: stage, ConcludedBy: map[string]int{}, ByStatus: map[Status]int{}, ByClass: map[growth.Class]int{},
		Claimed: map[growth.Class]int{}, Verdicts: map[string]int{}, Answers: Answers{FellBack: map[string]int{}},
		results: map[string]*Result{}, bounds: map[string]growthShape{},
	}
}

func (v *View) add(r *Result) {
	v.ByStatus[r.Status]++
	v.results[r.InstanceName] = r
	if a := r.answer(); a != nil {
		v.Verdicts[a.Verdict]++
		v.ReAsks += max(a.Asked-1, 0)
		v.InputTokens += a.InputTokens
		v.OutputTokens += a.OutputTokens
		if class := a.class(); class != nil {
			v.Claimed[*class]++
		}
	}
	if c := r.Conclusion; c != nil {
		v.ConcludedBy[c.ConcludedBy]++
		v.ByClass[c.TypeOfEquation]++
		v.Answers.count(r)
	}
}

// bound is the upper bound of an instance, parsed once.
func (v *View) bound(instance string) growthShape {
	if b, seen := v.bounds[instance]; seen {
		return b
	}
	r, err := expr.Parse(v.results[instance].Conclusion.UpperBound, expr.Sympy)
	b := growthShape{r.Expr, err == nil}
	v.bounds[instance] = b
	return b
}

func pair(a, b *View) Pair {
	p := Pair{A: a.Stage, B: b.Stage}
	for name, ra := range a.results {
		rb := b.results[name]
		if rb == nil {
			continue
		}
		if x, y := ra.claim(), rb.claim(); x != nil && y != nil {
			p.Claimed++
			if *x == *y {
				p.SameClaim++
			}
		}
		if ra.Conclusion == nil || rb.Conclusion == nil {
			continue
		}
		p.Instances++
		if ra.Conclusion.TypeOfEquation == rb.Conclusion.TypeOfEquation {
			p.SameClass++
		}
		x, y := a.bound(name), b.bound(name)
		switch {
		case !x.ok || !y.ok:
			p.Undecided++
		default:
			switch growth.Compare(x.expr, y.expr).Order {
			case growth.Same:
				p.SameOrder++
			case growth.Unresolved:
				p.Undecided++
			}
		}
	}
	return p
}

// answer is the model's last answer, kept also where nothing came of it.
func (r *Result) answer() *ProviderAnswer {
	if r.Conclusion != nil {
		return r.Conclusion.ProviderAnswer
	}
	return r.Rejected
}

// claim is the class that the model named.
func (r *Result) claim() *growth.Class {
	if a := r.answer(); a != nil {
		return a.class()
	}
	return nil
}
