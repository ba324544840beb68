package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// didYouMean returns a sentence that offers the nearest of candidates, or "".
// Prefix is written before it: "local.".
func didYouMean(name string, candidates []string, prefix string) string {
	if near := nearest(name, candidates); near != "" {
		return fmt.Sprintf("Did you mean %q?", prefix+near)
	}
	return ""
}

// nearest returns the candidate that name most likely stands for, or "" where
// none is near. Of several equally near it takes the first in sorted order, so
// that equal files get equal messages.
func nearest(name string, candidates []string) string {
	best, bestAt := "", -1
	lower := strings.ToLower(name)
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if c == name {
			continue
		}
		d := distance(lower, strings.ToLower(c))
		// About a third of the letters may differ; of a short name one.
		if d > max(1, (min(len(name), len(c))+1)/3) {
			continue
		}
		if bestAt < 0 || d < bestAt {
			best, bestAt = c, d
		}
	}
	return best
}

// distance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// listed writes up to a few names for "declared: a, b, c".
func listed(names []string) string {
	const most = 8
	s := slices.Sorted(slices.Values(names))
	if len(s) > most {
		return strings.Join(s[:most], ", ") + fmt.Sprintf(" and %d more", len(s)-most)
	}
	return strings.Join(s, ", ")
}

// orList joins words as people do: "a, b or c".
func orList(words []string) string {
	return joinWords(words, " or ")
}

// andList joins words as people do: "a, b and c".
func andList(words []string) string {
	return joinWords(words, " and ")
}

func joinWords(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + last + words[len(words)-1]
}

// sortedKeys returns the keys of a map, sorted, for suggestions.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
