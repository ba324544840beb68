package main

import (
	"encoding/json"
	"io"

	"github.com/concluder/concluder/pipeline"
)

// eventWriter writes events as JSON lines. It remembers the first error, since
// a run does not end because nobody reads its events.
type eventWriter struct {
	w   io.Writer
	err error
}

func (ew *eventWriter) write(e pipeline.Event) {
	if ew.err != nil {
		return
	}
	b, err := json.Marshal(e)
	if err == nil {
		_, err = ew.w.Write(append(b, '\n'))
	}
	ew.err = err
}
