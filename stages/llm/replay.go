package llm

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"
	"unicode/utf8"
)

// A line is one recorded answer as Export writes it: all that reading it again
// needs, and nothing of the server's private headers.
type line struct {
	Version  int       `json:"version"`
	Question string    `json:"question"` // key
	Request  string    `json:"request"`  // key
	Round    int       `json:"round"`
	Step     int       `json:"step"`
	Kind     string    `json:"kind"`
	Provider string    `json:"provider"`
	Model    string    `json:"model"`
	Program  string    `json:"program,omitempty"`
	Sent     time.Time `json:"sent"`
	Received time.Time `json:"received"`
	Prompt   string    `json:"prompt"` // the request's body
	Status   int       `json:"status"`
	Type     string    `json:"content_type,omitempty"`
	Body     string    `json:"body,omitempty"`
	Bytes    []byte    `json:"body_base64,omitempty"` // instead of Body where that is not UTF-8
	Sum      string    `json:"sha256"`                // of the fields above
}

const lineVersion = 1

func (l *line) sum() string {
	h := framed{sha256.New()}
	h.int("version", int64(l.Version))
	h.str("question", l.Question)
	h.str("request", l.Request)
	h.int("round", int64(l.Round))
	h.int("step", int64(l.Step))
	h.str("kind", l.Kind)
	h.str("provider", l.Provider)
	h.str("model", l.Model)
	h.str("program", l.Program)
	h.int("sent", l.Sent.UnixMilli())
	h.int("received", l.Received.UnixMilli())
	h.str("prompt", l.Prompt)
	h.int("status", int64(l.Status))
	h.str("content type", l.Type)
	h.str("body", l.Body)
	h.bytes("bytes", l.Bytes)
	return hex.EncodeToString(h.Sum(nil))
}

const selectAll = `SELECT a.id, a.question, a.request, a.round, a.step, a.kind, a.provider, a.model, a.program, a.sent, a.prompt, a.reserved, a.sum,
  r.received, r.status, r.header, r.body, r.complete, r.error, r.sum
FROM attempts a JOIN responses r ON r.attempt = a.id WHERE r.complete = 1 AND r.status BETWEEN 200 AND 299 ORDER BY a.id`

// Export writes every recorded answer as a JSON line, of the named providers or
// of all, oldest first, and returns how many there are. A client with the file
// as its Replay gives the same replies without sending anything. No key is in
// it: none is in the journal, and what looks like one is taken out once more.
func (j *Journal) Export(ctx context.Context, w io.Writer, providers ...string) (int, error) {
	rows, err := j.r.QueryContext(ctx, selectAll)
	if err != nil {
		return 0, j.readError(ctx, err)
	}
	defer rows.Close()
	n := 0
	none := newRedactor("")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for rows.Next() {
		var a intent
		r := recorded{}
		var id, sent, reserved, recv int64
		var sumA, sumR []byte
		var header string
		if err := rows.Scan(&id, &a.question, &a.request, &a.round, &a.step, &a.kind, &a.provider, &a.model, &a.program, &sent, &a.prompt, &reserved, &sumA,
			&recv, &r.resp.status, &header, &r.resp.body, &r.resp.complete, &r.resp.err, &sumR); err != nil {
			return n, j.readError(ctx, err)
		}
		a.sent, a.reserved = time.UnixMilli(sent), money(reserved)
		r.resp.attempt, r.resp.received = id, time.UnixMilli(recv)
		if !bytes.Equal(sumA, a.sum()) || !bytes.Equal(sumR, r.resp.sum(a.question, header)) {
			continue // damaged, as for every reader
		}
		if err := json.Unmarshal([]byte(header), &r.resp.header); err != nil {
			return n, &JournalError{j.path, "read", err}
		}
		if !r.isAnswer() || len(providers) > 0 && !slices.Contains(providers, a.provider) {
			continue
		}
		l := line{
			Version: lineVersion, Question: a.question, Request: a.request, Round: a.round, Step: a.step, Kind: a.kind,
			Provider: a.provider, Model: a.model, Program: a.program, Sent: a.sent.UTC(), Received: r.resp.received.UTC(),
			Prompt: none.string(string(a.prompt)), Status: r.resp.status, Type: r.resp.header.Get("Content-Type"),
		}
		if body := none.bytes(r.resp.body); utf8.Valid(body) {
			l.Body = string(body)
		} else {
			l.Bytes = body
		}
		l.Sum = l.sum()
		if err := enc.Encode(l); err != nil {
			return n, fmt.Errorf("writing the exported journal: %w", err)
		}
		n++
	}
	if err := rows.Err(); err != nil {
		return n, j.readError(ctx, err)
	}
	return n, nil
}

// A recording is the answers of an exported journal, by question: those of the
// newest round of each, as a journal gives them.
type recording map[string][]recorded

func readRecording(path string) (recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	defer f.Close()
	out := recording{}
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		b, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("replay: %s: %w", path, err)
		}
		if len(bytes.TrimSpace(b)) > 0 {
			rec, q, lerr := readLine(b, int64(n))
			if lerr != nil {
				return nil, fmt.Errorf("replay: %s:%d: %w", path, n, lerr)
			}
			have := out[q]
			switch {
			case len(have) > 0 && have[0].round > rec.round:
			case len(have) > 0 && have[0].round < rec.round:
				out[q] = []recorded{rec}
			default:
				out[q] = append(have, rec)
			}
		}
		if err != nil {
			return out, nil
		}
	}
}

func readLine(b []byte, n int64) (recorded, string, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return recorded{}, "", fmt.Errorf("not a line of an exported journal: %w", err)
	}
	if l.Version != lineVersion {
		return recorded{}, "", fmt.Errorf("version %d; this program reads version %d", l.Version, lineVersion)
	}
	if l.Sum != l.sum() {
		return recorded{}, "", errors.New("the line does not have the digest it was written with; export the journal again")
	}
	r := recorded{
		id: n, round: l.Round, step: l.Step, kind: l.Kind, sent: l.Sent, prompt: []byte(l.Prompt), settled: true,
		resp: response{attempt: n, received: l.Received, status: l.Status, header: http.Header{}, body: []byte(l.Body), complete: true},
	}
	if l.Bytes != nil {
		r.resp.body = l.Bytes
	}
	if l.Type != "" {
		r.resp.header.Set("Content-Type", l.Type)
	}
	return r, l.Question, nil
}
