package llm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
)

// requestVersion is part of every request key.
const requestVersion = "concluder request 1"

// A request is one call of the chat API, ready to be sent.
type request struct {
	body []byte // canonical JSON: keys sorted, no spaces
	key  string // hex SHA-256 of what it asks for
	mode outputMode
	cap  int    // tokens
	name string // of the cap's parameter

	promptBytes int // of messages and schema: no tokenizer makes more tokens than bytes
}

// A requestBody is what is sent. Its fields stand in the order of their names,
// so that the bytes are those of a map.
type requestBody struct {
	MaxCompletionTokens int             `json:"max_completion_tokens,omitempty"`
	MaxTokens           int             `json:"max_tokens,omitempty"`
	Messages            []message       `json:"messages"`
	Model               string          `json:"model"`
	ResponseFormat      json.RawMessage `json:"response_format,omitempty"`
	Seed                *int            `json:"seed,omitempty"`        // 0 is sent
	Temperature         *float64        `json:"temperature,omitempty"` // 0 is sent
}

// request builds the body itself, because the library leaves out a temperature
// of 0, and its JSON changes between versions.
func (c Config) request(m []message, mode outputMode, capName string, maxTokens int) (request, error) {
	body := requestBody{Messages: m, Model: c.Model, ResponseFormat: mode.responseFormat(), Seed: c.Seed, Temperature: c.Temperature}
	if capName == capMaxCompletionTokens {
		body.MaxCompletionTokens = maxTokens
	} else {
		body.MaxTokens = maxTokens
	}
	r := request{mode: mode, cap: maxTokens, name: capName, promptBytes: len(body.ResponseFormat)}
	for _, x := range m {
		r.promptBytes += len(x.Content) + 16 // 16: more than any template adds to a message
	}
	// Without HTML escapes, so that an equation stands verbatim in the bytes too.
	var b bytes.Buffer
	b.Grow(r.promptBytes + r.promptBytes/8 + 512)
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return request{}, fmt.Errorf("building a request: %w", err)
	}
	r.body = bytes.TrimRight(b.Bytes(), "\n")
	h := framed{sha256.New()}
	h.str("version", requestVersion)
	h.str("provider", c.Name)
	h.str("revision", c.Revision)
	h.bytes("body", r.body)
	r.key = hex.EncodeToString(h.Sum(nil))
	return r, nil
}

// worst is the most that a request can cost: a token for every byte of the
// prompt, and the whole cap.
func (c Config) worst(r request) money { return c.Price.cost(r.promptBytes, r.cap) }

// likely estimates a prompt's tokens: English and JSON run at about 3.5 bytes a
// token with the tokenizers in use, digits below that.
func (r request) likely() int { return r.promptBytes/3 + 1 }

// capName is the parameter that a model's server most likely wants.
func capName(model string) string {
	for _, p := range []string{"o1", "o3", "o4", "gpt-5"} {
		if len(model) >= len(p) && model[:len(p)] == p {
			return capMaxCompletionTokens
		}
	}
	return capMaxTokens
}

func hostOf(base string) string {
	if u, err := url.Parse(base); err == nil {
		return u.Host
	}
	return "the server"
}
