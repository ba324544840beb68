package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/concluder/concluder/pipeline"
)

// pattern is an error with the instance's name taken out, so that the errors
// of many instances that fail for one reason are the same.
func pattern(err, instance string) string {
	if instance == "" {
		return err
	}
	var b strings.Builder
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for at := 0; ; {
		i := strings.Index(err[at:], instance)
		if i < 0 {
			b.WriteString(err[at:])
			return b.String()
		}
		b.WriteString(err[at : at+i])
		at += i
		last, _ := utf8.DecodeLastRuneInString(err[:at])
		next, _ := utf8.DecodeRuneInString(err[at+len(instance):])
		if word(last) || word(next) {
			b.WriteString(instance) // a part of another word
		} else {
			b.WriteString("…")
		}
		at += len(instance)
	}
}

// repeats is how many failures that are alike are printed one by one; where
// there are more, the end of the run counts them.
const repeats = 2

// mostPatterns bounds what is remembered of failures that are all different.
const mostPatterns = 1000

// failedAlike are nodes of a stage whose errors are the same but for the
// instance's name.
type failedAlike struct {
	stage    *pipeline.Stage
	count    int
	instance string // the first
	err      string // of that
}

// explainAlike says once what more than a few nodes failed of.
func explainAlike(w io.Writer, out *pipeline.Outcome, file string) {
	if out.Failed <= repeats {
		return
	}
	type key struct{ stage, pattern string }
	groups := map[key]*failedAlike{}
	var order []*failedAlike
	nodes := map[*pipeline.Stage]int{}
	for n := range out.Results {
		if !n.Selected {
			continue
		}
		nodes[n.Stage]++
		if n.State != pipeline.Failed {
			continue
		}
		k := key{n.Stage.Address(), pattern(n.Error, n.Instance)}
		g := groups[k]
		switch {
		case g != nil:
			g.count++
		case len(groups) < mostPatterns:
			g = &failedAlike{stage: n.Stage, count: 1, instance: n.Instance, err: n.Error}
			groups[k] = g
			order = append(order, g)
		}
	}
	for _, g := range order {
		if g.count <= repeats {
			continue
		}
		all := nodes[g.stage]
		of := fmt.Sprintf("%d of %d nodes", g.count, all)
		if g.count == all {
			of = fmt.Sprintf("all %d nodes", all)
		}
		fmt.Fprintf(w, "%s of %s failed alike, such as %s: %s\n", of, g.stage.Address(), g.instance, g.err)
		if g.count == all {
			fmt.Fprintf(w, "the cause is most likely the stage itself, %s:%d; once it is mended, run again: no answer of a model is lost\n", file, g.stage.DefRange.Start.Line)
		}
	}
}
