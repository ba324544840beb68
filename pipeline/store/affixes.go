package store

import "strings"

// affixes are what is around a name in a numbered text that has it once: most texts
// of a stage differ in the name of their instance alone, and are told by comparing.
type affixes struct {
	before, after string
	id            uint32 // of the text, where a mark stands for the name
	known         bool
}

// affixesOf takes apart a text with a mark in the place of the name. One with several
// fits no text, since none has marks in it.
func affixesOf(marked, mark string, id uint32) affixes {
	before, after, ok := strings.Cut(marked, mark)
	return affixes{before, after, id, ok}
}

// fit reports whether the text is this one for that name.
func (a *affixes) fit(text, name string) bool {
	if !a.known || len(text) != len(a.before)+len(name)+len(a.after) {
		return false
	}
	rest, ok := strings.CutPrefix(text, a.before)
	return ok && rest[:len(name)] == name && rest[len(name):] == a.after
}
