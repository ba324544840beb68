package llmtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// A Record is one line of a recording: a question's equation, and the text that
// a model gave or the error that a server gave.
type Record struct {
	Instance string       `json:"instance"`
	Equation string       `json:"equation"`
	Asked    string       `json:"asked,omitempty"` // what the earlier prompt asked about
	Text     string       `json:"text,omitempty"`
	Finish   string       `json:"finish_reason,omitempty"`
	Usage    Usage        `json:"usage"`
	Model    string       `json:"model,omitempty"`
	Error    *RecordError `json:"error,omitempty"`
}

// Usage counts a record's tokens.
type Usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

// A RecordError is a refusal of the server.
type RecordError struct {
	Status  int    `json:"http_status"`
	Message string `json:"message"`
}

// ReadRecording reads a file of records, one JSON object a line.
func ReadRecording(path string) ([]Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []Record
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 16<<20)
	for n := 1; sc.Scan(); n++ {
		if strings.TrimSpace(sc.Text()) == "" {
			continue
		}
		var r Record
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if r.Equation == "" {
			return nil, fmt.Errorf("%s:%d: a record needs an equation to be found by", path, n)
		}
		out = append(out, r)
	}
	return out, sc.Err()
}

// match returns the record with the longest equation that stands in the prompt
// word for word, nil when none does.
func match(recs []Record, prompt string) *Record {
	var best *Record
	for i := range recs {
		r := &recs[i]
		if (best == nil || len(r.Equation) > len(best.Equation)) && strings.Contains(prompt, r.Equation) {
			best = r
		}
	}
	return best
}
