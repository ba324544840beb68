package llm

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// An envelope is a chat completion, as far as it is used. It is read by hand,
// since servers differ in ways that the library's types do not forgive:
// contents in parts, numbers as strings, null where a list is due.
type envelope struct {
	choices     int
	text        string
	reasoning   string // hidden reasoning that some servers return beside the text
	refusal     string
	finish      string // in OpenAI's words; "" where the server gave none
	model       string
	fingerprint string
	usage       Usage
	hasUsage    bool
}

// An opened response is the envelope in it, or why it holds none.
type opened struct {
	envelope
	verdict Verdict // "" for a chat completion
	detail  string
}

// openBody reads a complete 2xx response. It is done once for each: a response is
// classed and its answer read from the same envelope.
func openBody(h http.Header, body []byte) opened {
	e, v, detail := readEnvelope(h, body)
	return opened{e, v, detail}
}

// answers reports whether the response is an answer of the model. An error
// inside a 200, or a page of a proxy, is not: it is tried again.
func (o *opened) answers(body []byte) bool {
	switch o.verdict {
	case "":
		return true
	case NoChoices:
		_, failed := errorIn(body)
		return !failed && (o.hasUsage || o.model != "" || strings.Contains(string(body), `"choices"`))
	}
	return false
}

// readEnvelope reads a complete 2xx response. A verdict other than "" says that
// it is no chat completion.
func readEnvelope(h http.Header, body []byte) (envelope, Verdict, string) {
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(body, &outer); err != nil {
		if ct, _, _ := mime.ParseMediaType(h.Get("Content-Type")); ct != "" && ct != "application/json" && !strings.HasSuffix(ct, "+json") {
			return envelope{}, BadContentType, fmt.Sprintf("the response is %s, not JSON: %s", ct, clip(strings.Join(strings.Fields(string(body)), " "), 120))
		}
		return envelope{}, BadEnvelope, fmt.Sprintf("the response is not a JSON object: %v", err)
	}
	e := envelope{model: text(outer["model"]), fingerprint: text(outer["system_fingerprint"])}
	e.usage, e.hasUsage = readUsage(outer["usage"])
	var choices []map[string]json.RawMessage
	if raw := outer["choices"]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &choices); err != nil {
			return e, BadEnvelope, "choices is not a list of objects"
		}
	}
	e.choices = len(choices)
	if len(choices) == 0 {
		return e, NoChoices, "the response has no choices"
	}
	c := choices[0]
	e.finish = finishReason(text(c["finish_reason"]))
	var msg map[string]json.RawMessage
	if err := json.Unmarshal(c["message"], &msg); err != nil || msg == nil {
		return e, BadEnvelope, "choices[0].message is not an object"
	}
	e.text = contentText(msg["content"])
	e.refusal = text(msg["refusal"])
	for _, name := range []string{"reasoning_content", "reasoning"} {
		if e.reasoning == "" {
			e.reasoning = text(msg[name])
		}
	}
	// No model writes without reading a token: such a server counted nothing.
	if e.usage == (Usage{}) && e.text+e.reasoning != "" {
		e.hasUsage = false
	}
	return e, "", ""
}

// finishReason maps what servers say to OpenAI's words.
func finishReason(s string) string {
	switch strings.ToLower(s) {
	case "stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete":
		return "stop"
	case "length", "max_tokens", "max_length", "model_length":
		return "length"
	case "content_filter", "safety", "recitation", "blocklist", "prohibited_content":
		return "content_filter"
	}
	return strings.ToLower(s)
}

// contentText takes a string, or the text of a list of parts.
func contentText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var parts []struct{ Text string }
	if json.Unmarshal(raw, &parts) == nil {
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(p.Text)
		}
		return b.String()
	}
	return ""
}

// readUsage counts hidden reasoning as output, as it is billed: some servers
// leave it out of completion_tokens, but not out of the total.
func readUsage(raw json.RawMessage) (Usage, bool) {
	var u struct {
		Prompt     *float64 `json:"prompt_tokens"`
		Completion *float64 `json:"completion_tokens"`
		Total      *float64 `json:"total_tokens"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &u) != nil || u.Prompt == nil && u.Completion == nil {
		return Usage{}, false
	}
	get := func(p *float64) int {
		const most = 1 << 40
		if p == nil || !(*p >= 0 && *p < most) {
			return 0
		}
		return int(*p)
	}
	got := Usage{Input: get(u.Prompt), Output: get(u.Completion)}
	if rest := get(u.Total) - got.Input; rest > got.Output {
		got.Output = rest
	}
	return got, true
}
