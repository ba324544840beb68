package pipeline

import (
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"
)

// evaluateNodes evaluates every node once, so that whatever is wrong with one
// instance alone is found before anything runs.
func (l *loader) evaluateNodes() {
	paths := newPathIndex(l)
	for i, s := range l.stages {
		if s.skip {
			continue
		}
		if !s.stage.PerInstance || !l.instances {
			c := l.firstContext(s)
			e := s.evaluate(c)
			l.diags = append(l.diags, e.diags...)
			if c.known && !e.diags.HasErrors() {
				paths.add(i, 0, e)
			}
			continue
		}
		l.evaluateStage(i, s, paths)
	}
	paths.report()
}

// evaluateStage evaluates the nodes of a per-instance stage on all CPUs. The
// outcome does not depend on how they share the work.
func (l *loader) evaluateStage(index int, s *stageDef, paths *pathIndex) {
	n := len(l.plan.Instances)
	workers := min(runtime.GOMAXPROCS(0), (n+999)/1000)
	parts := make([]struct {
		repeated repeated
		paths    *pathIndex
	}, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			p := &parts[w]
			p.paths = newPathIndex(l)
			e := &evaluation{}
			from, to := n*w/workers, n*(w+1)/workers
			for i := from; i < to; i++ {
				c := &instanceContext{base: l.base, instance: l.plan.Instances[i], known: true}
				s.evaluateInto(e, c)
				p.repeated.add(e.diags, c.instance)
				if !e.diags.HasErrors() {
					p.paths.add(index, i, e)
				}
				if i == from {
					p.paths.entries = slices.Grow(p.paths.entries, (to-from)*len(p.paths.entries))
				}
			}
		})
	}
	wg.Wait()
	var all repeated
	for i := range parts {
		all.merge(&parts[i].repeated)
		paths.entries = append(paths.entries, parts[i].paths.entries...)
	}
	l.diags = append(l.diags, all.diagnostics()...)
}

// repeated collects diagnostics of many instances: of those about one place the
// first is kept, and how many there were.
type repeated struct {
	first []*repeat
	at    map[repeatKey]*repeat
}

type repeatKey struct {
	subject  hcl.Range
	severity hcl.DiagnosticSeverity
}

type repeat struct {
	key      repeatKey
	diag     *hcl.Diagnostic
	instance string // first
	count    int
}

func (r *repeated) add(diags hcl.Diagnostics, instance string) {
	for i, d := range diags {
		key := repeatKey{severity: d.Severity}
		if d.Subject != nil {
			key.subject = *d.Subject
		}
		if slices.ContainsFunc(diags[:i], func(o *hcl.Diagnostic) bool {
			return o.Subject != nil && *o.Subject == key.subject && o.Severity == key.severity
		}) {
			continue // count an instance once
		}
		r.put(&repeat{key: key, diag: d, instance: instance, count: 1})
	}
}

func (r *repeated) put(x *repeat) {
	if old := r.at[x.key]; old != nil {
		old.count += x.count
		return
	}
	if r.at == nil {
		r.at = make(map[repeatKey]*repeat)
	}
	r.at[x.key] = x
	r.first = append(r.first, x)
}

func (r *repeated) merge(other *repeated) {
	for _, x := range other.first {
		r.put(x)
	}
}

func (r *repeated) diagnostics() hcl.Diagnostics {
	var out hcl.Diagnostics
	for _, x := range r.first {
		d := *x.diag
		where := fmt.Sprintf("For instance %q", x.instance)
		if x.count > 1 {
			where += fmt.Sprintf(" and %s", more(x.count-1))
		}
		if d.Detail != "" {
			d.Detail += "\n"
		}
		d.Detail += where + "."
		out = append(out, &d)
	}
	return out
}

func more(n int) string {
	if n == 1 {
		return "1 more"
	}
	return fmt.Sprintf("%d more", n)
}
