package llm

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Lost compares an earlier export with the one that is to take its place: how
// many answers the earlier one holds, and how many of those the new one lacks.
// A line that does not read counts as an answer, and is lost unless the new one
// has it to the byte: nobody knows what is in it.
func Lost(earlier, renewed io.Reader) (held, lost int, err error) {
	have := map[string]bool{}
	if err := eachLine(renewed, func(b []byte) { have[identity(b)] = true }); err != nil {
		return 0, 0, err
	}
	err = eachLine(earlier, func(b []byte) {
		held++
		if !have[identity(b)] {
			lost++
		}
	})
	return held, lost, err
}

// identity is the digest that a line was written with, or the line itself.
func identity(b []byte) string {
	var l line
	if json.Unmarshal(b, &l) == nil && l.Sum != "" && l.Sum == l.sum() {
		return l.Sum
	}
	return string(b)
}

// eachLine calls f with every line that is not blank, without its end.
func eachLine(r io.Reader, f func([]byte)) error {
	br := bufio.NewReader(r)
	for {
		b, err := br.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if b = bytes.TrimSpace(b); len(b) > 0 {
			f(b)
		}
		if err != nil {
			return nil
		}
	}
}
