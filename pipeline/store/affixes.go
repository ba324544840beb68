package store

import "strings"

// affixes are what is around a name in a numbered text that has it once: most texts
// of a stage differ in the name of their instance alone, and are told by comparing.
type affixes struct {
	before, after string
	id            uint32 // of the text, where a mark stands for the name
	known         bool
}

// affixesOf takes apart a text with marks in the place of names. It is none of one
// with several.
func affixesOf(marked, mark string, id uint32) affixes {
	before, after, ok := strings.Cut(marked, mark)
	if !ok || strings.Contains(after, mark) {
		return affixes{}
	}
	return affixes{before, after, id, true}
}

// fit reports whether the text is this one for that name.
func (a *affixes) fit(text, name string) bool {
	if !a.known || len(text) != len(a.before)+len(name)+len(a.after) {
		return false
	}
	rest, ok := strings.CutPrefix(text, a.before)
	return ok && rest[:len(name)] == name && rest[len(name):] == a.after
}
