package main

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/concluder/concluder/pipeline"
	"github.com/concluder/concluder/stages"
)

// eventWriter writes events as JSON lines. It remembers the first error, since
// a run does not end because nobody reads its events. It is safe for
// concurrent use.
type eventWriter struct {
	mu   sync.Mutex
	w    io.Writer
	err  error
	last []byte // the last providers line, without its time
}

func (ew *eventWriter) write(e pipeline.Event) {
	ew.mu.Lock()
	defer ew.mu.Unlock()
	ew.line(e)
}

func (ew *eventWriter) line(v any) {
	if ew.err != nil {
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if ew.err = enc.Encode(v); ew.err == nil {
		_, ew.err = ew.w.Write(b.Bytes())
	}
}

// A providersEvent says what was sent so far.
type providersEvent struct {
	Event     string                  `json:"event"`
	Time      time.Time               `json:"time"`
	Providers map[string]stages.Spent `json:"providers"`
}

// providers writes what was sent so far, unless nothing changed.
func (ew *eventWriter) providers(spent map[string]stages.Spent) {
	if len(spent) == 0 {
		return
	}
	ew.mu.Lock()
	defer ew.mu.Unlock()
	now, err := json.Marshal(spent)
	if err != nil || bytes.Equal(now, ew.last) {
		return
	}
	ew.last = now
	ew.line(providersEvent{"providers", time.Now(), spent})
}
