package llmtest

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// An errorBody is what OpenAI puts under "error".
type errorBody struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Param   string `json:"param,omitempty"`
	Code    string `json:"code,omitempty"`
}

func writeError(w http.ResponseWriter, status int, e errorBody) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"error": e})
}

// A completion is a response before it is written.
type completion struct {
	id          string
	model       string
	text        string
	reasoning   string
	refusal     string
	finish      string
	prompt, out int // tokens
	total       int // 0 for the sum
	noUsage     bool
	noChoices   bool
	header      http.Header
}

func (c completion) encode() []byte {
	msg := map[string]any{"role": "assistant", "content": c.text}
	if c.reasoning != "" {
		msg["reasoning_content"] = c.reasoning
	}
	if c.refusal != "" {
		msg["content"], msg["refusal"] = nil, c.refusal
	}
	doc := map[string]any{
		"id": c.id, "object": "chat.completion", "created": 1700000000, "model": c.model, "system_fingerprint": "fp_llmtest",
		"choices": []any{map[string]any{"index": 0, "message": msg, "finish_reason": c.finish}},
	}
	if c.noChoices {
		doc["choices"] = nil
	}
	if !c.noUsage {
		total := c.total
		if total == 0 {
			total = c.prompt + c.out
		}
		doc["usage"] = map[string]any{"prompt_tokens": c.prompt, "completion_tokens": c.out, "total_tokens": total}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err) // only strings and numbers
	}
	return b
}

// write sends the completion, b its encoding. Without a length, so that no
// client has the end of it before the handler is back and the log says so.
func (c completion) write(w http.ResponseWriter, b []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	for k, v := range c.header {
		h[k] = v
	}
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(b)
	return err
}

// completion is the server's answer to a request when nothing goes wrong.
func (s *Server) completion(chat chatRequest, rec *Record, req Request) completion {
	c := completion{id: "chatcmpl-" + req.Digest[:12], model: chat.Model, finish: "stop", prompt: len(req.Prompt)/4 + 1}
	if s.cfg.Model != "" {
		c.model = s.cfg.Model
	}
	if rec != nil && rec.Error == nil {
		c.text, c.finish = rec.Text, rec.Finish
		if rec.Model != "" {
			c.model = rec.Model
		}
		c.prompt, c.out, c.total = rec.Usage.Prompt, rec.Usage.Completion, rec.Usage.Total
		return c
	}
	c.text = own(req.Prompt)
	c.out = len(c.text)/4 + 1
	return c
}
