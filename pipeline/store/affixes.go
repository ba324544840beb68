package store

import "strings"

// affixes are what is around a name in a numbered text that has it once: most texts
// of a stage differ in the name of their instance alone, and are told by comparing.
// A name may also be in what is around it: how a text is marked depends on those
// before it, what the marks stand for does not.
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
	return a.known && len(text) == len(a.before)+len(name)+len(a.after) &&
		strings.HasPrefix(text, a.before) && strings.HasSuffix(text, a.after) &&
		text[len(a.before):len(text)-len(a.after)] == name
}
